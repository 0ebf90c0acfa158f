"""Exact cuts: Dinkelbach's method around a dynamic programme over sorted scores.

A table `prefix` of shape (n_grades, n_distinct + 1) holds, in column k, the weight of each true
grade among the k lowest distinct scores. The position of a cut is a column of this table: the
number of distinct scores below the cut.
"""

import numpy as np

from ..utils._arrays import unit_of

METRICS = ("accuracy", "linear_kappa", "mae", "quadratic_kappa")


def optimal_positions(prefix, grades, metric):
    """Return the positions of the cuts with the best `metric`, shape (n_grades - 1,)."""
    loss = _loss_matrix(grades, metric)
    positions = _cheapest_positions(prefix, loss)
    if metric in ("accuracy", "mae"):
        return positions
    total = prefix[:, -1]
    # Expected loss of each predicted grade if the true grades were shuffled.
    chance_loss = total @ loss / total.sum()
    ratio = _loss_ratio(prefix, positions, loss, chance_loss)
    # A kappa is 1 - observed / chance. Dinkelbach: the cuts that minimise observed - ratio *
    # chance lower the ratio, until it is minimal. This takes a handful of steps.
    while ratio > 0:
        candidate = _cheapest_positions(prefix, loss - ratio * chance_loss)
        candidate_ratio = _loss_ratio(prefix, candidate, loss, chance_loss)
        if not candidate_ratio < ratio * (1 - 1e-13):
            break
        positions, ratio = candidate, candidate_ratio
    return positions


def quantile_positions(prefix):
    """Return the positions of the cuts that predict each grade as often as it is observed."""
    below = prefix.sum(axis=0)
    target = np.cumsum(prefix[:, -1])[:-1]
    right = np.clip(np.searchsorted(below, target), 1, len(below) - 1)
    return right - (target - below[right - 1] < below[right] - target)


def _loss_matrix(grades, metric):
    """Return the loss of predicting grade (column) where the true grade is (row)."""
    distance = np.abs(grades[:, None] - grades)
    distance *= unit_of(distance)  # the best cuts are the same on any scale
    if metric == "accuracy":
        return (distance > 0).astype(np.float64)
    return distance**2 if metric == "quadratic_kappa" else distance


def _cheapest_positions(prefix, loss):
    """Return the ascending positions of least total loss.

    Moving cut g from column 0 to column k gives the k lowest scores grade g instead of g + 1. So
    the total is a sum over cuts, each term a function of that cut's column alone, and the
    programme runs over cuts: the least total of the cuts so far, up to column k, is a running
    minimum.
    """
    total = (loss[:, :-1] - loss[:, 1:]).T @ prefix
    separate = total.argmin(axis=1)
    if np.all(separate[:-1] <= separate[1:]):
        return separate  # the best column of each cut alone; they ascend already
    for cut in range(1, len(total)):
        total[cut] += np.minimum.accumulate(total[cut - 1])
    positions = np.empty(len(total), dtype=np.intp)
    last = prefix.shape[1] - 1
    for cut in reversed(range(len(total))):
        last = positions[cut] = np.argmin(total[cut, : last + 1])
    return positions


def _loss_ratio(prefix, positions, loss, chance_loss):
    """Return observed loss / chance loss; 0.0 where all rows have one grade."""
    columns = np.concatenate([[0], positions, [prefix.shape[1] - 1]])
    confusion = np.diff(prefix[:, columns], axis=1)
    chance = confusion.sum(axis=0) @ chance_loss
    return np.sum(confusion * loss) / chance if chance > 0 else 0.0
