"""Probabilities of grades: on the simplex, ordered, calibrated, at the optimum."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import expit

from sklearn_slr.ordinal._probabilities import _PRIOR, GradeModel, _log_loss, fit_grade_model


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
    model = fit_grade_model(scores, codes, n_grades, rng.random(25))
    wide = np.sort(np.concatenate([scores, [-1e9, 0.0, 1e9]]))
    proba = model.predict(wide)
    assert proba.shape == (28, n_grades)
    assert proba.min() >= 0
    assert_allclose(proba.sum(axis=1), 1)
    # A higher score never makes a higher grade less likely.
    above = proba[:, ::-1].cumsum(axis=1)[:, :-1]
    assert np.diff(above, axis=0).min() >= -1e-12


def test_the_model_that_drew_the_grades_is_found():
    scores, codes = draw(0, n=50_000)
    proba = fit_grade_model(scores, codes, 4).predict(np.array([2.0, 5.0, 8.0]))
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
    found = fit_grade_model(scores, codes, n_grades, weight)

    def log_likelihood(model):
        rows = np.log(model.predict(scores)[np.arange(40), codes])
        prior = np.log(model.predict(np.array([np.average(scores, weights=weight)])))
        return (1 - _PRIOR) * np.average(rows, weights=weight) + _PRIOR * prior.mean()

    best = log_likelihood(found) + 1e-12
    for way in (-1e-3, 1e-3):
        assert log_likelihood(replace(found, slope=found.slope * (1 + way))) < best
        for each in way * np.eye(n_grades - 1):
            assert log_likelihood(replace(found, intercepts=found.intercepts + each)) < best


def test_a_model_by_hand_far_from_the_middle_too():
    model = GradeModel(center=1.0, scale=2.0, slope=3.0, intercepts=np.array([-1.0, 2.0]))
    scores = np.array([1.0, 3.0, -59.0, 61.0])  # the slope takes 0, 3, -90 and 90 off
    lower, upper = np.array([-1.0, -4, 89, -91]), np.array([2.0, -1, 92, -88])
    middle = [*(expit(upper) - expit(lower))[:2], expit(-89) - expit(-92), expit(-88) - expit(-91)]
    expected = np.column_stack([expit(lower), middle, expit(-upper)])
    assert_allclose(model.predict(scores), expected, rtol=1e-12)


def test_probabilities_are_calibrated_on_the_rows():
    scores, codes = draw(1)
    proba = fit_grade_model(scores, codes, 4).predict(scores)
    assert_allclose(proba.mean(axis=0), np.bincount(codes) / len(codes), atol=0.02)


def test_a_weak_slope_is_a_slope():
    codes = np.array([0, 1, 0, 1, 0, 1, 1, 1])
    model = fit_grade_model(np.array([0.0, 0, 0, 0, 1, 1, 1, 1]), codes, 2)
    # Half of the lower scores and three quarters of the higher have grade 1: odds 1 and 3.
    assert_allclose(model.predict(np.array([0.0, 1.0]))[:, 1], [0.5, 0.75], atol=1e-3)


def test_weights_repeat_rows():
    scores, codes = draw(2, n=60)
    weight = np.random.default_rng(0).integers(0, 3, 60)
    weighted = fit_grade_model(scores, codes, 4, weight.astype(float)).predict(scores)
    repeated = fit_grade_model(np.repeat(scores, weight), np.repeat(codes, weight), 4)
    assert_allclose(weighted, repeated.predict(scores), atol=1e-10)


def test_constant_and_contrary_scores_give_the_shares():
    codes = np.array([0, 0, 0, 1, 2, 2])
    shares = np.array([3, 1, 2]) / 6
    constant = fit_grade_model(np.full(6, 0.1), codes, 3).predict(np.array([0.1, 7.0]))
    assert_allclose(constant, [shares, shares], atol=1e-3)
    rounding = 1e6 + np.spacing(1e6) * codes  # in order, but by the last bit alone
    assert_allclose(fit_grade_model(rounding, codes, 3).predict(rounding), [shares] * 6, atol=1e-3)
    contrary = fit_grade_model(-codes.astype(float), codes, 3).predict(np.array([-2.0, 0.0]))
    assert_allclose(contrary, [shares, shares], atol=1e-3)


@pytest.mark.parametrize("magnitude", [2.0**-990, 2.0**990])
def test_grades_of_any_magnitude(magnitude):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, 60)
    scores = codes + rng.normal(size=60)
    plain = fit_grade_model(scores, codes, 3).predict(scores)
    model = fit_grade_model(scores * magnitude, codes, 3, unit=1 / magnitude)
    np.testing.assert_array_equal(model.predict(scores * magnitude), plain)


def test_separable_and_absent_grades_stay_finite():
    scores = np.arange(6.0)
    model = fit_grade_model(scores, np.array([0, 0, 1, 1, 3, 3]), 4)
    proba = model.predict(scores)
    assert np.isfinite(model.slope)
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
