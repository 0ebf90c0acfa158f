import numpy as np
import pytest

from sklearn_slr.soft_targets.routes._row_weights import refuse_fit_params, soft_moments, weigh_rows

P = np.array([[0.5, 0.5], [0.9, 0.1], [1.0, 0.0]])
WEIGHT = np.array([1.0, 2.0, 3.0])


def test_without_class_weights_nothing_changes():
    rows, weights = weigh_rows(P, WEIGHT)
    assert rows is P
    assert weights is WEIGHT
    assert weigh_rows(P)[1] is None


@pytest.mark.parametrize("class_weight", [{0: 2.0, 1: 0.5}, {1: 3.0}, "balanced"])
def test_mass_is_probability_times_both_weights(class_weight):
    rows, weights = weigh_rows(P, WEIGHT, class_weight)
    counts = WEIGHT @ P
    factors = (
        counts.sum() / (2 * counts)
        if class_weight == "balanced"
        else [class_weight.get(0, 1.0), class_weight.get(1, 1.0)]
    )
    np.testing.assert_allclose(rows * weights[:, None], P * factors * WEIGHT[:, None])
    np.testing.assert_allclose(rows.sum(axis=1), 1)


def test_a_row_of_a_weightless_class_has_no_weight():
    rows, weights = weigh_rows(P, None, {0: 0.0})
    assert weights[2] == 0
    np.testing.assert_allclose(rows.sum(axis=1), 1)


def test_moments():
    X = np.random.default_rng(0).normal(5, 1, (3, 2))
    counts, means, variances = soft_moments(X, P * WEIGHT[:, None])
    np.testing.assert_allclose(counts, WEIGHT @ P)
    for k in range(2):
        weight = P[:, k] * WEIGHT
        mean = np.average(X, axis=0, weights=weight)
        np.testing.assert_allclose(means[k], mean)
        np.testing.assert_allclose(
            variances[k], np.average((X - mean) ** 2, axis=0, weights=weight)
        )


def test_unknown_keywords():
    refuse_fit_params(object(), {})
    with pytest.raises(TypeError, match=r"object\.fit\(\) got an unexpected keyword argument 'a'"):
        refuse_fit_params(object(), {"a": 1})
