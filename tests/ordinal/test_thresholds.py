"""Cuts between grades: exact optimum against brute force, the other methods, degenerate cases."""

from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import cohen_kappa_score

from sklearn_slr.metrics import quadratic_weighted_kappa
from sklearn_slr.ordinal import apply_thresholds, fit_thresholds

METRICS = ("accuracy", "linear_kappa", "mae", "quadratic_kappa")
METHODS = ("kappa", "moments", "nearest", "quantile")


def quality(metric, y, predicted, grades, weight):
    """Return a score, higher is better, computed without the dynamic programme."""
    if metric == "accuracy":
        return np.average(predicted == y, weights=weight)
    if metric == "mae":
        return -np.average(np.abs(predicted - y), weights=weight)
    if metric == "quadratic_kappa":
        return quadratic_weighted_kappa(y, predicted, labels=grades, sample_weight=weight)
    observed = weight @ np.abs(predicted - y)
    chance = weight @ np.abs(predicted[:, None] - y) @ weight / weight.sum()
    return 1 - observed / chance if chance > 0 else 0.0


def every_cut(scores, n_grades):
    """Yield ascending cuts at, between and beyond the scores."""
    distinct = np.unique(scores)
    places = [distinct[0] - 1, *(distinct[:-1] / 2 + distinct[1:] / 2), distinct[-1] + 1]
    yield from combinations_with_replacement(places, n_grades - 1)


def random_problem(seed):
    """Return a small problem with ties, weights, and grades that may be gapped or absent."""
    rng = np.random.default_rng(seed)
    n, n_grades = rng.integers(2, 9), rng.integers(2, 5)
    grades = np.sort(rng.choice(12, n_grades, replace=False)).astype(float)
    y = rng.choice(grades, n)
    scores = np.round(y * rng.choice([0.1, 1.0]) + rng.normal(0, 2, n), rng.integers(0, 3))
    weight = rng.choice([rng.integers(1, 4, n), np.ones(n), rng.random(n) + 0.1])
    return scores, y, grades, weight


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("seed", range(60))
def test_no_placement_of_cuts_is_better(metric, seed):
    scores, y, grades, weight = random_problem(seed)
    cuts = fit_thresholds(scores, y, metric=metric, grades=grades, sample_weight=weight)
    found = quality(metric, y, apply_thresholds(scores, cuts, grades), grades, weight)
    best = max(
        quality(metric, y, apply_thresholds(scores, other, grades), grades, weight)
        for other in every_cut(scores, len(grades))
    )
    assert found == pytest.approx(best, abs=1e-10)


@given(st.integers(0, 2**32 - 1), st.sampled_from(METRICS))
def test_no_random_cuts_are_better(seed, metric):
    rng = np.random.default_rng(seed)
    n, grades = 40, np.array([0.0, 1.0, 2.0, 5.0, 6.0])
    y = rng.choice(grades, n)
    scores = rng.normal(0, 1, n) + y * rng.uniform(-0.5, 2)
    weight = rng.random(n)
    cuts = fit_thresholds(scores, y, metric=metric, grades=grades, sample_weight=weight)
    found = quality(metric, y, apply_thresholds(scores, cuts, grades), grades, weight)
    for _ in range(30):
        other = np.sort(rng.uniform(scores.min() - 1, scores.max() + 1, 4))
        random = quality(metric, y, apply_thresholds(scores, other, grades), grades, weight)
        assert random <= found + 1e-10


