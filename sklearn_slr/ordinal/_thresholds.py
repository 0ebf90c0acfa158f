"""Thresholds as functions: fit the cuts between grades, apply them to scores."""

from __future__ import annotations

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
# The largest table of grades x distinct scores: this many cells take 1.6 GB.
_MAX_CELLS = 200_000_000


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
        One finite score for each row. Scores of a model should be out of fold. Equal scores
        always get the same grade.
    y : array-like of shape (n_samples,)
        The observed grades, as numbers.
    method : {"kappa", "moments", "nearest", "quantile"}, default="kappa"
        "kappa": the cuts with the best `metric` on these rows; the optimum is exact.
        "moments": scores are rescaled to the mean and the variance of `y`, and rounded to the
        nearest grade. "nearest": halfway between neighbouring grades; scores are not used.
        "quantile": each grade gets the share of the rows that it has in `y`.
    metric : {"accuracy", "linear_kappa", "mae", "quadratic_kappa"}, default="quadratic_kappa"
        The metric that ``method="kappa"`` optimises; the other methods do not use it. Kappas and
        "mae" (mean absolute error, minimised) weigh an error by the distance of the grades.
    grades : array-like of shape (n_grades,), default=None
        All grades, ascending numbers; the gaps between them may differ. None: the distinct
        values of `y` on rows of positive weight.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights >= 0; rows of weight zero are ignored.

    Returns
    -------
    ndarray of shape (n_grades - 1,)
        Ascending finite cuts. Cuts fitted to scores lie midway between neighbouring distinct
        scores, or just outside all scores if the lowest or highest grade is not predicted. A
        grade between two equal cuts is not predicted.

    See Also
    --------
    apply_thresholds : Turn scores into grades.
    ThresholdedRegressor : Cuts fitted to the out-of-fold scores of any regressor.

    Notes
    -----
    With y fixed, a kappa is 1 minus a ratio of two sums over rows. Dinkelbach's method minimises
    the ratio by minimising a few sums, and a dynamic programme over the sorted distinct scores
    minimises each sum in O(n_samples * n_grades). The optimum is global; a local search may miss
    it. Where no cuts beat chance, the cuts of the least squared (or absolute) error are returned
    if they match chance.

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
    distinct, prefix = _cumulate_weights(scores, np.searchsorted(grades, y), weight, len(grades))
    if method == "quantile":
        positions = quantile_positions(prefix)
    else:
        positions = optimal_positions(prefix, grades, metric)
    return _cuts_at(distinct, positions)


def fit_bagged_thresholds(scores, y, *, n_bags, seed, sample_weight, **options):
    """Return the mean cuts of `n_bags` bootstrap samples; the cuts of the rows if it is 0."""
    if n_bags == 0:
        return fit_thresholds(scores, y, sample_weight=sample_weight, **options)
    n_rows = len(scores)
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n_rows, np.full(n_rows, 1 / n_rows), size=n_bags)
    cuts = [fit_thresholds(scores, y, sample_weight=sample_weight * n, **options) for n in counts]
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
        One score for each row.
    thresholds : array-like of shape (n_grades - 1,)
        Ascending cuts; a grade between two equal cuts is not used. A score equal to a cut lies
        above it: the index of its grade is the number of cuts that are <= score.
    grades : array-like of shape (n_grades,), default=None
        The grade of each index, of any type. None: the indices 0..n_grades-1.

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
            f"scores hold {np.isnan(scores).sum()} NaN; expected a number for every row: drop "
            "those rows, or fix the model that predicted them."
        )
    values = None if grades is None else np.asarray(grades)
    thresholds = check_thresholds(thresholds, None if values is None else len(values))
    codes = np.searchsorted(thresholds, scores, side="right")
    return codes if values is None else values[codes]


def check_thresholds(thresholds: Any, n_grades: int | None = None) -> Floats:
    """Return thresholds as float64; raise a ValueError if they do not ascend or fit the grades."""
    thresholds = plain_numbers(thresholds, name="thresholds")
    expected = "n_grades - 1 >= 1" if n_grades is None else f"{n_grades - 1} for {n_grades} grades"
    if (
        thresholds.ndim != 1
        or len(thresholds) < 1
        or len(thresholds) + 1 != (n_grades or len(thresholds) + 1)
    ):
        raise ValueError(
            f"thresholds have shape {thresholds.shape}; expected a list of {expected}: pass one "
            "cut between each two neighbouring grades."
        )
    # Comparing neighbours accepts infinite cuts; NaN needs a check of its own.
    if np.isnan(thresholds).any() or not np.all(thresholds[:-1] <= thresholds[1:]):
        raise ValueError(
            f"thresholds={thresholds.tolist()} do not ascend; expected cuts without NaN, none "
            "smaller than the one before: sort them."
        )
    return thresholds


