import numpy as np
import pytest

from sklearn_slr.soft_targets._class_weight import apply_class_weight

P = np.array([[0.5, 0.5], [0.9, 0.1], [1.0, 0.0]])
WEIGHT = np.array([1.0, 2.0, 3.0])


def test_without_class_weights_nothing_changes():
    rows, weights = apply_class_weight(P, WEIGHT)
    assert rows is P
    assert weights is WEIGHT
    assert apply_class_weight(P)[1] is None


@pytest.mark.parametrize("class_weight", [{0: 2.0, 1: 0.5}, {1: 3.0}, "balanced"])
def test_probabilities_are_multiplied_by_both_weights(class_weight):
    rows, weights = apply_class_weight(P, WEIGHT, class_weight)
    counts = WEIGHT @ P
    factors = (
        counts.sum() / (2 * counts)
        if class_weight == "balanced"
        else [class_weight.get(0, 1.0), class_weight.get(1, 1.0)]
    )
    np.testing.assert_allclose(rows * weights[:, None], P * factors * WEIGHT[:, None])
    np.testing.assert_allclose(rows.sum(axis=1), 1)


def test_a_row_of_a_class_of_weight_zero_has_no_weight():
    rows, weights = apply_class_weight(P, None, {0: 0.0})
    assert weights[2] == 0
    np.testing.assert_allclose(rows.sum(axis=1), 1)
