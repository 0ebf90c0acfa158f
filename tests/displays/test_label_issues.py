"""LabelIssuesDisplay: the right rows, with their contents."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_diabetes, load_iris
from sklearn.naive_bayes import GaussianNB

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.displays import LabelIssuesDisplay
from sklearn_slr.displays._label_issues import top_classes

X, Y = load_iris(return_X_y=True, as_frame=True)
SLR = SLRClassifier(GaussianNB(), n_rounds=1, random_state=0, refinement="average").fit(X, Y)
OBSERVED, REFINED = ["ham", "ham", "spam"], [[0.9, 0.1], [0.1, 0.9], [0.4, 0.6]]


def texts_of(display, k):
    """Return the texts in the contents and in the bars of the k-th row shown."""
    return [[text.get_text() for text in ax.texts] for ax in display.axes_[k]]


def test_the_most_suspicious_rows_are_shown_with_their_values():
    display = LabelIssuesDisplay.from_estimator(SLR, X, n_rows=4)
    assert_array_equal(display.rows_, np.argsort(SLR.label_quality_)[:4])
    [values], bars = texts_of(display, 0)
    row = display.rows_[0]
    for name, value in X.iloc[row].items():
        assert f"{name} = {value:.4g}" in " ".join(values.split())
    assert bars[0] == f"row {row}, quality {SLR.label_quality_[row]:.2g}"
    assert any(f"{Y[row]} (observed)" in text for text in bars)
    display.figure_.canvas.draw()


def test_texts_are_shortened_and_not_read_as_formulas():
    text = "costs $1 and $2, <b>now</b> \n" + "word " * 100
    display = LabelIssuesDisplay.from_predictions(OBSERVED, REFINED, text=[""] + [text] * 2)
    assert display.rows_.tolist() == [1, 2, 0]
    [shown], bars = texts_of(display, 0)
    assert shown.startswith("costs $1 and $2, <b>now</b> word")
    assert shown.endswith("…")
    assert bars[1:] == ["spam  0.90", "ham (observed)  0.10"]
    display.figure_.canvas.draw()


def test_images_are_drawn_unchanged():
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


def test_rows_without_contents_and_fewer_rows_than_n_rows():
    display = LabelIssuesDisplay.from_predictions(OBSERVED, REFINED, n_rows=99)
    assert len(display.rows_) == 3
    assert texts_of(display, 0)[0] == [""]


def test_the_observed_class_is_always_among_the_bars():
    row = np.array([0.1, 0.4, 0.0, 0.3, 0.2])
    assert top_classes(row, 1, 3).tolist() == [1, 3, 4]
    assert top_classes(row, 2, 3).tolist() == [1, 3, 2]
    assert top_classes(row, -1, 3).tolist() == [1, 3, 4]
    assert top_classes(row[:2], 0, 3).tolist() == [1, 0]


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="n_rows is 0; expected at least 1"):
        LabelIssuesDisplay.from_estimator(SLR, n_rows=0)
    with pytest.raises(ValueError, match="images has 2 rows, but there are 3 labels"):
        LabelIssuesDisplay.from_predictions(OBSERVED, REFINED, images=np.zeros((2, 4, 4)))
    with pytest.raises(ValueError, match="text has 1 rows, but there are 3 labels"):
        LabelIssuesDisplay.from_predictions(OBSERVED, REFINED, text=["a"])
