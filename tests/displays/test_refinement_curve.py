"""RefinementCurveDisplay: the curves show the history."""

import matplotlib.pyplot as plt
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_iris
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_slr import SLRClassifier
from sklearn_slr.displays import RefinementCurveDisplay

X, Y = load_iris(return_X_y=True)
PLAIN = SLRClassifier(GaussianNB(), n_rounds=2, random_state=0, refinement="average").fit(X, Y)
CLEAN = SLRClassifier(GaussianNB(), n_rounds=3, random_state=0, refinement="average").fit(
    X, Y, X_val=X, y_val=Y
)


def test_curves_are_the_history_of_each_method():
    display = RefinementCurveDisplay.from_estimator({"a": PLAIN, "b": CLEAN}, X, Y)
    assert len(display.axes_) == 3
    assert display.score_name_ == "oof_score", "not all methods have scores on clean rows"
    for name, model in (("a", PLAIN), ("b", CLEAN)):
        for metric, column in (("score", "oof_score"), ("label_change", "label_change")):
            line = display.lines_[name][metric]
            assert_array_equal(line.get_xdata(), model.history_["round"])
            assert_array_equal(line.get_ydata(), model.history_[column])
    colors = {display.lines_[name]["score"].get_color() for name in "ab"}
    assert len(colors) == 2
    display.figure_.canvas.draw()


def test_the_score_on_clean_rows_is_shown_if_all_have_it():
    display = RefinementCurveDisplay.from_estimator(CLEAN, metrics="score")
    assert display.score_name_ == "valid_score"
    line = display.lines_["SLRClassifier"]["score"]
    assert_array_equal(line.get_ydata(), CLEAN.history_["valid_score"])
    assert display.ax_.get_ylabel() == "Score (clean rows)"


def test_one_axes_shows_all_metrics_and_later_methods():
    figure, ax = plt.subplots()
    first = RefinementCurveDisplay.from_estimator(PLAIN, name="first", ax=ax)
    second = RefinementCurveDisplay.from_predictions(CLEAN.history_, name="second", ax=ax)
    assert first.ax_ is second.ax_ is ax
    assert second.figure_ is figure
    assert len(ax.lines) == 6
    assert len({line.get_color() for line in ax.lines}) == 2
    assert len({line.get_linestyle() for line in ax.lines}) == 3
    assert len(ax.get_legend().get_texts()) == 6
    assert first.plot() is first
    figure.canvas.draw()


def test_the_last_step_of_a_pipeline_is_used():
    model = make_pipeline(
        StandardScaler(), SLRClassifier(GaussianNB(), n_rounds=1, refinement="average")
    ).fit(X, Y)
    assert list(RefinementCurveDisplay.from_estimator(model).lines_) == ["SLRClassifier"]


def test_bad_arguments_are_refused():
    with pytest.raises(TypeError, match="Ridge has no history_"):
        RefinementCurveDisplay.from_estimator(Ridge().fit(X, Y))
    with pytest.raises(ValueError, match="holds no rounds: n_rounds was 0"):
        RefinementCurveDisplay.from_estimator(
            SLRClassifier(GaussianNB(), n_rounds=0, refinement="average").fit(X, Y)
        )
    with pytest.raises(ValueError, match=r"The history of 'refinement' lacks \['agreement'"):
        RefinementCurveDisplay.from_predictions({"round": [1]})
    for metrics in ((), "loss"):
        with pytest.raises(ValueError, match="metrics is"):
            RefinementCurveDisplay.from_estimator(PLAIN, metrics=metrics)
    with pytest.raises(ValueError, match="ax holds 2 axes; expected 3"):
        RefinementCurveDisplay.from_estimator(PLAIN, ax=plt.subplots(1, 2)[1])
