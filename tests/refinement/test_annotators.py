import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_val_score
from sklearn.naive_bayes import GaussianNB

from sklearn_slr import SLRClassifier
from sklearn_slr.refinement import AnnotatorRefinement

X, TRUE = load_iris(return_X_y=True)
rng = np.random.default_rng(0)
ANSWERS = np.column_stack([TRUE, np.where(rng.random(150) < 0.3, (TRUE + 1) % 3, TRUE)])
ANSWERS = np.column_stack([ANSWERS, rng.integers(3, size=150)])
ANSWERS[rng.random((150, 3)) < 0.3] = -1


def slr(**parameters):
    return SLRClassifier(GaussianNB(), refinement="annotators", random_state=0, **parameters)


def test_learned_attributes():
    fitted = slr().fit(X, ANSWERS)
    for rows in (*fitted.confusion_matrices_, fitted.noise_matrix_, fitted.refined_labels_):
        assert np.allclose(rows.sum(axis=1), 1)
        assert rows.min() >= 0
    given = ANSWERS[:, 0] >= 0
    right = fitted.refined_labels_[given, ANSWERS[given, 0]].mean()
    assert np.isclose(fitted.annotator_quality_[0], right)
    good, fair, guess = fitted.annotator_quality_
    assert good > 0.9 > 0.8 > fair > 0.55 > 0.45 > guess
    assert fitted.temperature_ > 0
    unanswered = (ANSWERS < 0).all(axis=1)
    assert unanswered.any()
    assert np.array_equal(fitted.observed_labels_ < 0, unanswered)
    assert np.all(fitted.label_quality_[unanswered] == 1)
    assert not fitted.label_issues_[unanswered].any()
    assert (fitted.refined_labels_.argmax(axis=1) == TRUE).mean() > 0.93
    assert fitted.predict(X).dtype == TRUE.dtype


def test_a_step_by_hand():
    # One annotator; by the first labels its answers are right, right and wrong.
    answers = np.array([[0], [1], [1], [-1]])
    labels = np.array([[1.0, 0], [0, 1], [1, 0], [0, 1]])
    P, weight = np.array([[0.6, 0.4], [0.5, 0.5], [0.3, 0.7], [0.2, 0.8]]), np.array([1.0, 2, 1, 4])
    step = AnnotatorRefinement(temperature=0.5, prior=2.0, n_iter=1)
    refined, learned = step.refine(answers, labels, P, round=1, sample_weight=weight)
    pooled = np.array([[1.55 / 2.6, 1.05 / 2.6], [0.05 / 2.6, 2.55 / 2.6]])
    T = (np.array([[1.0, 1], [0, 2]]) + 2 * pooled) / [[4.0], [4.0]]
    joint = P**2 * np.array([T[:, 0], T[:, 1], T[:, 1], [1, 1]])
    expected = joint / joint.sum(axis=1, keepdims=True)
    assert np.allclose(learned["noise_matrix_"], pooled)
    assert np.allclose(learned["confusion_matrices_"], [T])
    assert np.allclose(refined, expected)
    right = weight[:3] @ [expected[0, 0], expected[1, 1], expected[2, 1]] / 4
    assert np.allclose(learned["annotator_quality_"], right)
    assert learned["temperature_"] == 0.5


def test_training_targets_are_smoothed():
    targets = AnnotatorRefinement(smoothing=0.2).training_targets(np.array([[1.0, 0, 0, 0]]))
    assert np.allclose(targets, [[0.85, 0.05, 0.05, 0.05]])


@pytest.mark.parametrize(
    ("name", "bad", "extreme"),
    [("temperature", 0, 1e-3), ("prior", 0, 1e-3), ("n_iter", 0, 1), ("smoothing", 1, 0)],
)
def test_bad_parameters_are_refused(name, bad, extreme):
    L = np.array([[0.5, 0.5]])
    for value in (bad, -1):
        step = AnnotatorRefinement(**{name: value})
        with pytest.raises(ValueError, match=f"'{name}' parameter.* Got {value}"):
            step.refine(np.array([[0]]), L, L, round=1)
    refined, _ = AnnotatorRefinement(**{name: extreme}).refine(np.array([[0]]), L, L, round=1)
    assert refined[0, 0] > 0.5


def test_permuting_annotators_permutes_their_matrices():
    order = [2, 0, 1]
    fitted, permuted = slr().fit(X, ANSWERS), slr().fit(X, ANSWERS[:, order])
    assert np.allclose(permuted.confusion_matrices_, fitted.confusion_matrices_[order])
    assert np.allclose(permuted.annotator_quality_, fitted.annotator_quality_[order])
    assert np.allclose(permuted.refined_labels_, fitted.refined_labels_)


def test_it_corrects_more_labels_than_a_majority_vote():
    fitted = slr().fit(X, ANSWERS)
    known = fitted.observed_labels_ >= 0
    vote = (fitted.observed_labels_ == TRUE)[known].mean()
    assert (fitted.refined_labels_.argmax(axis=1) == TRUE)[known].mean() > vote + 0.08