@given(st.integers(0, 2**32 - 1), st.sampled_from(METRICS), st.sampled_from(METHODS))
def test_cuts_ascend_and_do_not_depend_on_the_order_of_rows(seed, metric, method):
    rng = np.random.default_rng(seed)
    scores, y, grades, weight = random_problem(seed)
    arguments = {"metric": metric, "method": method, "grades": grades}
    cuts = fit_thresholds(scores, y, sample_weight=weight, **arguments)
    assert cuts.shape == (len(grades) - 1,)
    assert np.all(np.isfinite(cuts))
    assert np.all(np.diff(cuts) >= 0)
    order = rng.permutation(len(y))
    shuffled = fit_thresholds(scores[order], y[order], sample_weight=weight[order], **arguments)
    got, expected = (apply_thresholds(scores, c, grades) for c in (shuffled, cuts))
    if method in ("nearest", "quantile"):
        assert_array_equal(got, expected)
    elif method == "kappa":
        assert quality(metric, y, got, grades, weight) == pytest.approx(
            quality(metric, y, expected, grades, weight)
        )


@given(st.integers(0, 2**32 - 1), st.sampled_from(METRICS), st.sampled_from(METHODS))
def test_weights_repeat_rows_and_zero_drops_them(seed, metric, method):
    rng = np.random.default_rng(seed)
    scores, y, grades, _ = random_problem(seed)
    weight = rng.integers(0, 3, len(y))
    weight[0] = 1
    arguments = {"metric": metric, "method": method, "grades": grades}
    weighted = fit_thresholds(scores, y, sample_weight=weight, **arguments)
    repeated = fit_thresholds(np.repeat(scores, weight), np.repeat(y, weight), **arguments)
    assert_allclose(weighted, repeated)


@pytest.mark.parametrize("unit", [2.0**-990, 2.0**-30, 2.0**990])
@pytest.mark.parametrize("method", ["kappa", "moments", "nearest", "quantile"])
def test_grades_and_scores_of_any_magnitude(method, unit):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 50)
    scores = y + rng.normal(size=50)
    cuts = fit_thresholds(scores, y, method=method)
    assert np.array_equal(fit_thresholds(scores * unit, y * unit, method=method), cuts * unit)


def test_cuts_lie_midway_between_neighbouring_scores():
    cuts = fit_thresholds([0.0, 1.0, 2.0, 5.0], [0, 0, 1, 2])
    assert_array_equal(cuts, [1.5, 3.5])


def test_outermost_cuts_of_unused_grades_lie_just_outside_the_scores():
    cuts = fit_thresholds([0.0, 1.0, 2.0, 3.0], [1, 1, 2, 2], grades=[0, 1, 2, 3])
    assert_array_equal(cuts, [-0.5, 1.5, 3.5])


@pytest.mark.parametrize("method", ["kappa", "moments", "quantile"])
def test_cuts_move_with_the_scores(method):
    scores, y = np.array([0.0, 1.0, 2.0, 3.0]), [1, 1, 2, 2]
    cuts = fit_thresholds(scores, y, method=method, grades=[0, 1, 2, 3])
    for scale, shift in ((0.5, 16), (1, -16), (4, 0)):
        moved = fit_thresholds(scale * scores + shift, y, method=method, grades=[0, 1, 2, 3])
        assert_allclose(moved, scale * cuts + shift)


@pytest.mark.parametrize("metric", METRICS)
def test_an_unused_middle_grade_has_equal_cuts(metric):
    scores, y = [0.0, 1.0, 2.0, 3.0], [0, 0, 2, 2]
    cuts = fit_thresholds(scores, y, grades=[0, 1, 2], metric=metric)
    assert_array_equal(cuts, [1.5, 1.5])
    assert_array_equal(apply_thresholds(scores, cuts, [0, 1, 2]), y)


def test_tied_scores_get_one_grade():
    scores = [1.0, 1.0, 1.0, 2.0]
    cuts = fit_thresholds(scores, [0, 1, 2, 2])
    assert len(set(apply_thresholds(scores, cuts)[:3])) == 1


def test_neighbouring_floats_can_be_separated():
    low = 1.0
    scores = [low, np.nextafter(low, 2)]
    cuts = fit_thresholds(scores, [0, 1])
    assert_array_equal(apply_thresholds(scores, cuts), [0, 1])
    huge = [1e300, 1e300]
    assert_array_equal(apply_thresholds(huge, fit_thresholds(huge, [0, 0], grades=[0, 1])), [0, 0])


