"""Contents of rows: images, texts and values of columns."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_slr.displays._row_contents import RowContents

contents_of = RowContents.from_inputs


def test_columns_of_a_table_are_only_shown_without_texts():
    table = np.zeros((3, 20))
    assert contents_of(table, 3).columns == [f"x{k}" for k in range(12)]
    assert contents_of(table, 3, text=["a"] * 3).columns == []


def test_columns_of_a_frame_are_always_shown():
    frame = pd.DataFrame({"a": [1.5, 2, 3], 7: ["x", "y", None]})
    assert contents_of(frame, 3, text=["a"] * 3).columns == ["a", "7"]
    assert contents_of(frame, 3).values(0) == ["1.5", "x"]


def test_strings_are_texts():
    texts = ["some", "list", "here"]
    assert contents_of(texts, 3).text == texts
    series = pd.Series(["a", "b \n b", "c"], index=[5, 6, 7])
    assert contents_of(series, 3).snippet(1, 9) == "b b"
    assert contents_of(series, 3).snippet(1, 2) == "b…"


@pytest.mark.parametrize(
    "X", [None, sparse.csr_array(np.eye(3)), np.zeros((3, 4, 4)), {"a": [1, 2, 3]}]
)
def test_other_inputs_have_neither_texts_nor_columns(X):
    contents = contents_of(X, 3)
    assert contents.text is None
    assert contents.columns == contents.values(0) == []


def test_an_array_of_three_dimensions_is_images():
    X = np.zeros((4, 5, 6))
    assert contents_of(X, 4).images is X
    assert contents_of(X, 4, text=["a"] * 4).images is None
    # The channels could be first or last.
    assert contents_of(np.zeros((4, 3, 5, 6)), 4).images is None
