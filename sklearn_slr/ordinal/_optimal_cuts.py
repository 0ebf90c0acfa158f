"""Exact cuts: Dinkelbach's method around a dynamic programme over sorted scores.

A table `prefix` of shape (n_grades, n_distinct + 1) holds, in column k, the weight of each true
grade among the k lowest distinct scores. A cut is a column: the number of distinct scores below.
"""

import numpy as np

from ..utils._arrays import unit_of

METRICS = ("accuracy", "linear_kappa", "mae", "quadratic_kappa")


def optimal_positions(prefix, grades, metric):
    """Return the columns of the cuts that make `metric` best, shape (n_grades - 1,)."""
    loss = _loss(grades, metric)
    positions = _cheapest_positions(prefix, loss)
    if metric in ("accuracy", "mae"):
        return positions
    total = prefix[:, -1]
    # Loss of each predicted grade against the rows' grades dealt out at random.
    by_chance = total @ loss / total.sum()
    ratio = _loss_ratio(prefix, positions, loss, by_chance)
    # A kappa is 1 - observed / chance. Dinkelbach: the cuts that minimise observed - ratio *
    # chance lower the ratio until it is the least one; it takes a handful of steps.
    while ratio > 0:
        candidate = _cheapest_positions(prefix, loss - ratio * by_chance)
        candidate_ratio = _loss_ratio(prefix, candidate, loss, by_chance)
        if not candidate_ratio < ratio * (1 - 1e-13):
            break
        positions, ratio = candidate, candidate_ratio
    return positions


def quantile_positions(prefix):
    """Return the columns of the cuts that leave the grades' own shares between them."""
    below = prefix.sum(axis=0)
    wanted = np.cumsum(prefix[:, -1])[:-1]
    right = np.clip(np.searchsorted(below, wanted), 1, len(below) - 1)
    return right - (wanted - below[right - 1] < below[right] - wanted)


def _loss(grades, metric):
    """Return what it costs to predict grade (column) where the truth is grade (row)."""
    distance = np.abs(grades[:, None] - grades)
    distance *= unit_of(distance)  # the best cuts are the same on any scale
    if metric == "accuracy":
        return (distance > 0).astype(np.float64)
    return distance**2 if metric == "quadratic_kappa" else distance


def _cheapest_positions(prefix, loss):
    """Return the ascending columns of least total loss.

    Moving cut g from column 0 to column k gives the k lowest scores grade g instead of g + 1. So
    the total is a sum over cuts of a function of that cut's column alone, and the programme runs
    over cuts: the best columns up to k of all cuts so far are a running minimum.
    """
    total = (loss[:, :-1] - loss[:, 1:]).T @ prefix
    apart = total.argmin(axis=1)
    if np.all(apart[:-1] <= apart[1:]):
        return apart  # each cut's own best column, and they ascend: nothing to weigh up
    for cut in range(1, len(total)):
        total[cut] += np.minimum.accumulate(total[cut - 1])
    positions = np.empty(len(total), dtype=np.intp)
    last = prefix.shape[1] - 1
    for cut in reversed(range(len(total))):
        last = positions[cut] = np.argmin(total[cut, : last + 1])
    return positions


def _loss_ratio(prefix, positions, loss, by_chance):
    """Return observed loss over loss by chance; infinite never, 0 where all y are one grade."""
    columns = np.concatenate([[0], positions, [prefix.shape[1] - 1]])
    confusion = np.diff(prefix[:, columns], axis=1)
    chance = confusion.sum(axis=0) @ by_chance
    return np.sum(confusion * loss) / chance if chance > 0 else 0.0