def test_gaps_between_grades_move_the_optimum():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 200)
    scores = y + rng.normal(0, 1, 200)
    even = fit_thresholds(scores, y, grades=[0, 1, 2])
    gapped = fit_thresholds(scores, np.array([0, 8, 9])[y], grades=[0, 8, 9])
    assert gapped[1] < even[1]
    assert_allclose(fit_thresholds(scores, 10.0 * y - 3), even)


@pytest.mark.parametrize("metric", METRICS)
def test_constant_scores_get_the_grade_of_least_error(metric):
    y = [0, 2, 2, 2, 3]
    cuts = fit_thresholds(np.full(5, 0.7), y, metric=metric, grades=[0, 1, 2, 3])
    assert_array_equal(apply_thresholds([0.7], cuts), [2])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("method", ["kappa", "moments", "quantile"])
def test_a_single_observed_grade_is_predicted_for_every_row(method, metric):
    scores = [0.1, 0.4, 0.4, 9.0]
    for grade in (0, 1, 2):
        cuts = fit_thresholds(scores, [grade] * 4, method=method, metric=metric, grades=[0, 1, 2])
        assert_array_equal(apply_thresholds(scores, cuts), [grade] * 4)


@pytest.mark.parametrize("metric", ["linear_kappa", "quadratic_kappa"])
def test_scores_against_the_order_are_never_worse_than_chance(metric):
    scores, y = np.arange(6.0), np.array([2, 2, 1, 1, 0, 0])
    cuts = fit_thresholds(scores, y, metric=metric)
    assert quality(metric, y, apply_thresholds(scores, cuts), np.arange(3), np.ones(6)) == 0


def test_nearest_is_halfway_between_grades():
    assert_array_equal(fit_thresholds([7.0, 8.0], [0, 4], method="nearest"), [2.0])
    cuts = fit_thresholds([7.0], [1], method="nearest", grades=[0, 1, 4])
    assert_array_equal(cuts, [0.5, 2.5])


def test_quantile_matches_the_shares_of_the_grades():
    rng = np.random.default_rng(0)
    y = rng.choice(4, 300, p=[0.5, 0.3, 0.15, 0.05])
    scores = rng.normal(size=300)
    grades = apply_thresholds(scores, fit_thresholds(scores, y, method="quantile"))
    assert_array_equal(np.bincount(grades), np.bincount(y))


def test_moments_undo_shrunken_scores():
    y = np.repeat([0, 1, 2, 3], 25)
    shrunken = 5 + 0.1 * y
    cuts = fit_thresholds(shrunken, y, method="moments")
    assert_allclose(cuts, [5.05, 5.15, 5.25])
    constant = fit_thresholds(np.full(100, 5.0), y, method="moments")
    assert apply_thresholds([5.0], constant) in ([1], [2])


@given(st.integers(0, 2**32 - 1))
def test_moments_rescale_to_the_mean_and_variance_of_the_grades(seed):
    rng = np.random.default_rng(seed)
    grades = np.array([0.0, 1.0, 4.0])
    y, weight = np.append(grades, rng.choice(grades, 20)), rng.uniform(0.1, 1, 23)
    scores = rng.normal(7, 3, 23)

    def moments(values):
        mean = np.average(values, weights=weight)
        return mean, np.sqrt(np.average((values - mean) ** 2, weights=weight))

    (mean, spread), (y_mean, y_spread) = moments(scores), moments(y)
    cuts = fit_thresholds(scores, y, method="moments", sample_weight=weight)
    assert_allclose((cuts - mean) / spread * y_spread + y_mean, [0.5, 2.5])


@pytest.mark.parametrize(("y", "grade"), [([0, 0, 0, 1], 0), ([0, 2, 2, 2], 2), ([1, 1, 0, 1], 1)])
def test_moments_give_constant_scores_the_grade_nearest_to_the_mean(y, grade):
    cuts = fit_thresholds(np.full(4, 5.0), y, method="moments", grades=[0, 1, 2])
    assert_array_equal(apply_thresholds([5.0], cuts), [grade])


