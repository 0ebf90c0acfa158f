"""Grades of any type, encoded in order."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sklearn_slr.ordinal._grades import encode_grades, encode_weighted_grades


@pytest.mark.parametrize(
    ("y", "grades", "values", "codes"),
    [
        ([8, 1, 1], [1, 8], [1, 8], [1, 0, 0]),
        ([0.5, 2.0, 0.5], [0.5, 2.0], [0.5, 2.0], [0, 1, 0]),
        (["b", "a", "c"], ["a", "b", "c"], [0, 1, 2], [1, 0, 2]),
        (np.array([3, 1], dtype=object), [1, 3], [1, 3], [1, 0]),
        ([True, False], [False, True], [0, 1], [1, 0]),
    ],
)
def test_grades_are_sorted(y, grades, values, codes):
    for got, expected in zip(encode_grades(y), (grades, values, codes), strict=True):
        assert_array_equal(got, expected)


@pytest.mark.parametrize("wrap", [pd.Series, pd.Categorical])
def test_an_ordered_categorical_keeps_its_order(wrap):
    dtype = pd.CategoricalDtype(["low", "mid", "high", "unused"], ordered=True)
    y = wrap(["high", "low", "mid", "low"], dtype=dtype)
    grades, _, codes = encode_grades(y)
    assert_array_equal(grades, ["low", "mid", "high"])
    assert_array_equal(codes, [2, 0, 1, 0])
    unordered = encode_grades(pd.Series(["high", "low", "mid"], dtype="category"))[0]
    assert_array_equal(unordered, ["high", "low", "mid"])


def test_the_dtype_of_grades_is_kept():
    for dtype in (np.int32, np.uint8, np.float32):
        assert encode_grades(np.array([1, 2], dtype=dtype))[0].dtype == dtype


def test_grades_of_rows_without_weight_are_left_out():
    grades, values, codes, targets = encode_weighted_grades([0, 1, 2, 9], np.array([1, 0, 1, 0]))
    assert_array_equal(grades, [0, 2])
    assert_array_equal(values, [0, 2])
    assert_array_equal(codes[[0, 2]], [0, 1])
    assert set(codes) == {0, 1}  # the other rows have the code of a neighbouring grade
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
