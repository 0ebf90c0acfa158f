import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import t as student

from sklearn_slr.refinement._residuals import (
    DEGREES_OF_FREEDOM,
    calibrate_numbers,
    explain_residuals,
    weighted_median,
)


def draw(n=1000, share=0.0, seed=0, shift=10.0):
    rng = np.random.default_rng(seed)
    predicted = rng.normal(size=n)
    wrong = rng.random(n) < share
    return predicted + 0.5 * rng.normal(size=n) + shift * wrong, predicted, wrong


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3])
def test_it_finds_the_share_of_wrong_labels_and_the_noise_of_right_ones(share):
    y, predicted, wrong = draw(share=share)
    found = explain_residuals(y, predicted)
    assert found.outlier_share == pytest.approx(wrong.mean(), abs=0.05)
    assert ((found.right < 0.5) == wrong).mean() > 0.97
    assert np.median(found.scale) == pytest.approx(0.5, rel=0.2)
    assert found.expected == pytest.approx(predicted, abs=0.15)


@pytest.mark.parametrize("n", [1, 2, 3, 6, 40])
def test_few_rows_are_right(n):
    y, predicted, _ = draw(n)
    assert explain_residuals(y, predicted).right.min() >= 0.5


def test_heavy_tails_are_no_outliers():
    rng = np.random.default_rng(0)
    predicted = rng.normal(size=2000)
    found = explain_residuals(predicted + rng.standard_t(8, size=2000), predicted)
    assert found.outlier_share < 0.01


def test_a_noisier_range_does_not_count_as_wrong():
    rng = np.random.default_rng(0)
    predicted = rng.normal(size=2000)
    noise = np.exp(predicted)
    found = explain_residuals(predicted + noise * rng.normal(size=2000), predicted)
    assert (found.right < 0.5).mean() < 0.01
    lower, upper = np.quantile(predicted, [0.1, 0.9])
    ratio = found.scale[predicted > upper].mean() / found.scale[predicted < lower].mean()
    assert ratio == pytest.approx(np.exp(2 * 1.7), rel=0.6)


def test_predictions_that_are_drawn_to_the_mean_are_calibrated_in_spite_of_outliers():
    y, predicted, wrong = draw(share=0.1)
    found = explain_residuals(y, 5 + 0.3 * predicted)
    assert found.expected == pytest.approx(predicted, abs=0.2)
    assert np.array_equal(found.right < 0.5, wrong)


def test_predictions_without_skill_become_the_mean():
    y = np.arange(10.0)
    weight = np.ones(10)
    assert np.allclose(calibrate_numbers(y, -y, weight), 4.5)
    assert np.allclose(calibrate_numbers(y, np.full(10, 7.0), weight), 4.5)


def test_a_label_further_away_is_never_likelier_right():
    y, predicted, _ = draw(share=0.1, shift=4.0)
    y[:3] += [1e2, 1e5, 1e9]
    found = explain_residuals(y, predicted)
    order = np.argsort(np.abs(y - found.expected) / found.scale)
    assert np.all(np.diff(found.right[order]) <= 1e-12)
    assert found.right[:3].max() < 0.2


def test_the_fit_is_the_maximum_of_the_likelihood():
    y, predicted, _ = draw(share=0.1)
    found = explain_residuals(y, predicted)
    residuals = (y - found.expected) / found.scale  # the narrow scale is 1

    def parts(logs):
        share, narrow, wide = np.exp(logs)
        inner = (1 - share) * student.pdf(residuals, DEGREES_OF_FREEDOM, scale=narrow)
        return inner, share * student.pdf(residuals, DEGREES_OF_FREEDOM, scale=wide)

    best = minimize(
        lambda logs: -np.log(sum(parts(logs))).sum(), np.log([0.2, 2, 10]), method="Nelder-Mead"
    ).x
    inner, outer = parts(best)
    assert np.exp(best[1]) == pytest.approx(1, rel=0.02)
    assert np.allclose(found.right, inner / (inner + outer), atol=0.02)


@settings(max_examples=30)
@given(
    scale=st.floats(1e-200, 1e200),
    shift=st.floats(-5, 5),
    seed=st.integers(0, 100),
    share=st.sampled_from([0, 0.1]),
)
def test_units_do_not_matter(scale, shift, seed, share):
    y, predicted, _ = draw(60, share, seed)
    one = explain_residuals(y, predicted)
    other = explain_residuals(scale * (y + shift), scale * (predicted + shift))
    assert np.allclose(one.right, other.right, atol=1e-3)
    assert np.allclose(scale * (one.expected + shift), other.expected, rtol=1e-3, atol=1e-3 * scale)
    assert np.allclose(scale * one.scale, other.scale, rtol=1e-3)


def test_weights_count_as_repeated_rows():
    y, predicted, _ = draw(200, 0.1)
    weight = np.random.default_rng(1).integers(1, 4, 200)
    weighted = explain_residuals(y, predicted, weight.astype(float))
    repeated = explain_residuals(y.repeat(weight), predicted.repeat(weight))
    assert np.allclose(weighted.right, repeated.right[np.cumsum(weight) - 1], atol=0.01)
    assert weighted.outlier_share == pytest.approx(repeated.outlier_share, abs=0.002)


def test_weighted_median():
    assert weighted_median(np.array([3.0, 1, 2]), np.array([1.0, 1, 1])) == 2
    assert weighted_median(np.array([3.0, 1, 2]), np.array([5.0, 1, 1])) == 3
    assert weighted_median(np.array([3.0, 1, 2]), np.array([0.0, 4, 0])) == 1
