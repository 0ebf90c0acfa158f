import re

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import DataConversionWarning
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import KFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, LinearSVC

from sklearn_slr import SLRClassifier
from sklearn_slr.datasets import make_noisy_labels
from sklearn_slr.refinement import AverageRefinement

X, y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(max_iter=1000),
        RandomForestClassifier(5, random_state=0),
        KNeighborsClassifier(),
        GaussianNB(),
    ],
)
def test_without_rounds_it_predicts_as_the_plain_estimator(estimator):
    slr = SLRClassifier(estimator, n_rounds=0, refinement="average").fit(X, NAMES[y])
    plain = estimator.fit(X, NAMES[y])
    assert np.array_equal(slr.predict_proba(X), plain.predict_proba(X))
    assert np.array_equal(slr.predict(X), plain.predict(X))
    assert slr.score(X, NAMES[y]) == plain.score(X, NAMES[y])
    assert np.array_equal(slr.refined_labels_, np.eye(3)[y])
    assert slr.n_rounds_ == 0
    assert slr.history_["round"].size == 0


def test_learned_attributes_are_what_the_contract_says():
    noisy = make_noisy_labels(y, noise=0.2, random_state=0)
    slr = SLRClassifier(GaussianNB(), n_rounds=4, random_state=0, refinement="average").fit(
        X, NAMES[noisy]
    )
    assert slr.classes_.tolist() == NAMES.tolist()
    for rows in (slr.refined_labels_, slr.oof_predictions_, slr.noise_matrix_):
        assert rows.dtype == np.float64
        assert np.all(rows >= 0)
        assert np.allclose(rows.sum(axis=1), 1, rtol=0, atol=1e-12)
    assert np.array_equal(slr.observed_labels_, noisy)
    assert np.all((slr.label_quality_ >= 0) & (slr.label_quality_ <= 1))
    # The wrong labels are among the most suspicious.
    assert slr.label_quality_[noisy != y].mean() < 0.3 < slr.label_quality_[noisy == y].mean()
    assert slr.label_issues_[noisy != y].mean() > 0.8
    assert slr.label_issues_[noisy == y].mean() < 0.1
    assert {len(column) for column in slr.history_.values()} == {4}
    assert slr.history_["n_fits"].tolist() == [5] * 4
    assert slr.n_features_in_ == 4


def test_permuting_classes_permutes_columns():
    folds = [(np.flatnonzero(np.arange(150) % 5 != k), np.arange(k, 150, 5)) for k in range(5)]
    first = SLRClassifier(GaussianNB(), cv=folds, refinement="average").fit(X, y)
    order = np.array([2, 0, 1])  # class c is called order[c]
    second = SLRClassifier(GaussianNB(), cv=folds, refinement="average").fit(X, order[y])
    assert np.allclose(first.refined_labels_, second.refined_labels_[:, order])
    assert np.array_equal(order[first.predict(X)], second.predict(X))


@pytest.mark.parametrize("refinement", ["average", "posterior"])
def test_rows_of_probabilities_are_learned_from(refinement):
    soft = 0.7 * np.eye(3)[y] + 0.1
    table = pd.DataFrame(soft, columns=["c", "a", "b"])
    slr = SLRClassifier(GaussianNB(), refinement=refinement, random_state=0)
    plain = slr.fit(X, soft)
    assert plain.classes_.tolist() == [0, 1, 2]
    labels, score = plain.refined_labels_, plain.score(X, soft)
    assert score == (plain.predict(X) == y).mean()
    named = slr.fit(X, table)
    assert named.classes_.tolist() == ["c", "a", "b"]
    assert np.array_equal(named.refined_labels_, labels)
    assert set(named.predict(X)) == {"a", "b", "c"}


def test_a_frames_columns_are_found_in_any_order():
    soft = pd.DataFrame(0.7 * np.eye(3)[y] + 0.1, columns=["c", "a", "b"])
    slr = SLRClassifier(GaussianNB(), n_rounds=1, random_state=0, refinement="average")
    slr.fit(X, soft, X_val=X, y_val=soft[["a", "b", "c"]])
    assert slr.score(X, soft[["b", "c", "a"]]) == slr.score(X, soft) > 0.9
    assert slr.history_["valid_score"][0] > 0.9
    with pytest.raises(ValueError, match=r"columns \['a', 'b', 'd'\]"):
        slr.score(X, soft.rename(columns={"c": "d"})[["a", "b", "d"]])
    with pytest.raises(ValueError, match="repeated columns"):
        slr.fit(X, soft.rename(columns={"c": "a"}))


def test_one_hot_rows_equal_labels():
    folds = [(np.flatnonzero(np.arange(150) % 5 != k), np.arange(k, 150, 5)) for k in range(5)]
    hard, rows = (
        SLRClassifier(GaussianNB(), cv=folds, refinement="average").fit(X, labels)
        for labels in (y, np.eye(3)[y])
    )
    assert np.array_equal(hard.refined_labels_, rows.refined_labels_)


