"""LabelIssuesDisplay: the right rows, with what they hold."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.datasets import load_diabetes, load_iris
from sklearn.naive_bayes import GaussianNB

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.displays import LabelIssuesDisplay
from sklearn_slr.displays._contents import find_contents
from sklearn_slr.displays._label_issues import top_classes

X, Y = load_iris(return_X_y=True, as_frame=True)
SLR = SLRClassifier(GaussianNB(), n_rounds=1, random_state=0).fit(X, Y)
OBSERVED, REFINED = ["ham", "ham", "spam"], [[0.9, 0.1], [0.1, 0.9], [0.4, 0.6]]


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def texts_of(display, k):
    """Return the texts of the looks and of the bars of the k-th row shown."""
    return [[text.get_text() for text in ax.texts] for ax in display.axes_[k]]


def test_the_least_trusted_rows_are_shown_with_their_values():
    display = LabelIssuesDisplay.from_estimator(SLR, X, n_rows=4)
    assert_array_equal(display.rows_, np.argsort(SLR.label_quality_)[:4])
    [words], bars = texts_of(display, 0)
    row = display.rows_[0]
    for name, value in X.iloc[row].items():
        assert f"{name} = {value:.4g}" in " ".join(words.split())
    assert bars[0] == f"row {row}, quality {SLR.label_quality_[row]:.2g}"
    assert any(f"{Y[row]} (observed)" in text for text in bars)
    display.figure_.canvas.draw()


def test_texts_are_cut_and_are_no_formulas():
    words = "costs $1 and $2, <b>now</b> \n" + "word " * 100
    display = LabelIssuesDisplay.from_predictions(OBSERVED, REFINED, text=[""] + [words] * 2)
    assert display.rows_.tolist() == [1, 2, 0]
    [shown], bars = texts_of(display, 0)
    assert shown.startswith("costs $1 and $2, <b>now</b> word")
    assert shown.endswith("…")
    assert bars[1:] == ["spam  0.90", "ham (observed)  0.10"]
    display.figure_.canvas.draw()


def test_images_are_drawn_as_they_are():
    images = np.random.default_rng(0).random((3, 4, 5))
    images[0, 0, 0], images[0, 0, 1] = 0, 1
    display = LabelIssuesDisplay.from_predictions(OBSERVED, REFINED, images=images)
    drawn = display.axes_[0, 0].images[0].get_array()
    assert np.abs(drawn / 255 - images[1]).max() <= 0.5 / 255
    display.figure_.canvas.draw()


def test_numbers_are_written_side_by_side():
    D, y = load_diabetes(return_X_y=True)
    model = SLRRegressor(n_rounds=1, random_state=0).fit(D, y)
    figure, ax = plt.subplots()
    display = LabelIssuesDisplay.from_estimator(model, D, n_rows=2, n_columns=2, ax=ax)
    assert display.ax_ is ax
    row = display.rows_[0]
    assert f"observed {y[row]:.4g}" in texts_of(display, 0)[1]
    assert f"refined {model.refined_labels_[row]:.4g}" in texts_of(display, 0)[1]
    figure.canvas.draw()


def test_rows_without_looks_and_fewer_rows_than_wanted():
    display = LabelIssuesDisplay.from_predictions(OBSERVED, REFINED, n_rows=99)
    assert len(display.rows_) == 3
    assert texts_of(display, 0)[0] == [""]


def test_the_observed_class_is_always_among_the_bars():
    row = np.array([0.1, 0.4, 0.0, 0.3, 0.2])
    assert top_classes(row, 1, 3).tolist() == [1, 3, 4]
    assert top_classes(row, 2, 3).tolist() == [1, 3, 2]
    assert top_classes(row, -1, 3).tolist() == [1, 3, 4]
    assert top_classes(row[:2], 0, 3).tolist() == [1, 0]


def test_what_can_be_shown_is_found_out():
    table, frame = np.zeros((3, 20)), pd.DataFrame({"a": [1.5, 2, 3], 7: ["x", "y", None]})
    assert find_contents(table, 3).columns == [f"x{k}" for k in range(12)]
    assert find_contents(table, 3, text=["a"] * 3).columns == []
    assert find_contents(frame, 3, text=["a"] * 3).columns == ["a", "7"]
    assert find_contents(frame, 3).values(0) == ["1.5", "x"]
    assert find_contents(["some", "list", "here"], 3).text == ["some", "list", "here"]
    assert find_contents(pd.Series(["a", "b", "c"], index=[5, 6, 7]), 3).snippet(1, 9) == "b"
    for X in (None, sparse.csr_array(np.eye(3)), np.zeros((3, 4, 4)), {"a": [1, 2, 3]}):
        contents = find_contents(X, 3)
        assert contents.text is None
        assert contents.columns == []


def test_an_array_of_three_dimensions_is_images():
    X = np.zeros((4, 5, 6))
    assert find_contents(X, 4).images is X
    assert find_contents(X, 4, text=["a"] * 4).images is None
    assert find_contents(np.zeros((4, 3, 5, 6)), 4).images is None  # channels first, or last?


def test_errors_say_what_is_wanted():
    with pytest.raises(ValueError, match="n_rows is 0; 1 or more"):
        LabelIssuesDisplay.from_estimator(SLR, n_rows=0)
    with pytest.raises(ValueError, match="images has 2 rows, but there are 3 labels"):
        LabelIssuesDisplay.from_predictions(OBSERVED, REFINED, images=np.zeros((2, 4, 4)))
    with pytest.raises(ValueError, match="text has 1 rows, but there are 3 labels"):
        LabelIssuesDisplay.from_predictions(OBSERVED, REFINED, text=["a"])
