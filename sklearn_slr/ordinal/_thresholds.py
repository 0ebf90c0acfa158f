"""Thresholds as functions: fit the cuts between grades, apply them to scores."""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length, column_or_1d

from ..metrics._kappa import nearest_cuts
from ..utils._arrays import plain_array, plain_numbers, plain_weights, unit_of
from ..utils._sklearn import StrOptions, validate_params
from ..utils._typing import Floats
from ._optimal_cuts import METRICS, optimal_positions, quantile_positions

METHODS = ("kappa", "moments", "nearest", "quantile")
# A table of grades x distinct scores is kept in memory: this many cells are 1.6 GB.
_MOST_CELLS = 200_000_000


@validate_params(
    {
        "scores": ["array-like"],
        "y": ["array-like"],
        "method": [StrOptions(set(METHODS))],
        "metric": [StrOptions(set(METRICS))],
        "grades": ["array-like", None],
        "sample_weight": ["array-like", None],
    },
    prefer_skip_nested_validation=True,
)
def fit_thresholds(
    scores: ArrayLike,
    y: ArrayLike,
    *,
    method: Literal["kappa", "moments", "nearest", "quantile"] = "kappa",
    metric: Literal["accuracy", "linear_kappa", "mae", "quadratic_kappa"] = "quadratic_kappa",
    grades: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
) -> Floats:
    """Fit the cuts that turn scores into grades.

    Parameters
    ----------
    scores : array-like of shape (n_samples,)
        One finite score a row, out of fold wherever a model gave them. Equal scores always get
        the same grade.
    y : array-like of shape (n_samples,)
        The observed grades, as numbers.
    method : {"kappa", "moments", "nearest", "quantile"}, default="kappa"
        "kappa": the cuts of the best `metric` that any cuts reach on these rows, exactly.
        "moments": scores are rescaled to the mean and the variance of `y`, and rounded to the
        nearest grade. "nearest": halfway between neighbouring grades, whatever the scores.
        "quantile": each grade gets the share of the rows that it has in `y`.
    metric : {"accuracy", "linear_kappa", "mae", "quadratic_kappa"}, default="quadratic_kappa"
        What ``method="kappa"`` makes best; the others do not look at it. Kappas and "mae" (mean
        absolute error, made small) weigh an error by the numeric distance of the grades.
    grades : array-like of shape (n_grades,), default=None
        All grades, ascending numbers; the gaps between them may differ. None: the distinct
        values of `y` on rows of positive weight.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights >= 0; rows of weight zero are as good as absent.

    Returns
    -------
    ndarray of shape (n_grades - 1,)
        Ascending finite cuts. Fitted ones lie midway between neighbouring distinct scores, and
        just outside all scores where an outermost grade is not used; a grade between two equal
        cuts is not used.

    See Also
    --------
    apply_thresholds : Turn scores into grades.
    ThresholdedRegressor : Cuts fitted out of fold around any regressor.

    Notes
    -----
    With y fixed, a kappa is 1 minus a ratio of two sums over rows. Dinkelbach's method solves
    the ratio by a few sums, and a dynamic programme over the sorted distinct scores solves each
    sum in O(n_samples * n_grades). The optimum is global; a search from a starting point may
    stick. Where no cuts beat chance, those of the least squared (or absolute) error are returned
    if they match it.

    Examples
    --------
    >>> from sklearn_slr.ordinal import apply_thresholds, fit_thresholds
    >>> scores = [0.1, 0.2, 0.4, 0.5, 0.9, 1.2]
    >>> cuts = fit_thresholds(scores, [0, 0, 1, 1, 2, 2])
    >>> cuts.round(2)
    array([0.3, 0.7])
    >>> apply_thresholds(scores, cuts)
    array([0, 0, 1, 1, 2, 2])
    """
    scores, y, weight = _check_rows(scores, y, sample_weight)
    grades = _check_grades(grades, y)
    if method == "nearest":
        return nearest_cuts(grades)
    if method == "moments":
        return _moment_cuts(scores, y, grades, weight)
    distinct, prefix = _weight_below(scores, np.searchsorted(grades, y), weight, len(grades))
    if method == "quantile":
        positions = quantile_positions(prefix)
    else:
        positions = optimal_positions(prefix, grades, metric)
    return _cuts_at(distinct, positions)