def test_a_column_is_raveled_with_a_warning():
    with pytest.warns(DataConversionWarning):
        column = SLRClassifier(GaussianNB(), random_state=0, refinement="average").fit(
            X, y[:, None]
        )
    flat = SLRClassifier(GaussianNB(), random_state=0, refinement="average").fit(X, y)
    assert np.array_equal(column.refined_labels_, flat.refined_labels_)


def test_a_rare_class_warns_and_keeps_its_only_member():
    rare = y.copy()
    rare[0] = 3
    with pytest.warns(UserWarning, match="The least populated class has only 1 members"):
        slr = SLRClassifier(
            GaussianNB(var_smoothing=1e-3), random_state=0, refinement="average"
        ).fit(X, rare)
    assert slr.refined_labels_[0, 3] == 1.0


def test_a_class_that_a_group_fold_lacks_keeps_its_mass_in_every_round():
    from sklearn.model_selection import GroupKFold

    slr = SLRClassifier(
        LogisticRegression(max_iter=500), n_rounds=3, cv=GroupKFold(3), refinement="average"
    )
    slr.fit(X, y, groups=y)
    assert np.allclose(slr.refined_labels_, np.eye(3)[y], atol=1e-12)


def test_weights_reach_the_models_and_the_counts_but_never_move_a_label_by_themselves():
    weight = np.ones(150)
    weight[::5] = 0
    flipped = y.copy()
    flipped[::5] = (y[::5] + 1) % 3
    folds = [(np.flatnonzero(np.arange(150) % 4 != k), np.arange(k, 150, 4)) for k in range(4)]
    slr = SLRClassifier(GaussianNB(), cv=folds, refinement=AverageRefinement(0), n_rounds=1)
    first = slr.fit(X, y, sample_weight=weight).refined_labels_
    second = slr.fit(X, flipped, sample_weight=weight).refined_labels_
    assert np.allclose(first, second)
    posterior = slr.set_params(refinement="posterior")
    first = posterior.fit(X, y, sample_weight=weight).noise_matrix_
    second = posterior.fit(X, flipped, sample_weight=weight).noise_matrix_
    assert np.array_equal(first, second)


def test_decision_function_is_the_students_where_it_has_one():
    slr = SLRClassifier(LogisticRegression(max_iter=500), random_state=0, refinement="average").fit(
        X, y
    )
    assert np.array_equal(slr.decision_function(X), slr.estimator_.decision_function(X))
    folds = slr.set_params(final="folds").fit(X, y)
    assert np.array_equal(folds.decision_function(X).argmax(axis=1), folds.predict(X))
    assert np.allclose(np.exp(folds.decision_function(X)), folds.predict_proba(X))
    pair = folds.fit(X[:100], y[:100])
    odds = np.exp(pair.decision_function(X))
    assert np.allclose(odds / (1 + odds), pair.predict_proba(X)[:, 1])
    assert not hasattr(SLRClassifier(GaussianNB(), refinement="average"), "decision_function")
    assert hasattr(SLRClassifier(refinement="average"), "decision_function")


def test_log_probabilities():
    slr = SLRClassifier(KNeighborsClassifier(1), n_rounds=0, refinement="average").fit(X, y)
    assert np.array_equal(np.exp(slr.predict_log_proba(X)), slr.predict_proba(X))


def test_telling_changes_nothing(capsys):
    labels = [
        SLRClassifier(
            GaussianNB(),
            cv=KFold(3, shuffle=True, random_state=np.random.RandomState(0)),
            verbose=verbose,
            refinement="average",
        )
        .fit(X, y)
        .refined_labels_
        for verbose in (0, 1)
    ]
    assert np.array_equal(*labels)


def test_splits_that_hold_nothing_out_are_passed_over():
    splits = [(np.arange(50, 150), np.arange(50)), (np.arange(150), [])]
    slr = SLRClassifier(GaussianNB(), cv=splits, n_rounds=1, refinement="average").fit(X, y)
    assert slr.history_["n_fits"].tolist() == [1]


def test_a_refinement_cannot_write_into_its_inputs_nor_train_on_nonsense():
    class Careless(AverageRefinement):
        def refine(self, observed, targets, oof, *, round, sample_weight=None):
            targets *= 0.5
            return targets

    class Strange(AverageRefinement):
        def training_targets(self, refined):
            return 2 * refined

    class Odd(AverageRefinement):
        def initial_targets(self, observed, n_classes):
            return np.ones((len(observed), n_classes))

    for refinement, message in (
        (Careless(), "read-only"),
        (Strange(), "Strange.training_targets returned rows that are not probabilities"),
        (Odd(), "Odd.initial_targets returned rows that are not probabilities"),
    ):
        with pytest.raises(ValueError, match=message):
            SLRClassifier(GaussianNB(), refinement=refinement).fit(X, y)


