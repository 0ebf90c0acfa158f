"""Quadratic weighted kappa of grades, for classifiers and for regressors."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import make_scorer
from sklearn.utils import check_consistent_length, column_or_1d

from ..utils._arrays import plain_array, plain_weights, unit_of
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

    It is 1 minus the mean squared error, divided by the mean squared error of the same
    predictions dealt out at random: 1 is perfect, 0 is chance, below 0 is worse than chance.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        The true grades.
    y_pred : array-like of shape (n_samples,)
        The predicted grades. Those of a floating-point dtype are scores, as regressors give
        them: each is rounded to the nearest grade, the higher one where two are equally near.
    labels : array-like of shape (n_grades,), default=None
        All grades. Strings are taken in this order and weighted by their position. Numbers are
        weighted by their values whatever their order, so that the grades 0, 1, 4 have gaps of 1
        and 3. None: the grades are the values of `y_true` together with those of `y_pred`;
        scores are rounded to the nearest grade of `y_true`. Pass `labels` where scores may
        mean a grade that `y_true` lacks.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights >= 0.

    Returns
    -------
    float
        The kappa, at most 1. Where `y_true` or the (rounded) predictions are constant it is 0.0:
        agreement cannot be told from chance. It is never NaN.

    See Also
    --------
    quadratic_weighted_kappa_scorer : The same as a scorer, for `scoring=`.
    sklearn.metrics.cohen_kappa_score : Takes no scores, and weights by the rank of the grades
        that are present.

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
    y_true, y_pred = _grades(y_true, "y_true"), _column(y_pred, "y_pred")
    check_consistent_length(y_true, y_pred)
    weight = plain_weights(sample_weight, len(y_true))
    if labels is None:
        true, pred = _numeric_grades(y_true, y_pred)
    else:
        true, pred = _labelled_grades(y_true, y_pred, _grades(labels, "labels"))
    used = weight > 0
    if not used.any():
        raise ValueError(
            f"{len(weight)} rows were given, none of positive weight; at least 1 is wanted: check "
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
    # About the mean of the true grades the cross term of the chance error vanishes.
    center = np.average(true, weights=weight)
    observed = weight @ (true - pred) ** 2
    by_chance = weight @ ((true - center) ** 2 + (pred - center) ** 2)
    return float(1 - observed / by_chance)


def _numeric_grades(y_true, y_pred):
    """Return the numbers of true grades and of predictions, scores rounded to true grades."""
    for name, y in (("y_true", y_true), ("y_pred", y_pred)):
        if not _is_numeric(y):
            raise ValueError(
                f"{name} holds grades that are not numbers, such as '{y[0]}', and their order is "
                "not known: pass labels=[...] with all grades in ascending order."
            )
    true = y_true.astype(np.float64)
    return true, _round_scores(y_pred, np.unique(true))


def _labelled_grades(y_true, y_pred, labels):
    """Return the numbers of true grades and of predictions, where all grades are known."""
    if not _is_numeric(labels):
        return _positions(y_true, labels, "y_true"), _positions(y_pred, labels, "y_pred")
    for name, y in (("y_true", y_true), ("y_pred", y_pred)):
        if not _is_numeric(y):
            raise ValueError(
                f"{name} holds '{y[0]}', but labels are numbers: pass labels of the same kind as "
                "the grades, in ascending order."
            )
    grades = np.unique(labels.astype(np.float64))
    true, pred = y_true.astype(np.float64), _round_scores(y_pred, grades)
    for name, values in (("y_true", true), ("y_pred", pred)):
        unknown = values[~np.isin(values, grades)]
        if len(unknown):
            raise ValueError(_unknown_grade(name, unknown[0], grades))
    return true, pred


def _round_scores(y_pred, grades):
    pred = y_pred.astype(np.float64)
    if y_pred.dtype.kind != "f":
        return pred
    return grades[np.searchsorted(nearest_cuts(grades), pred, side="right")]


def _positions(y, labels, name):
    """Return the position of each grade among `labels`, as numbers."""
    place = {label: position for position, label in enumerate(labels.tolist())}
    if len(place) < len(labels):
        raise ValueError(
            f"labels holds {len(labels) - len(place)} repeated values: name each grade once."
        )
    values = y.tolist()
    unknown = [value for value in values if value not in place]
    if unknown:
        raise ValueError(_unknown_grade(name, unknown[0], labels))
    return np.array([place[value] for value in values], dtype=np.float64)


def _unknown_grade(name, value, grades):
    return (
        f"{name} holds the grade {value}, which is not among labels={grades.tolist()}: pass "
        "labels=[...] with all grades."
    )


def _grades(y: Any, name: str) -> NDArray[Any]:
    """Return `_column` of what are grades, not scores: finite, and at least one."""
    y = _column(y, name)
    if not len(y):
        raise ValueError(f"{name} holds no grades; at least 1 is wanted.")
    if y.dtype.kind == "f" and np.isinf(y).any():
        raise ValueError(f"{name} holds infinite grades; finite ones are wanted.")
    return y


def _column(y: Any, name: str) -> NDArray[Any]:
    """Return a 1-D array of numbers or of other grades; NaN is refused."""
    y = column_or_1d(plain_array(y, name=name))
    if y.dtype.kind == "O" and len(y):
        y = np.asarray(y.tolist())
    if y.dtype.kind == "f" and np.isnan(y).any():
        raise ValueError(
            f"{name} holds {np.isnan(y).sum()} NaN; a grade or a score for every row is wanted: "
            "drop those rows, or mend the model that predicted them."
        )
    return y


def _is_numeric(y):
    return y.dtype.kind in "biuf"
