"""LabelRefinementDisplay: bands, cells and points are at the right positions."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes
from sklearn.naive_bayes import GaussianNB

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.datasets import make_noisy_labels, make_three_class_toy
from sklearn_slr.displays import LabelRefinementDisplay

X, TRUE = make_three_class_toy(120, kind="blobs", random_state=0)
NAMES = np.array(["ant", "bee", "$cat$ with a very long name"])
GIVEN = NAMES[make_noisy_labels(TRUE, noise=0.3, random_state=0)]
SLR = SLRClassifier(GaussianNB(), n_rounds=2, refinement="posterior", random_state=0).fit(X, GIVEN)


def test_flow_counts_rows_and_bands_have_these_heights():
    display = LabelRefinementDisplay.from_estimator(SLR)
    proposed = SLR.refined_labels_.argmax(axis=1)
    for i in range(3):
        for j in range(3):
            n = np.sum((SLR.observed_labels_ == i) & (proposed == j))
            assert display.flow_[i, j] == n
            assert ((i, j) in display.bands_) == (n > 0)
            if n:
                y = display.bands_[i, j].get_path().vertices[:, 1]
                assert_allclose(y[7] - y[0], n)
                assert_allclose(y[4] - y[3], n)
    display.figure_.canvas.draw()


def test_bands_of_a_class_do_not_overlap():
    display = LabelRefinementDisplay.from_estimator(SLR)
    for side in (0, 3):  # first vertex at the left, fourth at the right
        spans = sorted(
            (band.get_path().vertices[side, 1], display.flow_[pair])
            for pair, band in display.bands_.items()
        )
        for (start, n), (following, _) in pairwise(spans):
            assert start + n <= following + 1e-9


def test_heat_map_is_the_mean_refined_row_of_each_observed_class():
    display = LabelRefinementDisplay.from_estimator(SLR, kind="heatmap")
    for code in range(3):
        expected = SLR.refined_labels_[SLR.observed_labels_ == code].mean(axis=0)
        assert_allclose(display.soft_labels_[code], expected)
        assert_allclose(display.image_.get_array()[code], expected)
    display.figure_.canvas.draw()


def test_a_class_that_was_not_observed_has_no_mean():
    display = LabelRefinementDisplay.from_predictions(
        ["a", "b"], np.eye(3)[[0, 2]], classes=["a", "b", "c"], kind="heatmap"
    )
    assert_array_equal(np.isnan(display.soft_labels_), [[0] * 3, [0] * 3, [1] * 3])
    assert display.flow_.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    display.plot().figure_.canvas.draw()


@pytest.mark.parametrize("frame", [False, True])
def test_points_have_their_class_and_rings_where_it_changed(frame):
    data = pd.DataFrame(X, columns=["u", "v"]) if frame else X
    model = SLRClassifier(GaussianNB(), n_rounds=2, refinement="posterior", random_state=0)
    model.fit(data, GIVEN)
    display = LabelRefinementDisplay.from_estimator(model, data, kind="scatter", n_grid=20)
    codes = model.refined_labels_.argmax(axis=1)
    for code, drawn in enumerate(display.scatters_):
        assert_array_equal(drawn.get_offsets(), X[codes == code])
    assert_array_equal(display.changed_.get_offsets(), X[codes != model.observed_labels_])
    surface = np.asarray(display.surface_.get_array()).ravel()
    x, y = display.ax_.get_xlim(), display.ax_.get_ylim()
    corner = pd.DataFrame([[x[0], y[0]]], columns=["u", "v"]) if frame else [[x[0], y[0]]]
    assert model.classes_[int(surface[0])] == model.predict(corner)[0]
    display.plot(kind="scatter", labels="observed", n_grid=5)
    for code, drawn in enumerate(display.scatters_):
        assert_array_equal(drawn.get_offsets(), X[model.observed_labels_ == code])
    display.figure_.canvas.draw()


def test_an_embedding_is_drawn_without_surface():
    figure, ax = plt.subplots()
    display = LabelRefinementDisplay.from_predictions(
        GIVEN, SLR.refined_labels_, X=X, kind="scatter", ax=ax
    )
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert display.surface_ is None
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts[0].startswith(r"\$cat\$")
    assert max(map(len, texts)) <= 20


def test_flow_of_grades():
    D, y = load_diabetes(return_X_y=True)
    grades = np.digitize(y, [100, 200])
    model = SLRRegressor(thresholds="kappa", random_state=0).fit(D, grades)
    flow = LabelRefinementDisplay.from_estimator(model).flow_
    assert_array_equal(flow.sum(axis=1), np.bincount(grades))
    with pytest.raises(TypeError, match="The labels are numbers"):
        LabelRefinementDisplay.from_estimator(SLRRegressor(n_rounds=1).fit(D, y))


def test_bad_arguments_are_refused():
    given = {"observed": ["a", "b"], "refined": np.eye(2)}
    with pytest.raises(ValueError, match="kind is 'pie'"):
        LabelRefinementDisplay.from_predictions(**given, kind="pie")
    with pytest.raises(ValueError, match="labels is 'true'"):
        LabelRefinementDisplay.from_predictions(**given, labels="true")
    with pytest.raises(ValueError, match="X is None or does not have two columns"):
        LabelRefinementDisplay.from_predictions(**given, kind="scatter")
    with pytest.raises(ValueError, match=r"X has shape \(2, 3\); expected \(2, 2\)"):
        LabelRefinementDisplay.from_predictions(**given, X=np.zeros((2, 3)))
