"""Observed grades, encoded: labels in order, and the numbers that they stand for."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import column_or_1d

from ..utils._labels import as_array, check_numbers, find_missing


@dataclass(frozen=True)
class Grades:
    """Grades in order.

    Parameters
    ----------
    labels : ndarray of shape (n_grades,)
        The grades, as they were given.
    values : ndarray of shape (n_grades,)
        The numbers that they stand for: themselves, or the positions of what are no numbers.
    """

    labels: np.ndarray
    values: np.ndarray


def encode_grades(y):
    """Return the grades of y, and for each row the index of its grade.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Numbers, which stand for themselves; an ordered pandas Categorical, whose order is kept;
        or anything else that can be sorted.

    Returns
    -------
    grades : Grades
        The observed grades, in order.
    codes : ndarray of int of shape (n_samples,)
        Index of each row's grade.

    Examples
    --------
    >>> from sklearn_slr.ordinal._grades import encode_grades
    >>> grades, codes = encode_grades([8, 1, 1])
    >>> grades.values.tolist(), codes.tolist()
    ([1.0, 8.0], [1, 0, 0])
    """
    order = _category_order(y)
    y = as_array(y, name="y")
    if y.dtype.kind == "O" and y.size:
        _refuse_missing(y)
        y = y if order is not None else _plain(y)
    if y.dtype.kind not in "OUS":
        numbers = check_numbers(y)
        labels, codes = np.unique(column_or_1d(y), return_inverse=True)
        return Grades(labels, np.unique(numbers)), codes
    y = column_or_1d(y, warn=True)
    labels, codes = np.unique(y, return_inverse=True)
    if order is not None:
        rank = {label: position for position, label in enumerate(order)}
        resort = np.argsort([rank[label] for label in labels.tolist()])
        labels, codes = labels[resort], np.argsort(resort)[codes]
    return Grades(labels, np.arange(len(labels), dtype=np.float64)), codes


def encode_weighted_grades(y, weight):
    """Return the grades of rows of positive weight, and every row's index and number.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        As `encode_grades` takes it.
    weight : ndarray of shape (n_samples,)
        Weights >= 0.

    Returns
    -------
    grades : Grades
        The grades observed where `weight` is positive, in order.
    codes : ndarray of int of shape (n_samples,)
        Index of each row's grade; of a neighbour where no row of positive weight has that grade.
    targets : ndarray of shape (n_samples,)
        The number that each row's own grade stands for.
    """
    grades, codes = encode_grades(y)
    targets = grades.values[codes]
    used = np.unique(codes[weight > 0])
    kept = Grades(grades.labels[used], grades.values[used])
    return kept, np.clip(np.searchsorted(used, codes), 0, len(used) - 1), targets


def _category_order(y):
    """Return the categories of an ordered pandas Categorical, else None."""
    kind = getattr(y, "dtype", None)
    return kind.categories.tolist() if getattr(kind, "ordered", None) is True else None


def _plain(y):
    """Return numbers for an object array of numbers, strings for one of strings."""
    values = y.ravel().tolist()
    if len({isinstance(value, str) for value in values}) > 1:
        raise TypeError(
            "y mixes strings with other grades, and their order is not known: make them one kind, "
            "or pass an ordered pandas Categorical."
        )
    return np.array(values).reshape(y.shape)


def _refuse_missing(y):
    missing = find_missing(y)
    if missing.any():
        raise ValueError(
            f"y holds {missing.sum()} missing grades (NaN, None or NA); a grade for every row is "
            "wanted: drop the rows without one."
        )
