import itertools

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_slr.ordinal._optimal_cuts import METRICS, optimal_positions, quantile_positions

# Five distinct scores, one row each, of grades 0, 0, 1, 2, 2: weights among the k lowest.
PREFIX = np.array([[0, 1, 2, 2, 2, 2], [0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 1, 2]], dtype=float)
GRADES = np.array([0.0, 1.0, 2.0])


@pytest.mark.parametrize("metric", METRICS)
def test_grades_in_order_are_separated_without_errors(metric):
    assert optimal_positions(PREFIX, GRADES, metric).tolist() == [2, 3]


def test_shares_of_grades_are_kept():
    assert quantile_positions(PREFIX).tolist() == [2, 3]


@pytest.mark.parametrize("seed", range(20))
def test_shares_are_kept_as_nearly_as_ties_and_weights_allow(seed):
    rng = np.random.default_rng(seed)
    cells = rng.random((3, 5)) + 0.01
    prefix = np.concatenate([np.zeros((3, 1)), np.cumsum(cells, axis=1)], axis=1)
    target = np.cumsum(cells.sum(axis=1))[:-1]
    error = np.abs(np.cumsum(np.append(0, cells.sum(axis=0))) - target[:, None])
    assert_array_equal(quantile_positions(prefix), error.argmin(axis=1))


@pytest.mark.parametrize("seed", range(20))
def test_no_other_columns_make_fewer_errors(seed):
    rng = np.random.default_rng(seed)
    cells = rng.integers(0, 3, size=(3, 6)) + np.eye(3, 6)
    prefix = np.concatenate([np.zeros((3, 1)), np.cumsum(cells, axis=1)], axis=1)

    def absolute_error(cuts):
        edges = [0, *cuts, prefix.shape[1] - 1]
        weights = [prefix[:, b] - prefix[:, a] for a, b in itertools.pairwise(edges)]
        return sum(w @ np.abs(GRADES - g) for w, g in zip(weights, GRADES, strict=True))

    best = min(
        absolute_error(cuts) for cuts in itertools.combinations_with_replacement(range(7), 2)
    )
    assert absolute_error(optimal_positions(prefix, GRADES, "mae")) == best
