"""The quadratic weighted kappa: hand-computed numbers, rounding, labels, degenerate cases."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import cohen_kappa_score
from sklearn.model_selection import GridSearchCV, cross_val_score

from sklearn_slr.metrics import quadratic_weighted_kappa, quadratic_weighted_kappa_scorer

GRADES = st.lists(st.integers(0, 3), min_size=1, max_size=30)


def test_numbers_computed_by_hand():
    # Squared errors 0 0 0 1; by chance each grade meets each: variances 1.25 + 0.6875 + 0.25**2.
    assert quadratic_weighted_kappa([0, 1, 2, 3], [0, 1, 2, 2]) == pytest.approx(1 - 0.25 / 2)
    assert quadratic_weighted_kappa([0, 1], [1, 0]) == pytest.approx(-1)
    # Weights 3 and 1: true and predicted means 0.25 and 0.75, variances 3/16, every error 1.
    kappa = quadratic_weighted_kappa([0, 1], [1, 0], sample_weight=[3, 1])
    assert kappa == pytest.approx(1 - 1 / (6 / 16 + 0.25))


@given(GRADES, st.randoms(use_true_random=False))
def test_agrees_with_scikit_learn_on_consecutive_grades(y_true, random):
    y_pred = [random.randint(0, 3) for _ in y_true]
    weight = [random.randint(0, 3) for _ in y_true]
    if sum(weight) == 0:
        weight[0] = 1
    kappa = quadratic_weighted_kappa(y_true, y_pred, sample_weight=weight)
    used = np.array(weight) > 0
    if np.ptp(np.array(y_true)[used]) == 0 or np.ptp(np.array(y_pred)[used]) == 0:
        assert kappa == 0.0
        return
    expected = cohen_kappa_score(
        y_true, y_pred, labels=range(4), weights="quadratic", sample_weight=weight
    )
    assert kappa == pytest.approx(expected, abs=1e-12)


@given(GRADES, st.randoms(use_true_random=False))
def test_is_between_minus_one_and_one_and_symmetric(y_true, random):
    y_pred = [random.randint(0, 3) for _ in y_true]
    kappa = quadratic_weighted_kappa(y_true, y_pred)
    assert -1 - 1e-12 <= kappa <= 1
    assert kappa == pytest.approx(quadratic_weighted_kappa(y_pred, y_true), abs=1e-12)


def test_gaps_between_grades_count():
    near = quadratic_weighted_kappa([0, 1, 5, 5], [0, 0, 5, 5])
    far = quadratic_weighted_kappa([0, 1, 5, 5], [0, 5, 5, 5])
    assert near > far
    shifted = quadratic_weighted_kappa([10, 20, 60, 60], [10, 10, 60, 60])
    assert shifted == pytest.approx(near)


@pytest.mark.parametrize("unit", [2.0**-1000, 2.0**-30, 2.0**1000])
def test_grades_of_any_magnitude(unit):
    true, pred = np.array([0.0, 1, 4, 4, 0]), np.array([0.0, 4, 4, 1, 1])
    assert quadratic_weighted_kappa(true * unit, pred * unit) == quadratic_weighted_kappa(
        true, pred
    )


def test_labels_by_value_do_not_change_the_number():
    y_true, y_pred = [0, 1, 4, 4, 0], [0, 4, 4, 1, 1]
    expected = quadratic_weighted_kappa(y_true, y_pred)
    assert quadratic_weighted_kappa(y_true, y_pred, labels=[4, 0, 1, 2, 3]) == expected
    reference = cohen_kappa_score(y_true, y_pred, labels=range(5), weights="quadratic")
    assert expected == pytest.approx(reference)


def test_strings_are_weighted_by_their_position():
    names = np.array(["low", "mid", "high"])
    y_true, y_pred = np.array([0, 1, 2, 2, 0]), np.array([0, 2, 2, 1, 1])
    kappa = quadratic_weighted_kappa(names[y_true], names[y_pred], labels=names)
    assert kappa == pytest.approx(quadratic_weighted_kappa(y_true, y_pred))
    as_objects = names.astype(object)
    assert kappa == quadratic_weighted_kappa(as_objects[y_true], list(names[y_pred]), labels=names)


def test_scores_are_rounded_to_the_nearest_grade():
    y_true = [0, 1, 4, 4, 0, 1]
    scores = np.array([-3.0, 0.5, 2.6, 90.0, 0.49, 2.5])
    rounded = [0, 1, 4, 4, 0, 4]
    assert quadratic_weighted_kappa(y_true, scores) == quadratic_weighted_kappa(y_true, rounded)


def test_scores_reach_absent_grades_only_through_labels():
    assert quadratic_weighted_kappa([0, 1, 0], [0.1, 2.9, 0.0]) == 1.0
    known = quadratic_weighted_kappa([0, 1, 0], [0.1, 2.9, 0.0], labels=range(4))
    assert known == quadratic_weighted_kappa([0, 1, 0], [0, 3, 0])


def test_column_and_infinite_scores_are_accepted():
    with np.errstate(all="raise"):
        scores = np.array([-np.inf, 1.2, np.inf], dtype=np.float32)
        assert quadratic_weighted_kappa([0, 1, 2], scores[:, None]) == 1.0


@pytest.mark.parametrize(
    ("y_true", "y_pred"),
    [
        ([1, 1, 1], [1, 1, 1]),
        ([1, 1, 1], [0, 1, 2]),
        ([0, 1, 2], [1, 1, 1]),
        ([0, 1, 2], [0.9, 1.1, 1.0]),
        ([0.1, 0.1, 0.1], [0.1, 0.1, 0.1]),
        ([2], [2]),
    ],
)
def test_constants_give_zero(y_true, y_pred):
    assert quadratic_weighted_kappa(y_true, y_pred) == 0.0


def test_rows_of_weight_zero_are_ignored():
    y_true, y_pred, weight = [0, 1, 2, 9], [0, 2, 2, 0], [1, 1, 1, 0]
    expected = quadratic_weighted_kappa(y_true[:3], y_pred[:3])
    assert quadratic_weighted_kappa(y_true, y_pred, sample_weight=weight) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y_true": ["a", "b"], "y_pred": ["a", "b"]}, "pass labels="),
        ({"y_true": [0, 1], "y_pred": ["a", "b"]}, "pass labels="),
        ({"y_true": [0, 1], "y_pred": [0, 7], "labels": [0, 1]}, "the grade 7.0"),
        ({"y_true": [0, 7], "y_pred": [0, 1], "labels": [0, 1]}, "the grade 7.0"),
        ({"y_true": ["a"], "y_pred": ["z"], "labels": ["a", "b"]}, "the grade z"),
        ({"y_true": ["a"], "y_pred": ["a"], "labels": ["a", "a"]}, "repeated"),
        ({"y_true": ["a"], "y_pred": ["a"], "labels": [0, 1]}, "labels are numbers"),
        ({"y_true": [0, 1], "y_pred": [0.0, np.nan]}, "NaN"),
        ({"y_true": [], "y_pred": []}, "y_true holds no grades"),
        ({"y_true": [0, 1], "y_pred": [0, 1], "labels": []}, "labels holds no grades"),
        ({"y_true": [0, np.inf], "y_pred": [0, 1]}, "y_true holds infinite"),
        ({"y_true": [0, 1j], "y_pred": [0, 1]}, "Complex data not supported: y_true"),
        ({"y_true": [0, 1], "y_pred": [0, 1], "sample_weight": ["a", "b"]}, "sample_weight holds"),
        ({"y_true": [0, 1], "y_pred": [0]}, "inconsistent numbers"),
        ({"y_true": [0, 1], "y_pred": [0, 1], "sample_weight": [1, -1]}, "[Nn]egative"),
        ({"y_true": [0, 1], "y_pred": [0, 1], "sample_weight": [0, 0]}, "non-zero|positive"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        quadratic_weighted_kappa(**arguments)


def test_scorer_pickles_and_scores_classifiers_and_regressors():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 60)
    X = np.column_stack([y + rng.normal(0, 0.5, 60), rng.normal(size=60)])
    scorer = pickle.loads(pickle.dumps(quadratic_weighted_kappa_scorer))
    for model in (Ridge().fit(X, y), LogisticRegression().fit(X, y)):
        assert scorer(model, X, y) == quadratic_weighted_kappa(y, model.predict(X))
        assert 0.5 < scorer(model, X, y) < 1
        assert cross_val_score(model, X, y, scoring=scorer).min() > 0.5


def test_grid_search_over_a_regressor_finds_the_best_kappa():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 80)
    X = np.column_stack([y + rng.normal(0, 0.5, 80), rng.normal(size=80)])
    search = GridSearchCV(
        Ridge(), {"alpha": [1e5, 1.0]}, scoring=quadratic_weighted_kappa_scorer
    ).fit(X, y)
    assert search.best_params_ == {"alpha": 1.0}
    # Ridge(alpha=1e5) predicts the mean: a kappa of 0, not NaN.
    assert search.cv_results_["mean_test_score"][0] == 0.0
