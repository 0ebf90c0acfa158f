import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict

from sklearn_slr import SLRRegressor
from sklearn_slr.metrics import quadratic_weighted_kappa
from sklearn_slr.ordinal import fit_thresholds

X, progression = load_diabetes(return_X_y=True)
GRADES = np.digitize(progression, [90, 140, 200]) * 2 + 1  # 1, 3, 5, 7
FOLDS = list(KFold(4, shuffle=True, random_state=0).split(X))


@pytest.mark.parametrize("estimator", [Ridge(), RandomForestRegressor(5, random_state=0)])
def test_without_rounds_it_predicts_as_the_plain_estimator(estimator):
    slr = SLRRegressor(estimator, n_rounds=0).fit(X, progression)
    plain = estimator.fit(X, progression)
    assert np.array_equal(slr.predict(X), plain.predict(X))
    assert slr.score(X, progression) == plain.score(X, progression)


def test_three_rounds_by_hand():
    slr = SLRRegressor(Ridge(), refinement="average", cv=FOLDS, n_rounds=3).fit(X, progression)
    L = progression.astype(float)
    for _ in range(3):
        P = cross_val_predict(Ridge(), X, L, cv=FOLDS)
        L = (3 * L + P) / 4
    assert np.allclose(slr.refined_labels_, L)
    assert np.allclose(slr.oof_predictions_, P)
    assert np.allclose(slr.predict(X), Ridge().fit(X, L).predict(X))
    assert np.array_equal(slr.observed_labels_, progression)
    assert slr.refined_labels_.shape == (442,)


def test_probabilities_of_grades_are_those_of_the_scores():
    slr = SLRRegressor(Ridge(), thresholds="kappa", random_state=0).fit(X, GRADES)
    proba = slr.predict_proba(X)
    assert np.allclose(proba.sum(axis=1), 1)
    order = np.argsort(slr.decision_function(X))
    assert np.all(np.diff(np.cumsum(proba, axis=1)[order, :-1], axis=0) <= 1e-12)
    shares = np.bincount(np.searchsorted(slr.grades_, GRADES)) / len(GRADES)
    assert np.allclose(proba.mean(axis=0), shares, atol=0.03)
    for thresholds in (None, "nearest", [2, 4, 6]):
        assert not hasattr(SLRRegressor(thresholds=thresholds), "predict_proba")


def test_kappa_cuts_come_from_out_of_fold_scores_of_models_of_the_refined_labels():
    slr = SLRRegressor(Ridge(), cv=FOLDS, n_rounds=2, thresholds="kappa").fit(X, GRADES)
    scores = cross_val_predict(Ridge(), X, slr.refined_labels_, cv=FOLDS)
    assert np.allclose(slr.thresholds_, fit_thresholds(scores, GRADES))
    assert slr.grades_.tolist() == [1, 3, 5, 7]
    folds = slr.set_params(final="folds").fit(X, GRADES)
    assert np.allclose(folds.thresholds_, fit_thresholds(scores, GRADES))
    mean = np.mean([e.predict(X) for e in folds.estimators_], axis=0)
    assert np.allclose(folds.decision_function(X), mean)


def test_cuts_of_the_plain_estimator_are_out_of_fold_too():
    slr = SLRRegressor(Ridge(), cv=FOLDS, n_rounds=0, thresholds="kappa").fit(X, GRADES)
    scores = cross_val_predict(Ridge(), X, GRADES, cv=FOLDS)
    assert np.allclose(slr.thresholds_, fit_thresholds(scores, GRADES))


@pytest.mark.parametrize("final", ["refit", "folds"])
def test_rows_never_held_out_have_no_part_in_the_cuts(final):
    split = [(np.arange(200, 442), np.arange(200))]
    slr = SLRRegressor(Ridge(), cv=split, n_rounds=0, thresholds="kappa", final=final)
    scores = Ridge().fit(X[200:], GRADES[200:]).predict(X[:200])
    expected = fit_thresholds(scores, GRADES[:200], grades=[1, 3, 5, 7])
    assert np.allclose(slr.fit(X, GRADES).thresholds_, expected)


def test_predictions_are_observed_grades_of_the_same_kind():
    slr = SLRRegressor(n_rounds=1, thresholds="kappa", random_state=0).fit(X, GRADES)
    predicted = slr.predict(X)
    assert predicted.dtype == GRADES.dtype
    assert set(predicted) <= set(GRADES)
    below = (slr.decision_function(X)[:, None] >= slr.thresholds_).sum(axis=1)
    assert np.array_equal(predicted, slr.grades_[below])
    assert slr.score(X, GRADES) == quadratic_weighted_kappa(GRADES, predicted)
    assert np.all(np.diff(slr.thresholds_) >= 0)


def test_given_and_nearest_cuts():
    given = SLRRegressor(thresholds=[2, 4, 6.5], random_state=0).fit(X, GRADES)
    assert given.thresholds_.tolist() == [2, 4, 6.5]
    nearest = SLRRegressor(n_rounds=0, thresholds="nearest").fit(X, GRADES)
    assert nearest.thresholds_.tolist() == [2, 4, 6]
    with pytest.warns(UserWarning, match="thresholds='nearest' with n_rounds > 0"):
        SLRRegressor(n_rounds=1, thresholds="nearest").fit(X, GRADES)