def test_verbose_tells_the_plan_and_the_rounds(capsys):
    SLRClassifier(GaussianNB(), n_rounds=2, cv=3, n_repeats=2, verbose=1, refinement="average").fit(
        X, y
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("[SLRClassifier] 2 rounds x 2 repeats x 3 folds x 1 teachers = 12")
    assert "13 in all" in lines[0]
    assert len(lines) == 3
    SLRClassifier(GaussianNB(), n_rounds=1, refinement="average").fit(X, y)
    assert not capsys.readouterr().out


@pytest.mark.parametrize(
    ("parameters", "labels", "error", "message"),
    [
        ({}, np.zeros(150), ValueError, "1 class only"),
        ({}, np.where(y, y, np.nan), ValueError, "contains NaN"),
        ({}, np.where(y, NAMES[y].astype(object), None), ValueError, "NaN or None"),
        ({}, np.linspace(0, 1, 150), ValueError, "continuous"),
        ({}, np.eye(3)[y] * 2 - 0.5, ValueError, "smallest entry -0.5.*softmax"),
        ({}, np.eye(3)[y] + 0.5, ValueError, "sums 2.5 to 2.5.*Divide votes"),
        ({}, np.column_stack([y, y]), TypeError, "multi-output"),
        ({}, NAMES[np.column_stack([y, y])], TypeError, "multi-output"),
        ({}, None, ValueError, "y to be passed, but the target y is None"),
        ({}, y[:-1], ValueError, "inconsistent numbers of samples"),
        ({"estimator": LinearSVC()}, y, TypeError, "LinearSVC, which has no predict_proba"),
        ({"estimator": SVC()}, y, TypeError, "CalibratedClassifierCV"),
        ({"estimator": LinearRegression()}, y, TypeError, "regressor LinearRegression"),
        ({"estimator": 3}, y, ValueError, "estimator"),
        ({"refinement": "avrage"}, y, ValueError, "refinement"),
        (
            {"refinement": AverageRefinement},
            y,
            TypeError,
            r"expected an object: AverageRefinement\(\)",
        ),
        ({"refinement": AverageRefinement(-1)}, y, ValueError, "'n' parameter"),
        (
            {"estimator": GaussianNB(), "augmentations": lambda X: X[1:]},
            y,
            ValueError,
            r"augmentations\[0\] returned 29 ro",
        ),
        (
            {"estimator": GaussianNB(), "augmentations": lambda X: None},
            y,
            ValueError,
            "returned None for 30 rows",
        ),
        ({"select_round": "best"}, y, ValueError, "pass X_val and y_val"),
        ({"n_rounds": -1}, y, ValueError, "n_rounds"),
        ({"cv": 1}, y, ValueError, "cv"),
        ({"final": "best"}, y, ValueError, "final"),
        ({"teachers": [GaussianNB()]}, y, ValueError, r"list of \(name, estimator\)"),
        ({"teachers": [("a", LinearSVC())]}, y, TypeError, "teachers: 'a' is LinearSVC"),
        ({"augmentations": ["flip"]}, y, TypeError, "augmentations holds 'flip'"),
    ],
)
def test_bad_input_is_refused(parameters, labels, error, message):
    with pytest.raises(error, match=message):
        SLRClassifier(**parameters).fit(X, labels)


def test_fewer_rows_than_folds_is_refused_unless_there_are_none():
    with pytest.raises(ValueError, match=r"n_samples=3 into cv=5"):
        SLRClassifier(cv=5, refinement="average").fit(X[[0, 60, 120]], y[[0, 60, 120]])
    SLRClassifier(n_rounds=0, cv=5, refinement="average").fit(X[[0, 60, 120]], y[[0, 60, 120]])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"X_val": X}, "y_val is missing"),
        ({"X_val": X, "y_val": y + 1}, re.escape("unseen in the training labels: 3")),
        ({"X_val": X[:3], "y_val": y}, "inconsistent"),
    ],
)
def test_a_bad_validation_set_is_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        SLRClassifier(GaussianNB(), refinement="average").fit(X, y, **parameters)


def test_an_estimator_without_weights_says_so():
    process = GaussianProcessClassifier()
    with pytest.raises(TypeError, match=r"GaussianProcessClassifier.* does not take it"):
        SLRClassifier(process, n_rounds=0, refinement="average").fit(
            X, y, sample_weight=np.ones(150)
        )


def test_the_best_round_on_a_clean_set_is_kept():
    noisy = make_noisy_labels(y, noise=0.4, random_state=0)
    rows = np.arange(0, 150, 2)
    parameters = {"n_rounds": 4, "random_state": 0, "refinement": "posterior"}
    clean = {"X_val": X[rows], "y_val": y[rows]}
    best = SLRClassifier(GaussianNB(), select_round="best", **parameters).fit(X, noisy, **clean)
    scores = best.history_["valid_score"]
    assert best.n_rounds_ == scores.argmax()
    shorter = SLRClassifier(GaussianNB(), **{**parameters, "n_rounds": best.n_rounds_})
    shorter.fit(X, noisy)
    assert np.array_equal(best.refined_labels_, shorter.refined_labels_)
    assert np.array_equal(best.predict(X), shorter.predict(X))