def fit_bagged_thresholds(scores, y, *, n_bags, seed, sample_weight, **how):
    """Return the mean of the cuts of `n_bags` bootstrap samples; 0 bags are the rows themselves."""
    if n_bags == 0:
        return fit_thresholds(scores, y, sample_weight=sample_weight, **how)
    n_rows = len(scores)
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(n_rows, np.full(n_rows, 1 / n_rows), size=n_bags)
    cuts = [fit_thresholds(scores, y, sample_weight=sample_weight * n, **how) for n in draws]
    return np.mean(cuts, axis=0)


@validate_params(
    {"scores": ["array-like"], "thresholds": ["array-like"], "grades": ["array-like", None]},
    prefer_skip_nested_validation=True,
)
def apply_thresholds(
    scores: ArrayLike, thresholds: ArrayLike, grades: ArrayLike | None = None
) -> NDArray[Any]:
    """Turn scores into grades.

    Parameters
    ----------
    scores : array-like of shape (n_samples,)
        One score a row.
    thresholds : array-like of shape (n_grades - 1,)
        Ascending cuts; equal neighbours leave the grade between them unused. A score equal to a
        cut lies above it: the index of its grade is the number of cuts that are <= score.
    grades : array-like of shape (n_grades,), default=None
        What to return for each index, of any kind; None: the indices 0..n_grades-1.

    Returns
    -------
    ndarray of shape (n_samples,)
        The grades.

    See Also
    --------
    fit_thresholds : Fit the cuts.

    Examples
    --------
    >>> from sklearn_slr.ordinal import apply_thresholds
    >>> apply_thresholds([0.2, 0.5, 3.0], [0.5, 1.5], grades=["low", "mid", "high"])
    array(['low', 'mid', 'high'], dtype='<U4')
    """
    scores = column_or_1d(plain_numbers(scores, name="scores"))
    if np.isnan(scores).any():
        raise ValueError(
            f"scores hold {np.isnan(scores).sum()} NaN; a number for every row is wanted: drop "
            "those rows, or mend the model that predicted them."
        )
    names = None if grades is None else np.asarray(grades)
    thresholds = check_thresholds(thresholds, None if names is None else len(names))
    indices = np.searchsorted(thresholds, scores, side="right")
    return indices if names is None else names[indices]


def check_thresholds(thresholds: Any, n_grades: int | None = None) -> Floats:
    """Return float64 cuts, or raise a ValueError unless they ascend and fit the grades."""
    thresholds = plain_numbers(thresholds, name="thresholds")
    wanted = "n_grades - 1 >= 1" if n_grades is None else f"{n_grades - 1} for {n_grades} grades"
    if (
        thresholds.ndim != 1
        or len(thresholds) < 1
        or len(thresholds) + 1 != (n_grades or len(thresholds) + 1)
    ):
        raise ValueError(
            f"thresholds have shape {thresholds.shape}; a list of {wanted} is wanted: pass one "
            "cut between each two neighbouring grades."
        )
    # Compared neighbour with neighbour, so that infinite cuts are fine and NaN is not.
    if np.isnan(thresholds).any() or not np.all(thresholds[:-1] <= thresholds[1:]):
        raise ValueError(
            f"thresholds={thresholds.tolist()} do not ascend; cuts without NaN, each no smaller "
            "than the one before, are wanted: sort them."
        )
    return thresholds