def _check_rows(scores, y, sample_weight):
    """Return float64 scores, grades and weights of the rows of positive weight."""
    scores = column_or_1d(plain_numbers(scores, name="scores"))
    y = column_or_1d(plain_array(y, name="y"))
    check_consistent_length(scores, y)
    if not np.all(np.isfinite(scores)):
        raise ValueError(
            f"scores hold {np.sum(~np.isfinite(scores))} NaN or infinite values; expected finite "
            "scores: drop those rows, or fix the model that predicted them."
        )
    try:
        y = y.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"y holds grades that are not numbers, such as '{y[0]}'; expected numbers: encode the "
            "grades as their positions 0, 1, 2, ... in order."
        ) from None
    weight = plain_weights(sample_weight, len(y))
    used = weight > 0
    if not used.any():
        raise ValueError(
            f"None of the {len(y)} rows has a positive weight; expected at least 1: check "
            "sample_weight."
        )
    return scores[used], y[used], weight[used]


def _check_grades(grades: Any, y: Any) -> Floats:
    """Return ascending grades as float64; every y must be one of them."""
    given = grades is not None
    grades = plain_numbers(grades, name="grades") if given else np.unique(y)
    if grades.ndim != 1 or len(grades) < 2:
        raise ValueError(
            f"{'grades' if given else 'y'} hold {grades.size} distinct grades; expected at least "
            "2: pass grades=[...] with all grades, or check y."
        )
    if not np.all(np.isfinite(grades)) or not np.all(grades[:-1] < grades[1:]):
        raise ValueError(
            f"grades={grades.tolist()} are not ascending finite numbers: pass "
            "grades=np.unique(...) without NaN."
        )
    if given and not np.isin(y, grades).all():
        raise ValueError(
            f"y holds the grade {y[~np.isin(y, grades)][0]}, which is not among "
            f"grades={grades.tolist()}: pass all grades."
        )
    return grades


def _cumulate_weights(scores, codes, weight, n_grades):
    """Return the distinct scores, and each grade's weight among the k lowest of them, for all k.

    Rows with equal scores share a column of the table, so no cut can separate them.
    """
    order = np.argsort(scores)
    scores, codes, weight = scores[order], codes[order], weight[order]
    ends = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))
    if len(ends) * n_grades > _MAX_CELLS:
        raise ValueError(
            f"y has {n_grades} grades and scores have {len(ends)} distinct values, too many for a "
            "table; y looks continuous: use a plain regressor, or bin y into grades."
        )
    prefix = np.zeros((n_grades, len(ends) + 1))
    below = np.empty(len(scores))  # one buffer for all grades: allocation takes most of the time
    for grade in range(n_grades):
        np.multiply(weight, codes == grade, out=below)
        np.cumsum(below, out=below)
        np.take(below, ends, out=prefix[grade, 1:], mode="clip")
    return scores[ends], prefix


def _cuts_at(distinct, positions):
    """Return cuts that have the given numbers of distinct scores below them."""
    first, last = distinct[0], distinct[-1]
    gap = (last - first) / (len(distinct) - 1) if len(distinct) > 1 else 1.0
    gap = max(gap, 2 * np.spacing(np.abs(distinct).max()))
    edges = np.concatenate([[first - gap], distinct, [last + gap]])
    below, above = edges[positions], edges[positions + 1]
    cuts = below / 2 + above / 2
    # Neighbouring floats have no midpoint; then the upper one, as a score equal to a cut is above.
    return np.where(cuts > below, cuts, above)


def _moment_cuts(scores, y, grades, weight):
    """Return the nearest-grade cuts of scores rescaled to the mean and the variance of y."""
    mean, spread = _moments(scores, weight)
    y_mean, y_spread = _moments(y, weight)
    if y_spread == 0:
        # All scores get the only grade in y: the cuts lie outside the scores.
        return _cuts_at(
            np.unique(scores), np.where(grades[1:] <= y_mean, 0, len(np.unique(scores)))
        )
    # Constant scores cannot be rescaled; they get the grade nearest to the mean of y.
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