def test_a_score_is_there_only_with_thresholds():
    assert not hasattr(SLRRegressor(), "decision_function")
    assert hasattr(SLRRegressor(thresholds="kappa"), "decision_function")


def test_quality_finds_wrong_grades():
    wrong = np.arange(0, 442, 11)
    noisy = progression.copy()
    noisy[wrong] += 250
    slr = SLRRegressor(random_state=0).fit(X, noisy)
    assert np.all((slr.label_quality_ >= 0) & (slr.label_quality_ <= 1))
    assert set(np.argsort(slr.label_quality_)[:20]) <= set(wrong)
    assert slr.label_issues_[wrong].mean() > 0.7
    assert np.delete(slr.label_issues_, wrong).mean() < 0.1


def test_the_clean_set_is_scored_each_round():
    slr = SLRRegressor(Ridge(), cv=FOLDS, n_rounds=2)
    slr.fit(X, progression, X_val=X[:50], y_val=progression[:50])
    models = [Ridge().fit(X[train], progression[train]) for train, _ in FOLDS]
    mean = np.mean([model.predict(X[:50]) for model in models], axis=0)
    assert slr.history_["valid_score"][0] == pytest.approx(r2_score(progression[:50], mean))
    graded = SLRRegressor(n_rounds=1, thresholds="kappa").fit(
        X, GRADES, X_val=X[:50], y_val=GRADES[:50]
    )
    assert -1 <= graded.history_["valid_score"][0] <= 1


def test_thresholds_of_the_fit_count():
    plain = SLRRegressor(n_rounds=1).fit(X, GRADES).set_params(thresholds="kappa")
    assert plain.score(X, GRADES) == r2_score(GRADES, plain.predict(X))
    graded = SLRRegressor(n_rounds=1, thresholds="kappa").fit(X, GRADES)
    assert set(graded.set_params(thresholds=None).predict(X)) <= set(GRADES)


def test_learned_arrays_are_nobody_elses():
    target = progression.astype(float)
    slr = SLRRegressor(n_rounds=0).fit(X, target)
    arrays = [target, slr.observed_labels_, slr.refined_labels_, slr.oof_predictions_]
    for i, first in enumerate(arrays):
        assert not any(np.shares_memory(first, second) for second in arrays[i + 1 :])


def test_a_column_is_raveled_with_a_warning():
    with pytest.warns(DataConversionWarning):
        column = SLRRegressor(random_state=0).fit(X, progression[:, None])
    flat = SLRRegressor(random_state=0).fit(X, progression)
    assert np.array_equal(column.predict(X), flat.predict(X))


def test_teachers_and_augmentations_shape_the_labels_but_not_the_scores_of_the_student():
    teachers = [("forest", RandomForestRegressor(5))]
    slr = SLRRegressor(
        Ridge(), teachers=teachers, augmentations=lambda X: -X, thresholds="kappa", cv=FOLDS
    ).fit(X, GRADES)
    scores = cross_val_predict(Ridge(), X, slr.refined_labels_, cv=FOLDS)
    assert np.allclose(slr.thresholds_, fit_thresholds(scores, GRADES))
    assert isinstance(slr.estimator_, Ridge)


@pytest.mark.parametrize(
    ("parameters", "targets", "error", "message"),
    [
        ({}, np.r_[np.nan, progression[1:]], ValueError, "NaN"),
        ({}, np.r_[np.inf, progression[1:]], ValueError, "infinity"),
        ({}, np.column_stack([progression, progression]), TypeError, "one number for each row"),
        ({}, progression.astype(str), TypeError, "holds strings"),
        ({}, progression.astype(str).astype(object), TypeError, "holds strings"),
        ({"thresholds": ["a", "b", "c"]}, GRADES, TypeError, "thresholds holds strings"),
        ({}, None, ValueError, "the target y is None"),
        ({"estimator": LogisticRegression()}, progression, TypeError, "the classifier Logistic"),
        (
            {"refinement": "posterior"},
            progression,
            ValueError,
            "str among .*'robust'",
        ),
        ({"thresholds": [4, 2, 6]}, GRADES, ValueError, "ascend"),
        ({"thresholds": [2, 4]}, GRADES, ValueError, r"4 grades \[1, 3, 5, 7\]: expected 3 cuts"),
        ({"thresholds": [2, 4, 6, 8]}, GRADES, ValueError, "unseen in training"),
        ({"thresholds": "best"}, GRADES, ValueError, "thresholds"),
        ({"thresholds": "kappa"}, np.ones(442), ValueError, "1 grade only"),
    ],
)
def test_bad_input_is_refused(parameters, targets, error, message):
    with pytest.raises(error, match=message):
        SLRRegressor(**parameters).fit(X, targets)


def test_an_unseen_grade_in_the_clean_set_is_refused():
    with pytest.raises(ValueError, match=r"unseen in training: \[9.0\]"):
        SLRRegressor(thresholds="kappa").fit(X, GRADES, X_val=X[:2], y_val=[1, 9])
