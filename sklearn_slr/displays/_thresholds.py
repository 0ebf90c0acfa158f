"""ThresholdDisplay: the scores of each observed grade, and the cuts between grades."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from sklearn.utils import check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.validation import check_is_fitted

from ..ordinal._grades import encode_grades
from ..ordinal._thresholds import apply_thresholds, check_thresholds, fit_thresholds
from ..utils._labels import as_array, check_numbers
from ..utils._nets import final_step
from ..utils._typing import Floats, Seed
from ._matplotlib import BLUE, GREY, VERMILION, prepare_axes, rotate_long_labels


class ThresholdDisplay:
    """Scores of each observed grade, the cuts between grades, and the spread of the cuts.

    Each grade has a histogram of its scores. Scores between the cuts of their own grade are
    predicted right. It is recommended to use `from_estimator` or `from_predictions`.

    Parameters
    ----------
    scores : ndarray of shape (n_samples,)
        Scores.
    codes : ndarray of int of shape (n_samples,)
        Index of the observed grade of each row.
    thresholds, grades : ndarray of shape (G - 1,) and (G,)
        Ascending cuts, and all grades in order.
    spread : ndarray of shape (n_draws, G - 1), default=None
        Cuts fitted to other samples of the rows.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where the scores are drawn.
    distributions_, correct_ : list of matplotlib StepPatch
        Histogram of each grade's scores, and the area of it that is predicted right.
    cuts_ : list of matplotlib Line2D
        The cuts.
    bars_ : matplotlib LineCollection or None
        Spread of each cut: from the 5th to the 95th percentile.
    confusion_ : ConfusionMatrixDisplay or None
        Share of each observed grade that is predicted as each grade; its texts are counts.

    See Also
    --------
    fit_thresholds : Fit cuts, also those of `spread`.

    Examples
    --------
    >>> from sklearn_slr.displays import ThresholdDisplay
    >>> display = ThresholdDisplay.from_predictions([0, 1, 1, 2], [0.2, 0.5, 1, 2], [0.45, 1.2])
    >>> [float(line.get_xdata()[0]) for line in display.cuts_]
    [0.45, 1.2]
    """

    def __init__(
        self,
        scores: Floats,
        codes: NDArray[Any],
        thresholds: Floats,
        grades: NDArray[Any],
        *,
        spread: NDArray[Any] | None = None,
    ) -> None:
        self.scores = scores
        self.codes = codes
        self.thresholds = thresholds
        self.grades = grades
        self.spread = spread

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        n_bootstraps: int = 200,
        random_state: Seed = None,
        ax: Any = None,
        **plot_options: Any,
    ) -> Self:
        """Show the scores that a fitted estimator predicts for new rows, and its cuts.

        Parameters
        ----------
        estimator : estimator
            Fitted ThresholdedRegressor, SLRRegressor with thresholds, or Pipeline ending in one.
        X, y : indexable and array-like of length n_samples
            Inputs and observed grades of rows that the estimator was not trained on. For training
            rows, pass the `oof_predictions_` of a ThresholdedRegressor to `from_predictions`.
        n_bootstraps : int, default=200
            Number of bootstrap samples of these rows. The spread of the cuts fitted to them, by
            the estimator's method without bags, is shown. There is no spread if it is 0, or if
            the method does not use scores.
        random_state : int, RandomState instance or None, default=None
            Seed of the bootstrap samples.
        ax, **plot_options : Axes and dict
            Passed to `plot`.

        Returns
        -------
        ThresholdDisplay
            The display.
        """
        check_is_fitted(estimator)
        model = final_step(estimator)
        if not hasattr(model, "thresholds_"):
            raise TypeError(
                f"{type(model).__name__} has no thresholds_; expected a fitted "
                'ThresholdedRegressor or SLRRegressor(thresholds="kappa"): pass one, or use '
                "from_predictions."
            )
        scores = np.asarray(estimator.decision_function(X))
        codes = _encode_known_grades(y, model.grades_)
        spread = _bootstrap_cuts(model, scores, codes, n_bootstraps, random_state)
        options = {"grades": model.grades_, "spread": spread, "ax": ax, **plot_options}
        return cls.from_predictions(y, scores, model.thresholds_, **options)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        scores: ArrayLike,
        thresholds: ArrayLike,
        *,
        grades: ArrayLike | None = None,
        spread: ArrayLike | None = None,
        ax: Any = None,
        **plot_options: Any,
    ) -> Self:
        """Show the given scores and cuts.

        Parameters
        ----------
        y_true, scores : array-like of shape (n_samples,)
            Observed grades and finite scores.
        thresholds : array-like of shape (G - 1,)
            Ascending cuts.
        grades : array-like of shape (G,), default=None
            All grades in order. None: the grades in `y_true`, sorted.
        spread : array-like of shape (n_draws, G - 1), default=None
            Cuts fitted to other samples of the rows, such as folds or bootstrap samples.
        ax, **plot_options : Axes and dict
            Passed to `plot`.

        Returns
        -------
        ThresholdDisplay
            The display.
        """
        grades = encode_grades(y_true)[0] if grades is None else np.asarray(grades)
        codes, scores = _encode_known_grades(y_true, grades), check_numbers(scores, name="scores")
        check_consistent_length(codes, scores)
        thresholds = check_thresholds(thresholds, len(grades))
        if spread is not None:
            spread = np.asarray(spread, dtype=np.float64)
            if spread.ndim != 2 or not len(spread) or spread.shape[1] != len(thresholds):
                raise ValueError(
                    f"spread has shape {spread.shape}; expected (n_draws, {len(thresholds)}): pass "
                    "one row of cuts for each sample."
                )
        return cls(scores, codes, thresholds, grades, spread=spread).plot(ax, **plot_options)

    def plot(self, ax: Any = None, *, confusion: bool = False, bins: int = 30) -> Self:
        """Draw the scores, the cuts and optionally the confusion matrix of the grades.

        Parameters
        ----------
        ax : matplotlib Axes or pair of Axes, default=None
            Where to draw; a pair if `confusion` is True. None creates a figure.
        confusion : bool, default=False
            Whether to draw the confusion matrix, on axes of its own.
        bins : int, default=30
            Number of bins of the histograms.

        Returns
        -------
        ThresholdDisplay
            This display.
        """
        figsize = (10, 4.8) if confusion else None
        axes = prepare_axes(ax, 1 + confusion, figsize=figsize)
        self.ax_, self.figure_ = axes[0], axes[0].figure
        self._draw_scores(bins)
        self._draw_cuts()
        self.confusion_ = None
        if confusion:
            self._draw_confusion(axes[1])
        return self

    def _draw_scores(self, bins):
        edges = np.histogram_bin_edges(self.scores, bins)
        ends = np.clip([-np.inf, *self.thresholds, np.inf], edges[0], edges[-1])
        rows = np.arange(len(self.grades))
        self.distributions_, self.correct_ = [], []
        for row in rows:
            heights = np.histogram(self.scores[self.codes == row], edges)[0]
            top = row - 0.42 + 0.84 * heights / max(heights.max(), 1)
            # Outside the grade's own cuts, the width of each bin is 0.
            clipped = np.clip(edges, ends[row], ends[row + 1])
            style = {"baseline": row - 0.42, "fill": True}
            self.distributions_.append(self.ax_.stairs(top, edges, color=GREY, **style))
            self.correct_.append(self.ax_.stairs(top, clipped, color=BLUE, **style))
        self.correct_[0].set_label("predicted right")
        self.distributions_[0].set_label("predicted wrong")
        counts = np.bincount(self.codes, minlength=len(rows))
        names = [f"{grade}\nn = {n}" for grade, n in zip(self.grades, counts, strict=True)]
        self.ax_.set(ylim=(-0.5, len(rows) - 0.5), yticks=rows, yticklabels=names)
        self.ax_.set(xlabel="Score", ylabel="Observed grade")

    def _draw_cuts(self):
        self.cuts_ = [self.ax_.axvline(cut, color="black", lw=1.2) for cut in self.thresholds]
        self.cuts_[0].set_label("cut")
        self.bars_ = None
        if self.spread is not None:
            bounds = np.quantile(self.spread, [0.05, 0.95], axis=0)
            # Each bar lies between the rows of its cut's two grades, so bars never overlap.
            heights = np.arange(len(self.thresholds)) + 0.5
            self.bars_ = self.ax_.hlines(heights, *bounds, color=VERMILION, lw=5)
            self.bars_.set_label(f"90% interval of {len(self.spread)} refitted cuts")
        above = {"loc": "lower center", "bbox_to_anchor": (0.5, 1)}
        self.ax_.legend(ncols=2, frameon=False, fontsize="small", **above)

    def _draw_confusion(self, ax):
        predicted = apply_thresholds(self.scores, self.thresholds)
        counts = confusion_matrix(self.codes, predicted, labels=np.arange(len(self.grades)))
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        self.confusion_ = ConfusionMatrixDisplay(share, display_labels=self.grades)
        style = {"vmin": 0, "vmax": 1, "aspect": "auto"}
        self.confusion_.plot(ax=ax, cmap="Blues", colorbar=False, im_kw=style)
        for cell, text in np.ndenumerate(self.confusion_.text_):
            text.set(text=counts[cell], color="white" if share[cell] > 0.5 else "black")
        rotate_long_labels(ax, self.grades)
        ax.invert_yaxis()  # lowest grade at the bottom, as in the plot of scores
        ax.set(xlabel="Predicted grade", ylabel="Observed grade")


def _encode_known_grades(y, grades):
    """Return the index of each row's grade among `grades`."""
    y = column_or_1d(as_array(y, name="y")).tolist()
    index = {grade: code for code, grade in enumerate(grades.tolist())}
    unknown = [grade for grade in y if grade not in index]
    if unknown:
        raise ValueError(
            f"y holds the grade {unknown[0]}, which is not among grades={grades.tolist()}: leave "
            "out its rows, or pass cuts between all grades."
        )
    return np.array([index[grade] for grade in y], dtype=np.intp)


def _bootstrap_cuts(model, scores, codes, n_bootstraps, random_state):
    """Return cuts fitted to bootstrap samples by the model's method; None if they cannot vary."""
    method, grades = model.thresholds, model.grades_
    if n_bootstraps == 0 or not isinstance(method, str) or method == "nearest":
        return None
    values = grades.astype(float) if grades.dtype.kind in "biuf" else np.arange(len(grades))
    options = {"method": method, "metric": getattr(model, "metric", "quadratic_kappa")}
    rng, uniform = check_random_state(random_state), np.full(len(scores), 1 / len(scores))
    counts = rng.multinomial(len(scores), uniform, size=n_bootstraps)
    y = values[codes]
    return [fit_thresholds(scores, y, grades=values, sample_weight=n, **options) for n in counts]
