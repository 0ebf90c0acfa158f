import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from sklearn_slr.utils._labels import (
    check_numbers,
    encode_known_labels,
    encode_labels,
)

labels = st.one_of(
    st.lists(st.integers(-5, 5), min_size=2, max_size=20),
    st.lists(st.text(max_size=3), min_size=2, max_size=20),
    st.lists(st.booleans(), min_size=2, max_size=20),
)


@given(labels.filter(lambda y: len(set(y)) > 1))
def test_labels_are_decoded_to_what_they_were(y):
    classes, rows, codes = encode_labels(np.array(y))
    assert classes[codes].tolist() == np.array(y).tolist()
    assert np.array_equal(rows, np.eye(len(classes))[codes])
    assert np.array_equal(encode_known_labels(y, classes, name="y"), codes)


@given(st.lists(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), min_size=1, max_size=9))
def test_rows_are_scaled_to_sum_to_one(rows):
    rows = np.array(rows) / np.sum(rows, axis=1, keepdims=True)
    _, encoded, codes = encode_labels(rows.astype(np.float32))
    assert np.allclose(encoded, rows, atol=1e-6)
    assert np.allclose(encoded.sum(axis=1), 1, rtol=0, atol=1e-12)
    assert np.array_equal(codes, encoded.argmax(axis=1))


def test_a_frame_names_the_classes_and_a_class_may_have_no_mass():
    table = pd.DataFrame([[0.5, 0.5, 0], [1, 0, 0]], columns=["x", "y", "z"])
    assert encode_labels(table)[0].tolist() == ["x", "y", "z"]
    with pytest.raises(ValueError, match=r"1 class only \(\['x'\]"):
        encode_labels(table[1:])


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (pd.Series(["a", None, "b"]), ValueError, "NaN or None, e.g. in row 1"),
        (pd.array(["a", "b", pd.NA], dtype="string"), ValueError, "row 2"),
        (np.array([1.0, np.inf]), ValueError, "infinity"),
        (np.array([1, "a", 2], dtype=object), (TypeError, ValueError), "kind|sort|Unknown"),
        (sparse.csr_array(np.eye(2)), TypeError, "toarray"),
        (np.zeros((2, 2, 2)), TypeError, r"shape \(2, 2, 2\)"),
        (3, ValueError, "scalar"),
    ],
)
def test_bad_labels_are_refused(y, error, message):
    with pytest.raises(error, match=message):
        encode_labels(y)


def test_known_labels():
    classes = np.array(["a", "b"])
    assert encode_known_labels([[0.2, 0.8]], classes, name="y_val").tolist() == [1]
    with pytest.raises(ValueError, match=r"y_val has 3 columns.* 2 classes"):
        encode_known_labels([[0.2, 0.8, 0.0]], classes, name="y_val")
    with pytest.raises(ValueError, match="unseen in the training labels: c"):
        encode_known_labels(["c"], classes, name="y_val")


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_missing_numbers_are_named(missing):
    with pytest.raises(ValueError, match="Input y contains NaN"):
        check_numbers(np.array([1.0, missing], dtype=object))


def test_numbers():
    assert check_numbers([1, 2]).dtype == np.float64
    for y, error in (([1.0, np.nan], ValueError), (["1"], TypeError), ([[1, 2]], TypeError)):
        with pytest.raises(error):
            check_numbers(y)


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (["a", float("nan"), "b"], ValueError, "NaN or None, e.g. in row 1"),
        (["a", None, "b"], ValueError, "NaN or None, e.g. in row 1"),
        ([1, "a", 2], TypeError, "mixes labels of kinds int, str"),
        (np.array([1, "a", 2], dtype=object), TypeError, "mixes labels of kinds int, str"),
        (pd.Series(["a", 2.5, "b"]), TypeError, "mixes labels of kinds float, str"),
        ([[0], [1, 2]], ValueError, "rows of different lengths"),
        ((["a"], ["b", "c"]), ValueError, "rows of different lengths"),
    ],
)
def test_labels_that_numpy_would_make_strings_of_are_refused(y, error, message):
    with pytest.raises(error, match=message):
        encode_labels(y)
