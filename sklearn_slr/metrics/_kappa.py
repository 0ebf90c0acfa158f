"""Quadratic weighted kappa of grades, for classifiers and for regressors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import make_scorer
from sklearn.utils import check_consistent_length, column_or_1d

from ..utils._arrays import plain_array, plain_weights, unit_of
from ..utils._labels import ordered_categories
from ..utils._sklearn import validate_params


@validate_params(
    {
        "y_true": ["array-like"],
        "y_pred": ["array-like"],
        "labels": ["array-like", None],
        "sample_weight": ["array-like", None],
    },
    prefer_skip_nested_validation=True,
)
def quadratic_weighted_kappa(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Compute the quadratic weighted kappa of predicted grades, or of scores rounded to grades.

    It is 1 - e / e_chance, with e the mean squared error, and e_chance that of the same
    predictions in random order: 1 is perfect, 0 is chance, below 0 is worse than chance.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        The true grades.
    y_pred : array-like of shape (n_samples,)
        The predicted grades. Values of a floating-point dtype are scores, as regressors predict
        them: each is rounded to the nearest grade, or to the higher one of two equally near.
    labels : array-like of shape (n_grades,), default=None
        All grades. Strings must be in ascending order, and are weighted by their positions.
        Numbers may be in any order, and are weighted by their values: the grades 0, 1, 4 have
        gaps of 1 and 3. None: the grades are the values of `y_true` and of `y_pred`; scores are
        rounded to the nearest grade in `y_true`. Pass `labels` if a grade may be absent from
        `y_true`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights >= 0.

    Returns
    -------
    float
        The kappa, at most 1. It is 0.0 if `y_true` or the (rounded) predictions are constant,
        because agreement and chance are then the same. It is never NaN.

    See Also
    --------
    quadratic_weighted_kappa_scorer : The same as a scorer, for `scoring=`.
    sklearn.metrics.cohen_kappa_score : Does not accept scores; weights grades by their rank
        among those present.

    Examples
    --------
    >>> from sklearn_slr.metrics import quadratic_weighted_kappa
    >>> quadratic_weighted_kappa([0, 1, 2, 3], [0, 1, 2, 2])
    0.875
    >>> quadratic_weighted_kappa([0, 1, 2, 3], [-0.4, 1.3, 1.9, 2.2])
    0.875
    >>> quadratic_weighted_kappa(["low", "high"], ["low", "high"], labels=["low", "mid", "high"])
    1.0
    """
    categories = ordered_categories(y_true) or ordered_categories(y_pred)
    y_true, y_pred = _check_grades(y_true, "y_true"), _check_column(y_pred, "y_pred")
    if labels is None and not _is_numeric(y_true):
        labels = categories
    check_consistent_length(y_true, y_pred)
    weight = plain_weights(sample_weight, len(y_true))
    if labels is None:
        true, pred = _numeric_grades(y_true, y_pred)
    else:
        true, pred = _labelled_grades(y_true, y_pred, _check_grades(labels, "labels"))
    used = weight > 0
    if not used.any():
        raise ValueError(
            f"None of the {len(weight)} rows has a positive weight; expected at least 1: check "
            "sample_weight."
        )
    return _kappa(true[used], pred[used], weight[used])


quadratic_weighted_kappa_scorer = make_scorer(quadratic_weighted_kappa)


def nearest_cuts(grades):
    """Return the cuts halfway between neighbouring grades, shape (n_grades - 1,)."""
    grades = np.asarray(grades, dtype=np.float64)
    return grades[:-1] / 2 + grades[1:] / 2


def _kappa(true, pred, weight):
    if np.ptp(true) == 0 or np.ptp(pred) == 0:
        return 0.0
    unit = unit_of(true, pred)
    true, pred = true * unit, pred * unit
    # Centered at the mean of the true grades, the cross term of the chance error is zero.
    center = np.average(true, weights=weight)
    error = weight @ (true - pred) ** 2
    chance_error = weight @ ((true - center) ** 2 + (pred - center) ** 2)
    return float(1 - error / chance_error)


def _numeric_grades(y_true, y_pred):
    """Return true grades and predictions as numbers; scores are rounded to true grades."""
    for name, y in (("y_true", y_true), ("y_pred", y_pred)):
        if not _is_numeric(y):
            raise ValueError(
                f"{name} holds grades that are not numbers, such as '{y[0]}', so their order is "
                "unknown: pass labels=[...] with all grades in ascending order."
            )
    true = y_true.astype(np.float64)
    return true, _round_scores(y_pred, np.unique(true))


def _labelled_grades(y_true, y_pred, labels):
    """Return true grades and predictions as numbers, given all grades."""
    if not _is_numeric(labels):
        return _find_positions(y_true, labels, "y_true"), _find_positions(y_pred, labels, "y_pred")
    for name, y in (("y_true", y_true), ("y_pred", y_pred)):
        if not _is_numeric(y):
            raise ValueError(
                f"{name} holds '{y[0]}', but labels are numbers: pass labels of the same type as "
                "the grades, in ascending order."
            )
    grades = np.unique(labels.astype(np.float64))
    true, pred = y_true.astype(np.float64), _round_scores(y_pred, grades)
    for name, values in (("y_true", true), ("y_pred", pred)):
        unknown = values[~np.isin(values, grades)]
        if len(unknown):
            raise ValueError(_describe_unknown_grade(name, unknown[0], grades))
    return true, pred


def _round_scores(y_pred, grades):
    pred = y_pred.astype(np.float64)
    if y_pred.dtype.kind != "f":
        return pred
    return grades[np.searchsorted(nearest_cuts(grades), pred, side="right")]


def _find_positions(y, labels, name):
    """Return the position of each grade in `labels`, as float64."""
    positions = {label: position for position, label in enumerate(labels.tolist())}
    if len(positions) < len(labels):
        raise ValueError(
            f"labels holds {len(labels) - len(positions)} repeated values: pass each grade once."
        )
    values = y.tolist()
    unknown = [value for value in values if value not in positions]
    if unknown:
        raise ValueError(_describe_unknown_grade(name, unknown[0], labels))
    return np.array([positions[value] for value in values], dtype=np.float64)


def _describe_unknown_grade(name, value, grades):
    return (
        f"{name} holds the grade {value}, which is not among labels={grades.tolist()}: pass "
        "labels=[...] with all grades."
    )


def _check_grades(y: Any, name: str) -> NDArray[Any]:
    """Return grades as a 1-D array; unlike scores, they must be finite, and at least one."""
    y = _check_column(y, name)
    if not len(y):
        raise ValueError(f"{name} holds no grades; expected at least 1.")
    if y.dtype.kind == "f" and np.isinf(y).any():
        raise ValueError(f"{name} holds infinite grades; expected finite ones.")
    return y


def _check_column(y: Any, name: str) -> NDArray[Any]:
    """Return grades or scores as a 1-D array without NaN."""
    y = column_or_1d(plain_array(y, name=name))
    if y.dtype.kind == "O" and len(y):
        y = np.asarray(y.tolist())
    if y.dtype.kind == "f" and np.isnan(y).any():
        raise ValueError(
            f"{name} holds {np.isnan(y).sum()} NaN; expected a grade or a score for every row: "
            "drop those rows, or fix the model that predicted them."
        )
    return y


def _is_numeric(y):
    return y.dtype.kind in "biuf"
