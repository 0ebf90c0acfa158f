"""ThresholdDisplay: scores and cuts are drawn at the right positions."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.metrics import confusion_matrix
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_slr import SLRRegressor, ThresholdedRegressor
from sklearn_slr.displays import ThresholdDisplay
from sklearn_slr.ordinal import apply_thresholds, fit_thresholds

X, Y = load_diabetes(return_X_y=True)
GRADES = np.digitize(Y, [100, 150, 200])
MODEL = ThresholdedRegressor(random_state=0).fit(X[:300], GRADES[:300])
SCORES = MODEL.decision_function(X[300:])
TRUE = GRADES[300:]


def positions(display):
    """Return the positions of the lines of the cuts."""
    return [line.get_xdata()[0] for line in display.cuts_]


def test_lines_lie_at_the_cuts_and_bars_between_the_rows_of_their_grades():
    spread = np.random.default_rng(0).normal(MODEL.thresholds_, 0.1, size=(50, 3))
    display = ThresholdDisplay.from_predictions(TRUE, SCORES, MODEL.thresholds_, spread=spread)
    assert_array_equal(positions(display), MODEL.thresholds_)
    for cut, bar in enumerate(display.bars_.get_segments()):
        assert_allclose(bar[:, 0], np.quantile(spread[:, cut], [0.05, 0.95]))
        assert_array_equal(bar[:, 1], cut + 0.5)
    display.figure_.canvas.draw()


def test_each_grade_has_a_histogram_of_its_scores():
    display = ThresholdDisplay.from_predictions(TRUE, SCORES, MODEL.thresholds_, bins=12)
    pairs = zip(display.distributions_, display.correct_, strict=True)
    for row, (whole, right) in enumerate(pairs):
        top, edges, baseline = whole.get_data()
        limits = (SCORES.min(), SCORES.max())
        counts, expected_edges = np.histogram(SCORES[row == TRUE], 12, range=limits)
        assert_allclose(edges, expected_edges)
        assert_allclose((top - baseline) / (top - baseline).max(), counts / counts.max())
        assert row - 0.5 < baseline < top.max() < row + 0.5
        ends = [-np.inf, *MODEL.thresholds_, np.inf]
        assert_allclose(right.get_data().edges, np.clip(edges, ends[row], ends[row + 1]))
    names = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert names == [f"{grade}\nn = {np.sum(grade == TRUE)}" for grade in range(4)]


def test_the_confusion_matrix_has_counts_and_colours_by_share():
    display = ThresholdDisplay.from_predictions(TRUE, SCORES, MODEL.thresholds_, confusion=True)
    counts = confusion_matrix(TRUE, apply_thresholds(SCORES, MODEL.thresholds_))
    drawn = [[int(text.get_text()) for text in row] for row in display.confusion_.text_]
    assert_array_equal(drawn, counts)
    assert_allclose(display.confusion_.im_.get_array(), counts / counts.sum(axis=1)[:, None])
    low, high = display.confusion_.ax_.get_ylim()
    assert low < high, "the lowest grade is at the bottom"
    assert display.figure_ is display.confusion_.figure_
    display.figure_.canvas.draw()


@pytest.mark.parametrize(
    "model",
    [
        MODEL,
        SLRRegressor(n_rounds=1, thresholds="kappa", random_state=0),
        make_pipeline(StandardScaler(), ThresholdedRegressor(thresholds="moments")),
    ],
    ids=["thresholded", "slr", "pipeline"],
)
def test_from_estimator_is_from_predictions_on_its_scores(model):
    model = model if model is MODEL else model.fit(X[:300], GRADES[:300])
    last = model[-1] if hasattr(model, "steps") else model
    one = ThresholdDisplay.from_estimator(model, X[300:], TRUE, n_bootstraps=5, random_state=0)
    other = ThresholdDisplay.from_predictions(
        TRUE, model.decision_function(X[300:]), last.thresholds_, grades=last.grades_
    )
    for name in ("scores", "codes", "thresholds", "grades"):
        assert_array_equal(getattr(one, name), getattr(other, name))
    assert positions(one) == positions(other)
    assert other.spread is None
    assert other.bars_ is None
    assert one.spread.shape == (5, 3)


def test_bootstraps_use_the_method_of_the_estimator():
    model = ThresholdedRegressor(metric="mae").fit(X[:300], GRADES[:300] ** 2)
    display = ThresholdDisplay.from_estimator(model, X, GRADES**2, n_bootstraps=3, random_state=7)
    draws = np.random.RandomState(7).multinomial(442, np.full(442, 1 / 442), size=3)
    scores = model.decision_function(X)
    for cuts, n in zip(display.spread, draws, strict=True):
        expected = fit_thresholds(scores, GRADES**2, metric="mae", sample_weight=n)
        assert_array_equal(cuts, expected)


@pytest.mark.parametrize("thresholds", ["nearest", [0.5, 1.5, 2.5]])
def test_cuts_that_do_not_depend_on_scores_have_no_spread(thresholds):
    model = ThresholdedRegressor(thresholds=thresholds).fit(X, GRADES)
    assert ThresholdDisplay.from_estimator(model, X, GRADES).spread is None


def test_names_keep_their_order_and_a_grade_may_be_absent():
    names = ["none", "mild", "severe"]
    y = pd.Series(pd.Categorical(["mild", "none", "mild"], names, ordered=True))
    display = ThresholdDisplay.from_predictions(
        y, [0.9, 0.2, 2.0], [0.5, 1.5], grades=names, confusion=True
    )
    assert display.codes.tolist() == [1, 0, 1]
    labels = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert labels == ["none\nn = 1", "mild\nn = 2", "severe\nn = 0"]
    display.figure_.canvas.draw()
    model = ThresholdedRegressor().fit(X, pd.Categorical.from_codes(GRADES // 2, names, True))
    assert model.grades_.tolist() == ["none", "mild"]
    y = pd.Categorical.from_codes(GRADES // 2, names, True)
    shown = ThresholdDisplay.from_estimator(model, X, y, n_bootstraps=2)
    assert_array_equal(shown.codes, GRADES // 2)


def test_given_axes_are_used():
    figure, (left, right) = plt.subplots(1, 2)
    display = ThresholdDisplay.from_predictions(TRUE, SCORES, MODEL.thresholds_, ax=left)
    assert display.ax_ is left
    assert display.figure_ is figure
    assert display.confusion_ is None
    assert not right.has_data()
    assert display.plot((left, right), confusion=True) is display
    assert display.confusion_.ax_ is right


@pytest.mark.parametrize("cuts", [[-np.inf, 0.5, np.inf], [0.5, 0.5, 9.0], [-5.0, -4.0, -3.0]])
def test_cuts_outside_of_the_scores_and_constant_scores_are_drawn(cuts):
    for scores in ([0.1, 0.2, 0.6, 2.0], [0.5] * 4):
        display = ThresholdDisplay.from_predictions([0, 1, 2, 3], scores, cuts, confusion=True)
        assert_array_equal(positions(display), cuts)
        assert np.all(np.isfinite(display.ax_.get_xlim()))
        display.figure_.canvas.draw()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"scores": [0.1, np.nan, 0.9]}, "scores contains NaN"),
        ({"scores": [0.1, 0.9]}, "inconsistent numbers of samples"),
        ({"thresholds": [0.5]}, "expected a list of 2 for 3 grades"),
        ({"thresholds": [0.5, 0.1]}, "do not ascend"),
        ({"grades": [0, 1, 5]}, "holds the grade 2, which is not among"),
        ({"spread": [0.4, 0.6]}, r"spread has shape \(2,\); expected \(n_draws, 2\)"),
        ({"spread": [[0.4]]}, r"spread has shape \(1, 1\)"),
        ({"confusion": True, "ax": "one"}, "ax holds 1 axes; expected 2"),
        ({"ax": "two"}, "ax holds 2 axes; expected 1"),
    ],
)
def test_bad_arguments_are_refused(changed, message):
    given = {"y_true": [0, 1, 2], "scores": [0.1, 0.4, 0.9], "thresholds": [0.3, 0.6], **changed}
    if "ax" in given:
        given["ax"] = plt.subplots(1, 2 if given["ax"] == "two" else 1)[1]
    with pytest.raises(ValueError, match=message):
        ThresholdDisplay.from_predictions(**given)


def test_estimators_without_cuts_are_refused():
    with pytest.raises(TypeError, match="Ridge has no thresholds_"):
        ThresholdDisplay.from_estimator(Ridge().fit(X, Y), X, Y)
    with pytest.raises(TypeError, match="SLRRegressor has no thresholds_"):
        ThresholdDisplay.from_estimator(SLRRegressor(n_rounds=0).fit(X, Y), X, Y)
    with pytest.raises(NotFittedError):
        ThresholdDisplay.from_estimator(ThresholdedRegressor(), X, Y)
