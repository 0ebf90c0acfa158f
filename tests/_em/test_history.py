import numpy as np
import pytest

from sklearn_slr._em._history import (
    class_quality,
    measure_classes,
    measure_numbers,
    number_quality,
)
from sklearn_slr.refinement._answers import answer_log_likelihood


def test_a_round_of_classes_by_hand():
    codes = np.array([0, 0, 1, -1])
    before = np.array([[1.0, 0], [1, 0], [0, 1], [0.5, 0.5]])
    after = np.array([[0.8, 0.2], [0.4, 0.6], [0, 1], [0.5, 0.5]])
    oof = np.array([[0.2, 0.8], [0.1, 0.9], [0, 1], [1, 0]])
    # The first round agreed with the first row, this one with the third.
    first = np.array([0, 1, 0, 1]), answer_log_likelihood(oof, codes[:, None])
    row, (likeliest, explained) = measure_classes(codes, before, after, oof, first)
    assert likeliest.tolist() == [1, 1, 1, 0]
    np.testing.assert_array_equal(explained, first[1])
    assert explained[3] == pytest.approx(0)  # it has no label
    assert row == pytest.approx(
        {
            "label_change": 0.2,
            "agreement": 2 / 3,
            "oof_score": 1 / 3,
            "agreement_gain": 0,
            "likelihood_gain": 0,
            "over_chance": 0,  # all predictions are of class 1, as a third of the labels
            "smallest_class_kept": 1.2 / 2,
        }
    )
    weight = np.array([1.0, 0, 3, 0])
    weighted, (_, explained) = measure_classes(codes, before, after, oof, first, weight)
    gained = explained - first[1]
    assert weighted == pytest.approx(
        {
            "label_change": 0.05,
            "agreement": 1,
            "oof_score": 0.75,
            "agreement_gain": (3 - 1) / 4**0.5,
            "likelihood_gain": (weight @ gained) / (weight @ gained**2) ** 0.5,
            "over_chance": 0,
            "smallest_class_kept": 0.8,
        }
    )


def test_quality_is_what_predictions_and_a_posterior_give_to_the_observed_class():
    mean_oof = np.array([[0.9, 0.1], [0.7, 0.3], [0.4, 0.6]])
    posterior = np.array([[0.4, 0.6], [1.0, 0.0], [0.0, 1.0]])
    codes = np.array([0, 1, -1])
    quality, issues = class_quality(codes, codes, mean_oof, posterior)
    assert np.allclose(quality, [0.6, 0.0, 1.0])  # sqrt(0.9 * 0.4), ...
    assert issues.tolist() == [False, True, False]
    # Without a posterior the pseudo-labels are all; 0.7 against 0.3 is less than 3 to 1.
    quality, issues = class_quality(codes, codes, mean_oof, odds=3)
    assert np.allclose(quality, [0.9, 0.3, 1.0])
    assert not issues.any()


def test_quality_of_numbers_is_the_probability_of_being_right():
    y = np.array([0.0, 1, 2, 3, 4, 5, 6, 7, 8, 50])
    P = y.clip(0, 9) + np.tile([0.1, -0.1], 5)
    quality, issues = number_quality(y, P)
    assert quality[:9].min() > 0.8 > 0.1 > quality[9]
    assert issues.tolist() == [False] * 9 + [True]
    # Without the row it is as if it were not there.
    quality, _ = number_quality(y, P, np.array([1.0] * 9 + [0]))
    assert np.allclose(quality[:9], number_quality(y[:9], P[:9])[0])


def test_residuals_that_are_mostly_zero_do_not_divide_by_zero():
    y, P = np.arange(20.0), np.arange(20.0)
    P[7] = 3
    quality, issues = number_quality(y, P)
    assert quality[7] < 0.01 < 0.99 < np.delete(quality, 7).min()
    assert np.flatnonzero(issues).tolist() == [7]


@pytest.mark.parametrize("unit", [2.0**-997, 2.0**-40, 2.0**100, 2.0**1010])
def test_numbers_of_any_magnitude_are_measured_alike(unit):
    y, P = np.array([0.0, 1, 2, 3, 10]), np.array([0.5, 2, 1, 3, 3])
    quality, issues = number_quality(y * unit, P * unit)
    assert np.array_equal(quality, number_quality(y, P)[0])
    assert np.array_equal(issues, number_quality(y, P)[1])
    row, _ = measure_numbers(y, y, P, P, y)
    small, _ = measure_numbers(*(v * unit for v in (y, y, P, P, y)))
    assert small["loss_gain"] == row["loss_gain"] < 0
    assert small["oof_score"] == row["oof_score"]
    assert small["agreement"] == row["agreement"]
    assert small["label_change"] == row["label_change"] * unit


def test_rounding_is_no_reason_to_doubt_a_constant():
    for value in (0.0, 0.1, -1e-300, 1e30):
        y = np.full(5, value)
        quality, issues = number_quality(y, y * (1 + 1e-16 * np.arange(5)))
        assert np.all(quality > 0.1)
        assert not issues.any()


def test_grades_are_issues_if_another_one_is_nearest():
    grades = np.array([0.0, 1, 4])
    y = np.array([0.0, 1, 4, 0, 1, 4])
    near = np.array([0.4, 0.6, 4.4, -0.4, 1.4, 3.6])
    assert number_quality(y, near, grades=grades)[1].tolist() == [False] * 6
    near[1] = 3.6
    assert number_quality(y, near, grades=grades)[1].tolist() == [False, True] + [False] * 4


def test_a_round_of_numbers_by_hand():
    y, after = np.array([0.0, 1.0]), np.array([0.0, 0.25])
    row, evidence = measure_numbers(y, y, after, np.array([0.25, 0.75]), grades=y)
    expected = {"label_change": 0.375, "agreement": 1.0, "oof_score": 0.75, "loss_gain": 0.0}
    assert row == pytest.approx(expected)
    assert evidence.tolist() == [0.25, 0.75]
    # Both rows had errors of 1/2 in the first round, of 1/4 now.
    row, _ = measure_numbers(y, y, after, np.array([0.25, 0.75]), np.array([0.5, 0.5]))
    assert row["loss_gain"] == pytest.approx(2**0.5)