def test_quadratic_optimum_agrees_with_scikit_learns_kappa():
    rng = np.random.default_rng(3)
    y = rng.integers(0, 4, 100)
    scores = y + rng.normal(0, 1, 100)
    predicted = apply_thresholds(scores, fit_thresholds(scores, y))
    found = cohen_kappa_score(y, predicted, weights="quadratic", labels=range(4))
    rounded = np.clip(np.rint(scores), 0, 3).astype(int)
    assert found > cohen_kappa_score(y, rounded, weights="quadratic", labels=range(4))


def test_a_score_equal_to_a_cut_lies_above_it():
    assert_array_equal(apply_thresholds([0.4, 0.5, 0.6], [0.5]), [0, 1, 1])
    assert_array_equal(apply_thresholds([-1.0, 0.0, 1.0], [0.0, 0.0]), [0, 2, 2])
    assert_array_equal(apply_thresholds([-9.0, 9.0], [-np.inf, np.inf]), [1, 1])


def test_grades_of_any_type_are_returned():
    assert_array_equal(apply_thresholds([0.0, 9.0], [1.0], ["no", "yes"]), ["no", "yes"])
    assert apply_thresholds([0.0], [1.0], np.array([3, 7])).dtype.kind == "i"


@pytest.mark.parametrize(
    ("thresholds", "grades", "message"),
    [
        ([1.0, 0.0], None, "do not ascend"),
        ([0.0, np.nan], None, "do not ascend"),
        ([0.0, 1.0], [0, 1], "expected a list of 1 for 2 grades"),
        ([], None, "n_grades - 1"),
        ([[0.0, 1.0]], None, "shape"),
    ],
)
def test_bad_thresholds_are_refused(thresholds, grades, message):
    with pytest.raises(ValueError, match=message):
        apply_thresholds([0.5], thresholds, grades)


def test_nan_scores_are_refused():
    with pytest.raises(ValueError, match="1 NaN"):
        apply_thresholds([0.5, np.nan], [1.0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scores": [0.0, np.nan], "y": [0, 1]}, "NaN or infinite"),
        ({"scores": [0.0, np.inf], "y": [0, 1]}, "NaN or infinite"),
        ({"scores": [0.0, 1.0], "y": [0, 1, 2]}, "inconsistent"),
        ({"scores": [0.0, 1.0], "y": [1, 1]}, "1 distinct grades; expected at least 2"),
        ({"scores": [0.0, 1.0], "y": [0, 1], "grades": [1]}, "at least 2"),
        ({"scores": [0.0, 1.0], "y": [0, 1], "grades": [1, 0]}, "not ascending"),
        ({"scores": [0.0, 1.0], "y": [0, 1], "grades": [0, 1, 1]}, "not ascending"),
        ({"scores": [0.0, 1.0], "y": [0, 1], "grades": [0, 1, np.inf]}, "not ascending finite"),
        ({"scores": [0.0, 1.0], "y": [0, 1], "grades": [[0, 1], [2, 3]]}, "at least 2"),
        ({"scores": [0.0, 1.0], "y": [0, 7], "grades": [0, 1]}, "the grade 7.0"),
        ({"scores": [0.0, 1.0], "y": ["a", "b"]}, "encode the grades"),
        ({"scores": [0.0, 1.0], "y": [0, 1], "sample_weight": [0, 0]}, "positive|non-zero"),
        ({"scores": [0.0, 1.0], "y": [0, 1], "sample_weight": [1, -1]}, "[Nn]egative"),
    ],
)
def test_bad_rows_and_grades_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        fit_thresholds(**arguments)


def test_too_many_grades_are_refused_before_memory_runs_out():
    with pytest.raises(ValueError, match="looks continuous"):
        fit_thresholds(np.arange(20_000), np.arange(20_000))
