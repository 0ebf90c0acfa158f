"""Grades of any kind, encoded in order."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sklearn_slr.ordinal._grades import encode_grades, encode_weighted_grades


@pytest.mark.parametrize(
    ("y", "labels", "values", "codes"),
    [
        ([8, 1, 1], [1, 8], [1, 8], [1, 0, 0]),
        ([0.5, 2.0, 0.5], [0.5, 2.0], [0.5, 2.0], [0, 1, 0]),
        (["b", "a", "c"], ["a", "b", "c"], [0, 1, 2], [1, 0, 2]),
        (np.array([3, 1], dtype=object), [1, 3], [1, 3], [1, 0]),
        ([True, False], [False, True], [0, 1], [1, 0]),
    ],
)
def test_grades_are_sorted(y, labels, values, codes):
    grades, got = encode_grades(y)
    assert_array_equal(grades.labels, labels)
    assert_array_equal(grades.values, values)
    assert_array_equal(got, codes)


@pytest.mark.parametrize("wrap", [pd.Series, pd.Categorical])
def test_an_ordered_categorical_keeps_its_order(wrap):
    kind = pd.CategoricalDtype(["low", "mid", "high", "unused"], ordered=True)
    y = wrap(["high", "low", "mid", "low"], dtype=kind)
    grades, codes = encode_grades(y)
    assert_array_equal(grades.labels, ["low", "mid", "high"])
    assert_array_equal(codes, [2, 0, 1, 0])
    unordered, _ = encode_grades(pd.Series(["high", "low", "mid"], dtype="category"))
    assert_array_equal(unordered.labels, ["high", "low", "mid"])


def test_the_dtype_of_grades_is_kept():
    for dtype in (np.int32, np.uint8, np.float32):
        assert encode_grades(np.array([1, 2], dtype=dtype))[0].labels.dtype == dtype


def test_grades_of_weightless_rows_are_no_grades():
    grades, codes, targets = encode_weighted_grades([0, 1, 2, 9], np.array([1, 0, 1, 0]))
    assert_array_equal(grades.labels, [0, 2])
    assert_array_equal(codes[[0, 2]], [0, 1])
    assert set(codes) == {0, 1}  # the others have a neighbour's
    assert_array_equal(targets, [0, 1, 2, 9])


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        ([0.0, np.nan], ValueError, "NaN"),
        (np.array(["a", None], dtype=object), ValueError, "1 missing grades"),
        (np.ones((3, 2)), TypeError, "shape"),
        (None, ValueError, "requires y"),
        (np.array(["a", 1], dtype=object), TypeError, "mixes strings with other grades"),
    ],
)
def test_errors_say_what_is_wrong(y, error, message):
    with pytest.raises(error, match=message):
        encode_grades(y)