@pytest.mark.parametrize(
    "encode",
    [
        lambda table: pd.DataFrame(table, columns=["a", "b", "c"]),
        lambda table: np.where(table < 0, np.nan, table),
        lambda table: pd.DataFrame(np.where(table < 0, np.nan, table)).astype("Int64"),
        lambda table: np.where(table < 0, None, table.astype(object)),
        lambda table: table.tolist(),
    ],
    ids=["frame", "nan", "nullable", "none", "list"],
)
def test_gaps_of_any_type(encode):
    expected = slr(n_rounds=1).fit(X, ANSWERS)
    got = slr(n_rounds=1).fit(X, encode(ANSWERS))
    assert np.array_equal(got.classes_, [0, 1, 2])
    assert np.array_equal(got.refined_labels_, expected.refined_labels_)


def test_string_answers():
    names = np.array(["none", "setosa", "versicolor", "virginica"], dtype=object)
    table = names[ANSWERS + 1]
    table[ANSWERS < 0] = None
    fitted = slr().fit(X, table)
    assert fitted.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert np.array_equal(fitted.refined_labels_, slr().fit(X, ANSWERS).refined_labels_)


def test_labels_of_one_dimension_are_those_of_one_annotator():
    labels = np.where(ANSWERS[:, 1] < 0, TRUE, ANSWERS[:, 1])
    one, table = (slr().fit(X, y) for y in (labels, labels[:, None]))
    assert np.array_equal(one.refined_labels_, table.refined_labels_)
    assert np.array_equal(one.confusion_matrices_, table.confusion_matrices_)


def test_matrices_are_the_shrunken_counts_of_the_refined_labels():
    many = AnnotatorRefinement(n_iter=500)
    fitted = slr(n_rounds=1).set_params(refinement=many).fit(X, ANSWERS)
    answered = np.eye(3)[ANSWERS] * (ANSWERS >= 0)[:, :, None]
    counts = np.einsum("ic,iaj->acj", fitted.refined_labels_, answered)
    pooled = counts.sum(axis=0) + 0.5 * np.eye(3) + 0.05
    pooled /= pooled.sum(axis=1, keepdims=True)
    expected = counts + many.prior * pooled
    assert np.allclose(fitted.noise_matrix_, pooled)
    assert np.allclose(fitted.confusion_matrices_, expected / expected.sum(axis=2, keepdims=True))


def test_score_accepts_tables_and_labels():
    fitted = slr().fit(X, ANSWERS)
    known = fitted.observed_labels_ >= 0
    right = fitted.predict(X) == fitted.classes_[fitted.observed_labels_]
    assert np.isclose(fitted.score(X, ANSWERS), right[known].mean())
    assert fitted.score(X, TRUE) > 0.9
    weight = np.arange(150.0)
    assert np.isclose(
        fitted.score(X, ANSWERS, sample_weight=weight),
        np.average(right[known], weights=weight[known]),
    )


def test_model_selection():
    cv = KFold(3, shuffle=True, random_state=0)
    search = GridSearchCV(slr(n_rounds=1), {"estimator__var_smoothing": [1e-9, 100.0]}, cv=cv)
    search.set_params(estimator__refinement=AnnotatorRefinement())
    search.fit(X, ANSWERS)
    assert search.best_params_ == {"estimator__var_smoothing": 1e-9}
    assert cross_val_score(slr(n_rounds=1), X, ANSWERS, cv=cv, error_score="raise").min() > 0.5


def test_groups_and_a_clean_set():
    fitted = slr(n_rounds=2, cv=GroupKFold(5))
    fitted.fit(X, ANSWERS, groups=np.arange(150) // 3, X_val=X, y_val=TRUE)
    assert fitted.history_["valid_score"][-1] > 0.9


def test_rows_of_weight_zero_do_not_count():
    table = ANSWERS.copy()
    weight = np.ones(150)
    weight[::3] = 0
    wrong = table.copy()
    wrong[::3] = np.where(table[::3] < 0, -1, (table[::3] + 1) % 3)
    splits = [(np.arange(75, 150), np.arange(75)), (np.arange(75), np.arange(75, 150))]
    model = slr(cv=splits, n_rounds=2)
    a, b = (clone(model).fit(X, answers, sample_weight=weight) for answers in (table, wrong))
    assert np.allclose(a.confusion_matrices_, b.confusion_matrices_)
    assert np.allclose(a.predict_proba(X), b.predict_proba(X))


@pytest.mark.parametrize(
    ("answers", "error", "message"),
    [
        (np.full((150, 2), -1), ValueError, "0 class only"),
        (np.where(ANSWERS < 0, -1, 1), ValueError, "-1 mean no answer"),
        (np.where(ANSWERS < 0, np.nan, np.inf), ValueError, "infinity"),
        (np.where(ANSWERS == 1, "one", ANSWERS.astype(object)), TypeError, "cannot be sorted"),
        (ANSWERS[:, :, None], TypeError, "shape"),
    ],
)
def test_bad_tables_are_refused(answers, error, message):
    with pytest.raises(error, match=message):
        slr().fit(X, answers)


def test_other_refinements_refuse_a_table():
    with pytest.raises(TypeError, match="refinement='annotators'"):
        SLRClassifier(GaussianNB(), refinement="average").fit(X, ANSWERS)