def _check_rows(scores, y, sample_weight):
    """Return float64 scores, grades and weights of the rows of positive weight."""
    scores = column_or_1d(plain_numbers(scores, name="scores"))
    y = column_or_1d(plain_array(y, name="y"))
    check_consistent_length(scores, y)
    if not np.all(np.isfinite(scores)):
        raise ValueError(
            f"scores hold {np.sum(~np.isfinite(scores))} NaN or infinite values; finite scores "
            "are wanted: drop those rows, or mend the model that predicted them."
        )
    try:
        y = y.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"y holds grades that are not numbers, such as '{y[0]}'; numbers are wanted: encode "
            "the grades as their positions 0, 1, 2, ... in order."
        ) from None
    weight = plain_weights(sample_weight, len(y))
    used = weight > 0
    if not used.any():
        raise ValueError(
            f"{len(y)} rows were given, none of positive weight; at least 1 is wanted: check "
            "sample_weight."
        )
    return scores[used], y[used], weight[used]


def _check_grades(grades: Any, y: Any) -> Floats:
    """Return float64 ascending grades that hold every y."""
    given = grades is not None
    grades = plain_numbers(grades, name="grades") if given else np.unique(y)
    if grades.ndim != 1 or len(grades) < 2:
        raise ValueError(
            f"{'grades' if given else 'y'} hold {grades.size} distinct grades; at least 2 are "
            "wanted: pass grades=[...] with all grades, or check y."
        )
    if not np.all(np.isfinite(grades)) or not np.all(grades[:-1] < grades[1:]):
        raise ValueError(
            f"grades={grades.tolist()} are not ascending finite numbers: pass "
            "grades=np.unique(...), without NaN."
        )
    if given and not np.isin(y, grades).all():
        raise ValueError(
            f"y holds the grade {y[~np.isin(y, grades)][0]}, which is not among "
            f"grades={grades.tolist()}: pass all grades."
        )
    return grades


def _weight_below(scores, codes, weight, n_grades):
    """Return the distinct scores, and a table: each grade's weight among the lowest 0, 1, .. all.

    Rows of equal scores enter the table together, so that no cut can come between them.
    """
    order = np.argsort(scores)
    scores, codes, weight = scores[order], codes[order], weight[order]
    ends = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))
    if len(ends) * n_grades > _MOST_CELLS:
        raise ValueError(
            f"y has {n_grades} grades and scores have {len(ends)} distinct values, too many to "
            "tabulate; y looks continuous: use a plain regressor, or bin y into grades."
        )
    prefix = np.zeros((n_grades, len(ends) + 1))
    below = np.empty(len(scores))  # one buffer for all grades: fresh memory is what costs time
    for grade in range(n_grades):
        np.multiply(weight, codes == grade, out=below)
        np.cumsum(below, out=below)
        np.take(below, ends, out=prefix[grade, 1:], mode="clip")
    return scores[ends], prefix


def _cuts_at(distinct, positions):
    """Return cuts with the given numbers of distinct scores below them."""
    first, last = distinct[0], distinct[-1]
    gap = (last - first) / (len(distinct) - 1) if len(distinct) > 1 else 1.0
    gap = max(gap, 2 * np.spacing(np.abs(distinct).max()))
    edges = np.concatenate([[first - gap], distinct, [last + gap]])
    below, above = edges[positions], edges[positions + 1]
    cuts = below / 2 + above / 2
    # Neighbouring floats have no midpoint, and a score equal to a cut lies above it.
    return np.where(cuts > below, cuts, above)


def _moment_cuts(scores, y, grades, weight):
    """Return the nearest-grade cuts of scores rescaled to the mean and the variance of y."""
    mean, spread = _moments(scores, weight)
    y_mean, y_spread = _moments(y, weight)
    if y_spread == 0:
        # Every score is to get the one grade of y: the cuts lie outside the scores.
        return _cuts_at(
            np.unique(scores), np.where(grades[1:] <= y_mean, 0, len(np.unique(scores)))
        )
    # Constant scores cannot be rescaled; they get the grade nearest to the mean.
    scale = spread / y_spread if spread > 0 else 1.0
    return mean + (nearest_cuts(grades) - y_mean) * scale


def _moments(values, weight):
    """Return the weighted mean and standard deviation, exact for constants."""
    shifted = values - values[0]
    unit = unit_of(shifted)
    shifted *= unit
    mean = np.average(shifted, weights=weight)
    spread = np.sqrt(np.average((shifted - mean) ** 2, weights=weight))
    return values[0] + mean / unit, spread / unit
