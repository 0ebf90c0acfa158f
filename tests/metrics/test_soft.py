"""The log-loss of probability targets."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from sklearn_slr.metrics import soft_log_loss

TARGETS = np.array([[0.5, 0.5], [1.0, 0.0], [0.25, 0.75]])
PROBA = np.array([[0.5, 0.5], [0.8, 0.2], [0.25, 0.75]])


def test_number_computed_by_hand():
    losses = [np.log(2), -np.log(0.8), -0.25 * np.log(0.25) - 0.75 * np.log(0.75)]
    assert soft_log_loss(TARGETS, PROBA) == pytest.approx(np.mean(losses))
    weighted = soft_log_loss(TARGETS, PROBA, sample_weight=[1, 0, 3])
    assert weighted == pytest.approx((losses[0] + 3 * losses[2]) / 4)


def test_one_hot_targets_give_the_log_loss():
    labels = np.array([0, 1, 1])
    assert soft_log_loss(np.eye(2)[labels], PROBA) == pytest.approx(log_loss(labels, PROBA))


def test_is_smallest_where_probabilities_equal_targets():
    best = soft_log_loss(TARGETS, TARGETS)
    rng = np.random.default_rng(0)
    for _ in range(50):
        assert soft_log_loss(TARGETS, rng.dirichlet([1, 1], size=3)) >= best


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zero_probability_is_finite(dtype):
    loss = soft_log_loss([[1.0, 0.0]], np.array([[0.0, 1.0]], dtype=dtype))
    assert loss == pytest.approx(-np.log(np.finfo(dtype).eps))


@pytest.mark.parametrize(
    ("targets", "proba", "message"),
    [
        ([[0.5, 0.5]], [[0.2, 0.2, 0.6]], "shape"),
        ([[0.5, 0.9]], [[0.5, 0.5]], "targets holds rows that are not probabilities"),
        ([[0.5, 0.5]], [[-0.5, 1.5]], "proba holds rows that are not probabilities"),
        ([[0.5, 0.5]], [[np.nan, 0.5]], "NaN"),
        ([[0.5, 0.5]] * 2, [[0.5, 0.5]], "inconsistent"),
    ],
)
def test_bad_rows_are_refused(targets, proba, message):
    with pytest.raises(ValueError, match=message):
        soft_log_loss(targets, proba)
