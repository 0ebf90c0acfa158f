"""The ordered logit: rows on the simplex, ordered, calibrated, of highest likelihood."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit

from sklearn_slr.ordinal._probabilities import (
    _PRIOR_SHARE,
    _log_loss,
    fit_ordered_logit,
    predict_ordered_logit,
)


def fit_predict(scores, codes, n_grades, weight=None):
    """Return the probabilities of the rows that the model is fitted to."""
    return predict_ordered_logit(scores, **fit_ordered_logit(scores, codes, n_grades, weight))


def draw(seed, n=300):
    """Return scores and codes 0..3 drawn from an ordered logit."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(5, 2, n)
    latent = 1.5 * scores + rng.logistic(size=n)
    return scores, np.searchsorted([4.0, 7.0, 10.0], latent)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 6),
    st.sampled_from([1e-8, 1.0, 1e6]),
    st.sampled_from([-1.0, 0.0, 0.5, 50.0]),
)
def test_rows_are_on_the_simplex_and_ordered(seed, n_grades, scale, signal):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, n_grades, 25)
    scores = scale * (signal * codes + rng.normal(size=25))
    model = fit_ordered_logit(scores, codes, n_grades, rng.random(25))
    wide = np.sort(np.concatenate([scores, [-1e9, 0.0, 1e9]]))
    proba = predict_ordered_logit(wide, **model)
    assert proba.shape == (28, n_grades)
    assert proba.min() >= 0
    assert_allclose(proba.sum(axis=1), 1)
    # A higher score never makes a higher grade less likely.
    above = proba[:, ::-1].cumsum(axis=1)[:, :-1]
    assert np.diff(above, axis=0).min() >= -1e-12


def test_the_model_that_drew_the_grades_is_found():
    scores, codes = draw(0, n=50_000)
    model = fit_ordered_logit(scores, codes, 4)
    proba = predict_ordered_logit(np.array([2.0, 5.0, 8.0]), **model)
    edges = np.array([-np.inf, 4.0, 7.0, 10.0, np.inf])
    below = expit(edges - 1.5 * np.array([[2.0], [5.0], [8.0]]))
    assert_allclose(proba, np.diff(below, axis=1), atol=0.02)


@pytest.mark.parametrize("signal", [0.2, 1.0, 3.0, 30.0])
@pytest.mark.parametrize("n_grades", [2, 4])
def test_no_model_nearby_is_more_likely(n_grades, signal):
    rng = np.random.default_rng(n_grades)
    codes = rng.integers(0, n_grades, 40)
    scores = 3 + signal * codes + rng.normal(size=40)
    weight = rng.random(40)
    weight[:5] = 0
    found = fit_ordered_logit(scores, codes, n_grades, weight)

    def log_likelihood(model):
        rows = np.log(predict_ordered_logit(scores, **model)[np.arange(40), codes])
        mean_score = np.array([np.average(scores, weights=weight)])
        prior = np.log(predict_ordered_logit(mean_score, **model)).mean()
        return (1 - _PRIOR_SHARE) * np.average(rows, weights=weight) + _PRIOR_SHARE * prior

    best = log_likelihood(found) + 1e-12
    for change in (-1e-3, 1e-3):
        assert log_likelihood({**found, "slope": found["slope"] * (1 + change)}) < best
        for each in change * np.eye(n_grades - 1):
            assert log_likelihood({**found, "intercepts": found["intercepts"] + each}) < best


def test_probabilities_by_hand_also_far_from_the_center():
    scores = np.array([1.0, 3.0, -59.0, 61.0])  # the slope subtracts 0, 3, -90 and 90
    lower, upper = np.array([-1.0, -4, 89, -91]), np.array([2.0, -1, 92, -88])
    middle = [*(expit(upper) - expit(lower))[:2], expit(-89) - expit(-92), expit(-88) - expit(-91)]
    expected = np.column_stack([expit(lower), middle, expit(-upper)])
    proba = predict_ordered_logit(scores, 1.0, 2.0, 3.0, np.array([-1.0, 2.0]))
    assert_allclose(proba, expected, rtol=1e-12)


def test_probabilities_are_calibrated_on_the_rows():
    scores, codes = draw(1)
    proba = fit_predict(scores, codes, 4)
    assert_allclose(proba.mean(axis=0), np.bincount(codes) / len(codes), atol=0.02)


def test_a_weak_slope_is_a_slope():
    scores, codes = np.repeat([0.0, 1.0], 4), np.array([0, 1, 0, 1, 0, 1, 1, 1])
    # Half of the lower scores and three quarters of the higher have grade 1: odds 1 and 3.
    proba = fit_predict(scores, codes, 2)
    assert_allclose(proba[[0, 4], 1], [0.5, 0.75], atol=1e-3)


def test_weights_repeat_rows():
    scores, codes = draw(2, n=60)
    weight = np.random.default_rng(0).integers(0, 3, 60)
    weighted = fit_predict(scores, codes, 4, weight.astype(float))
    repeated = fit_predict(np.repeat(scores, weight), np.repeat(codes, weight), 4)
    assert_allclose(np.repeat(weighted, weight, axis=0), repeated, atol=1e-10)


def test_constant_and_reversed_scores_give_the_shares():
    codes = np.array([0, 0, 0, 1, 2, 2])
    rounding = 1e6 + np.spacing(1e6) * codes  # in order, but only by the last bit
    for scores in (np.full(6, 0.1), rounding, -codes.astype(float)):
        model = fit_ordered_logit(scores, codes, 3)
        proba = predict_ordered_logit(np.append(scores, 7.0), **model)
        assert_allclose(proba, [np.array([3, 1, 2]) / 6] * 7, atol=1e-3)


@pytest.mark.parametrize("magnitude", [2.0**-990, 2.0**990])
def test_grades_of_any_magnitude(magnitude):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, 60)
    scores = codes + rng.normal(size=60)
    expected = fit_predict(scores, codes, 3)
    model = fit_ordered_logit(scores * magnitude, codes, 3, unit=1 / magnitude)
    assert_array_equal(predict_ordered_logit(scores * magnitude, **model), expected)


def test_separable_and_absent_grades_stay_finite():
    scores = np.arange(6.0)
    model = fit_ordered_logit(scores, np.array([0, 0, 1, 1, 3, 3]), 4)
    proba = predict_ordered_logit(scores, **model)
    assert np.isfinite(model["slope"])
    assert (proba[:, 2] > 0).all()
    assert proba[np.arange(6), [0, 0, 1, 1, 3, 3]].min() > 0.9


@pytest.mark.parametrize("n_grades", [2, 3, 5])
def test_derivatives_are_right(n_grades):
    rng = np.random.default_rng(n_grades)
    codes, standard, weight = rng.integers(0, n_grades, 40), rng.normal(size=40), rng.random(40)
    at = np.append(np.linspace(-1, 1, n_grades - 1), 1.3)
    _, gradient, hessian = _log_loss(at, standard, codes, weight)
    for i, step in enumerate(1e-5 * np.eye(n_grades)):
        up = _log_loss(at + step, standard, codes, weight)
        down = _log_loss(at - step, standard, codes, weight)
        assert (up[0] - down[0]) / 2e-5 == pytest.approx(gradient[i], abs=1e-6)
        assert_allclose((up[1] - down[1]) / 2e-5, hessian[i], atol=1e-6)
