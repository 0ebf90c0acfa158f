"""ThresholdDisplay: the scores of each observed grade, and the cuts between grades."""

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
from ._matplotlib import BLUE, GREY, VERMILION, import_pyplot, tilt_long_names


class ThresholdDisplay:
    """Scores of each observed grade, the cuts between grades, and how far the cuts vary.

    Each grade has a row, a histogram of its scores; those between its own cuts are predicted
    right. It is recommended to use `from_estimator` or `from_predictions`.

    Parameters
    ----------
    scores : ndarray of shape (n_samples,)
        Scores.
    codes : ndarray of int of shape (n_samples,)
        Index of the observed grade of each row.
    thresholds, grades : ndarray of shape (G - 1,) and (G,)
        Ascending cuts, and the grades that they part.
    spread : ndarray of shape (n_draws, G - 1), default=None
        Cuts fitted to other draws of the rows.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where the scores are drawn.
    distributions_, correct_ : list of matplotlib StepPatch
        Histogram of each grade's scores, as high as its row, and the part of it that is predicted
        right.
    cuts_ : list of matplotlib Line2D
        The cuts.
    bars_ : matplotlib LineCollection or None
        Spread of each cut: from the 5th to the 95th percentile.
    confusion_ : ConfusionMatrixDisplay or None
        Share of each observed grade that is predicted as each grade; its texts are counts.

    See Also
    --------
    fit_thresholds : Fit cuts, for `spread` too.

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
        """Show the scores that a fitted estimator gives to rows, and its cuts.

        Parameters
        ----------
        estimator : estimator
            Fitted ThresholdedRegressor, SLRRegressor with thresholds, or Pipeline ending in one.
        X, y : indexable and array-like of length n_samples
            Inputs and observed grades of rows that the estimator was not trained on. For training
            rows give `oof_predictions_` of a ThresholdedRegressor to `from_predictions`.
        n_bootstraps : int, default=200
            The spread shown is that of cuts of the estimator's kind, without bags, fitted to so
            many bootstrap samples of these rows; none for 0 and for cuts that heed no scores.
        random_state : int, RandomState instance or None, default=None
            Seeds the bootstraps.
        ax, **plot_options : Axes and dict
            As `plot` takes them.

        Returns
        -------
        ThresholdDisplay
            What was drawn.
        """
        check_is_fitted(estimator)
        model = final_step(estimator)
        if not hasattr(model, "thresholds_"):
            raise TypeError(
                f"{type(model).__name__} has no thresholds_; a fitted ThresholdedRegressor or an "
                'SLRRegressor(thresholds="kappa") is wanted, or use from_predictions.'
            )
        scores = np.asarray(estimator.decision_function(X))
        codes = _codes(y, model.grades_)
        spread = _bootstrap_cuts(model, scores, codes, n_bootstraps, random_state)
        shown = {"grades": model.grades_, "spread": spread, "ax": ax, **plot_options}
        return cls.from_predictions(y, scores, model.thresholds_, **shown)

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
        """Show given scores and cuts.

        Parameters
        ----------
        y_true, scores : array-like of shape (n_samples,)
            Observed grades and finite scores.
        thresholds : array-like of shape (G - 1,)
            Ascending cuts.
        grades : array-like of shape (G,), default=None
            All grades in order. None: those of `y_true`, sorted.
        spread : array-like of shape (n_draws, G - 1), default=None
            Cuts fitted to other draws of the rows, such as folds or bootstrap samples.
        ax, **plot_options : Axes and dict
            As `plot` takes them.

        Returns
        -------
        ThresholdDisplay
            What was drawn.
        """
        labels = encode_grades(y_true)[0].labels if grades is None else np.asarray(grades)
        codes, scores = _codes(y_true, labels), check_numbers(scores, name="scores")
        check_consistent_length(codes, scores)
        thresholds = check_thresholds(thresholds, len(labels))
        if spread is not None:
            spread = np.asarray(spread, dtype=np.float64)
            if spread.ndim != 2 or not len(spread) or spread.shape[1] != len(thresholds):
                raise ValueError(
                    f"spread has shape {spread.shape}; (n_draws, {len(thresholds)}) is wanted: "
                    "one row of cuts for each draw."
                )
        return cls(scores, codes, thresholds, labels, spread=spread).plot(ax, **plot_options)

    def plot(self, ax: Any = None, *, confusion: bool = False, bins: int = 30) -> Self:
        """Draw the scores, the cuts and, if wanted, the confusion of grades.

        Parameters
        ----------
        ax : matplotlib Axes or pair of Axes, default=None
            Where to draw; with `confusion` a pair. None makes a figure.
        confusion : bool, default=False
            Whether to draw, on axes of its own, how often each grade is predicted as which.
        bins : int, default=30
            Number of bins of the histograms.

        Returns
        -------
        ThresholdDisplay
            This display.
        """
        plt = import_pyplot()
        if ax is None:
            columns = {"ncols": 2, "figsize": (10, 4.8)} if confusion else {}
            ax = plt.subplots(layout="constrained", **columns)[1]
        axes = np.atleast_1d(ax)
        if axes.shape != (1 + confusion,):
            raise ValueError(
                f"ax holds {axes.size} axes, but with confusion={confusion} "
                f"{'2 are' if confusion else '1 is'} wanted: pass as many, or ax=None."
            )
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
            own = np.clip(edges, ends[row], ends[row + 1])  # other bins shrink to nothing
            how = {"baseline": row - 0.42, "fill": True}
            self.distributions_.append(self.ax_.stairs(top, edges, color=GREY, **how))
            self.correct_.append(self.ax_.stairs(top, own, color=BLUE, **how))
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
            # Each between the rows of the grades that its cut parts: they never overlap.
            heights = np.arange(len(self.thresholds)) + 0.5
            self.bars_ = self.ax_.hlines(heights, *bounds, color=VERMILION, lw=5)
            self.bars_.set_label(f"90% of {len(self.spread)} refitted cuts")
        above = {"loc": "lower center", "bbox_to_anchor": (0.5, 1)}
        self.ax_.legend(ncols=2, frameon=False, fontsize="small", **above)

    def _draw_confusion(self, ax):
        predicted = apply_thresholds(self.scores, self.thresholds)
        counts = confusion_matrix(self.codes, predicted, labels=np.arange(len(self.grades)))
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        self.confusion_ = ConfusionMatrixDisplay(share, display_labels=self.grades)
        look = {"vmin": 0, "vmax": 1, "aspect": "auto"}
        self.confusion_.plot(ax=ax, cmap="Blues", colorbar=False, im_kw=look)
        for cell, text in np.ndenumerate(self.confusion_.text_):
            text.set(text=counts[cell], color="white" if share[cell] > 0.5 else "black")
        tilt_long_names(ax, self.grades)
        ax.invert_yaxis()  # lowest grade at the bottom, as the scores have it
        ax.set(xlabel="Predicted grade", ylabel="Observed grade")


def _codes(y, grades):
    """Return the index of each row's grade."""
    y = column_or_1d(as_array(y, name="y")).tolist()
    place = {grade: index for index, grade in enumerate(grades.tolist())}
    unknown = [grade for grade in y if grade not in place]
    if unknown:
        raise ValueError(
            f"y holds the grade {unknown[0]}, which is not among grades={grades.tolist()}: leave "
            "out its rows, or pass cuts between all grades."
        )
    return np.array([place[grade] for grade in y], dtype=np.intp)


def _bootstrap_cuts(model, scores, codes, n_bootstraps, random_state):
    """Return cuts of the model's kind for bootstrap samples, or None where none would vary."""
    method, grades = model.thresholds, model.grades_
    if n_bootstraps == 0 or not isinstance(method, str) or method == "nearest":
        return None
    values = grades.astype(float) if grades.dtype.kind in "biuf" else np.arange(len(grades))
    how = {"method": method, "metric": getattr(model, "metric", "quadratic_kappa")}
    rng, even = check_random_state(random_state), np.full(len(scores), 1 / len(scores))
    draws = rng.multinomial(len(scores), even, size=n_bootstraps)
    y = values[codes]
    return [fit_thresholds(scores, y, grades=values, sample_weight=n, **how) for n in draws]
