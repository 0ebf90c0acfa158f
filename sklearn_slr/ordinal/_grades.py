"""Encode observed grades: as indices in order, and as the numbers that they stand for."""

import numpy as np
from sklearn.utils import column_or_1d

from ..utils._labels import as_array, check_numbers, find_missing, ordered_categories


def encode_grades(y):
    """Encode grades as indices in order, and as numbers.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Numbers, which stand for themselves; ordered categories of pandas, Arrow or polars
        (Enum), whose order is kept; or other values that can be sorted.

    Returns
    -------
    grades : ndarray of shape (n_grades,)
        The observed grades in order, as they were given.
    values : ndarray of shape (n_grades,)
        The number of each grade: the grade itself, or its position if it is not a number.
    codes : ndarray of int of shape (n_samples,)
        Index of each row's grade.

    Examples
    --------
    >>> from sklearn_slr.ordinal._grades import encode_grades
    >>> grades, values, codes = encode_grades([8, 1, 1])
    >>> grades.tolist(), values.tolist(), codes.tolist()
    ([1, 8], [1.0, 8.0], [1, 0, 0])
    """
    order = ordered_categories(y)
    y = as_array(y, name="y")
    if y.dtype.kind == "O" and y.size:
        _check_no_missing(y)
        y = y if order is not None else _convert_objects(y)
    if y.dtype.kind not in "OUS":
        numbers = check_numbers(y)
        grades, codes = np.unique(column_or_1d(y), return_inverse=True)
        return grades, np.unique(numbers), codes
    y = column_or_1d(y, warn=True)
    grades, codes = np.unique(y, return_inverse=True)
    if order is not None:
        rank = {grade: position for position, grade in enumerate(order)}
        by_rank = np.argsort([rank[grade] for grade in grades.tolist()])
        grades, codes = grades[by_rank], np.argsort(by_rank)[codes]
    return grades, np.arange(len(grades), dtype=np.float64), codes


def encode_weighted_grades(y, weight):
    """Encode grades, of which only those on rows of positive weight count.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Grades, as for `encode_grades`.
    weight : ndarray of shape (n_samples,)
        Weights >= 0.

    Returns
    -------
    grades, values : ndarray of shape (n_grades,)
        The grades observed where `weight` is positive, in order, and their numbers.
    codes : ndarray of int of shape (n_samples,)
        Index of each row's grade; of a neighbouring grade where that grade has no weight.
    targets : ndarray of shape (n_samples,)
        The number of each row's own grade.
    """
    grades, values, codes = encode_grades(y)
    used = np.unique(codes[weight > 0])
    nearby = np.clip(np.searchsorted(used, codes), 0, len(used) - 1)
    return grades[used], values[used], nearby, values[codes]


def _convert_objects(y):
    """Convert an object array to an array of numbers or of strings."""
    values = y.ravel().tolist()
    if len({isinstance(value, str) for value in values}) > 1:
        raise TypeError(
            "y mixes strings with other grades, so their order is unknown: convert them to one "
            "type, or pass an ordered pandas Categorical."
        )
    return np.array(values).reshape(y.shape)


def _check_no_missing(y):
    missing = find_missing(y)
    if missing.any():
        raise ValueError(
            f"y holds {missing.sum()} missing grades (NaN, None or NA); expected a grade for every "
            "row: drop the rows without one."
        )
