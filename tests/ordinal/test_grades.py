"""Grades of any type, encoded in order."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sklearn_slr import ThresholdedRegressor
from sklearn_slr.metrics import quadratic_weighted_kappa
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


ORDER = ["low", "mid", "high"]  # which is not the alphabet's
GRADES = [ORDER[k] for k in (0, 2, 1, 0, 2, 1, 0, 2, 1, 0)]


def as_pandas(grades):
    return (
        pytest.importorskip("pandas")
        .Series(grades, dtype="category")
        .cat.set_categories(ORDER, ordered=True)
    )


def as_polars(grades):
    pl = pytest.importorskip("polars")
    return pl.Series(grades, dtype=pl.Enum(ORDER))


def as_arrow(grades):
    pa = pytest.importorskip("pyarrow")
    codes = pa.array([ORDER.index(grade) for grade in grades])
    return pa.DictionaryArray.from_arrays(codes, pa.array(ORDER), ordered=True)


def as_arrow_in_pandas(grades):
    pa, pd = pytest.importorskip("pyarrow"), pytest.importorskip("pandas")
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([as_arrow(grades)])))


@pytest.mark.parametrize("make", [as_pandas, as_polars, as_arrow, as_arrow_in_pandas])
def test_ordered_categories_keep_their_own_order_everywhere(make):
    y = make(GRADES)
    grades, _, codes = encode_grades(y)
    assert grades.tolist() == ORDER
    assert [ORDER[code] for code in codes] == GRADES
    X = np.array([[float(ORDER.index(grade))] for grade in GRADES])
    model = ThresholdedRegressor(cv=2, random_state=0).fit(X, y)
    assert model.grades_.tolist() == ORDER
    assert model.predict([[0.0], [1.0], [2.0]]).tolist() == ORDER
    assert model.score(X, y) == 1.0
    wrong = ["mid" if grade == "low" else grade for grade in GRADES]
    expected = quadratic_weighted_kappa(GRADES, wrong, labels=ORDER)
    assert quadratic_weighted_kappa(y, make(wrong)) == expected
