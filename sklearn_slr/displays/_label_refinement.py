"""LabelRefinementDisplay: from the observed to the refined labels."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import confusion_matrix
from sklearn.utils import check_array

from ..utils._labels import encode_known_labels
from ..utils._typing import Floats
from ._judged import judge_estimator, judge_predictions
from ._matplotlib import GREY, class_looks, short_name, take_axes, tilt_long_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = ("flow", "heatmap", "scatter")
# Width of the class bars of a flow, and the gap between classes as a share of all rows.
_BAR, _GAP = 0.06, 0.03


class LabelRefinementDisplay:
    """What became of the labels: the flow of rows, the mean soft labels, or points in a plane.

    It is recommended to use `from_estimator` or `from_predictions`.

    Parameters
    ----------
    observed : ndarray of int of shape (n_samples,)
        Indices of the observed labels; -1 where there is none.
    refined : ndarray of shape (n_samples, C)
        Refined probability rows.
    classes : ndarray of shape (C,)
        Class labels.
    points : ndarray of shape (n_samples, 2), default=None
        Where to draw the rows in a plane.
    predict : callable, default=None
        ``predict(points) -> labels``, whose decision surface is drawn.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where it is drawn.
    flow_ : ndarray of int of shape (C, C)
        Number of rows from observed (row) to refined class (column).
    soft_labels_ : ndarray of shape (C, C)
        Mean refined row of each observed class; NaN where a class was not observed.
    bands_ : dict of (int, int) to matplotlib PathPatch
        The bands of a flow, by observed and refined class.
    image_ : matplotlib AxesImage
        The heat map.
    surface_ : matplotlib QuadMesh or None
        Decision surface of a scatter.
    scatters_ : list of matplotlib PathCollection
        The points of each class.
    changed_ : matplotlib PathCollection
        Rings around points whose label changed.

    See Also
    --------
    LabelIssuesDisplay : The most suspicious rows, one by one.
    RefinementCurveDisplay : What each round measured.

    Examples
    --------
    >>> from sklearn_slr.displays import LabelRefinementDisplay
    >>> observed = ["cat", "cat", "dog", "dog"]
    >>> refined = [[0.9, 0.1], [0.2, 0.8], [0.0, 1.0], [0.4, 0.6]]
    >>> LabelRefinementDisplay.from_predictions(observed, refined).flow_.tolist()
    [[1, 1], [0, 2]]
    """

    def __init__(
        self,
        observed: NDArray[Any],
        refined: Floats,
        classes: NDArray[Any],
        *,
        points: Floats | None = None,
        predict: Callable[..., Any] | None = None,
    ) -> None:
        self.observed = observed
        self.refined = refined
        self.classes = classes
        self.points = points
        self.predict = predict

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any = None,
        y: ArrayLike | None = None,
        *,
        ax: "Axes | None" = None,
        **plot_options: Any,
    ) -> Self:
        """Show the labels that a fitted estimator refined.

        Parameters
        ----------
        estimator : estimator
            Fitted SLRClassifier, SLRRegressor with thresholds, or Pipeline ending in one.
        X : indexable of length n_samples, default=None
            Inputs of the rows. Two columns are drawn as points, with the estimator's decision
            surface; needed for nothing else with the rows of training.
        y : array-like of shape (n_samples,), default=None
            Observed labels. None, or those given to `fit`: the rows of training. Others: rows
            that the estimator was not trained on, judged by its predictions.
        ax, **plot_options : Axes and dict
            As `plot` takes them.

        Returns
        -------
        LabelRefinementDisplay
            What was drawn.
        """
        judged = judge_estimator(estimator, X, y)
        points = X if len(getattr(X, "shape", ())) == 2 and X.shape[1] == 2 else None
        predict = estimator.predict
        if hasattr(X, "columns"):

            def predict(grid):  # the names that the estimator was fitted with
                return estimator.predict(type(X)(dict(zip(X.columns, grid.T, strict=True))))

        return cls._show(judged, points, predict, ax, plot_options)

    @classmethod
    def from_predictions(
        cls,
        observed: ArrayLike,
        refined: ArrayLike,
        *,
        classes: ArrayLike | None = None,
        X: ArrayLike | None = None,
        predict: Callable[..., Any] | None = None,
        ax: "Axes | None" = None,
        **plot_options: Any,
    ) -> Self:
        """Show given labels.

        Parameters
        ----------
        observed : array-like of shape (n_samples,)
            Observed labels.
        refined : array-like of shape (n_samples, C)
            Refined probability rows.
        classes : array-like of shape (C,), default=None
            Labels of the columns. None: the labels of `observed`, sorted.
        X : array-like of shape (n_samples, 2), default=None
            Points in a plane, such as an embedding.
        predict : callable, default=None
            ``predict(points) -> labels``, whose decision surface is drawn with the points.
        ax, **plot_options : Axes and dict
            As `plot` takes them.

        Returns
        -------
        LabelRefinementDisplay
            What was drawn.
        """
        judged = judge_predictions(observed, refined, classes=classes)
        return cls._show(judged, X, predict, ax, plot_options)

    @classmethod
    def _show(cls, judged, points, predict, ax, plot_options):
        if judged.classes is None:
            raise TypeError(
                "The labels are numbers; classes are wanted, or grades (set thresholds). For "
                "numbers LabelIssuesDisplay shows the most suspicious rows."
            )
        if points is not None:
            points = check_array(points, dtype=np.float64, input_name="X")
            if points.shape != (len(judged.observed), 2):
                raise ValueError(
                    f"X has shape {points.shape}; ({len(judged.observed)}, 2) is wanted: one "
                    "point in a plane for each label."
                )
        shown = cls(judged.observed, judged.refined, judged.classes, points=points, predict=predict)
        return shown.plot(ax, **plot_options)

    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        kind: Literal["flow", "heatmap", "scatter"] = "flow",
        labels: Literal["refined", "observed"] = "refined",
        n_grid: int = 200,
    ) -> Self:
        """Draw the labels.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a figure.
        kind : {"flow", "heatmap", "scatter"}, default="flow"
            Bands of rows from observed to refined classes; the mean refined row of each observed
            class; or points in a plane, as in the paper's Figures 5 and 6.
        labels : {"refined", "observed"}, default="refined"
            Which labels colour the points of a scatter. Points whose labels differ have a ring.
        n_grid : int, default=200
            Points a side of the grid that the decision surface is predicted on.

        Returns
        -------
        LabelRefinementDisplay
            This display.
        """
        if kind not in KINDS:
            raise ValueError(f"kind is {kind!r}; one of {list(KINDS)} is wanted.")
        if labels not in ("refined", "observed"):
            raise ValueError(f"labels is {labels!r}; 'refined' or 'observed' is wanted.")
        if kind == "scatter" and self.points is None:
            raise ValueError(
                "kind='scatter' draws points in a plane, and there are none: pass X of two "
                "columns, e.g. from_predictions(observed, refined, X=PCA(2).fit_transform(X))."
            )
        known = self.observed >= 0
        codes, n_classes = self.refined.argmax(axis=1), len(self.classes)
        self.flow_ = confusion_matrix(
            self.observed[known], codes[known], labels=np.arange(n_classes)
        )
        totals = np.zeros((n_classes, n_classes))
        np.add.at(totals, self.observed[known], self.refined[known])
        counts = self.flow_.sum(axis=1, keepdims=True)
        self.soft_labels_ = np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)
        [self.ax_] = take_axes(ax, 1, figsize=(6, 4.8))
        self.figure_ = self.ax_.figure
        if kind == "flow":
            self._draw_flow()
        elif kind == "heatmap":
            self._draw_heat_map()
        else:
            self._draw_points(self.observed if labels == "observed" else codes, n_grid)
        return self

    def _draw_flow(self):
        left, right = self._place(self.flow_.sum(axis=1)), self._place(self.flow_.sum(axis=0))
        self.bands_ = {}
        start, end = left.copy(), right.copy()
        for i, j in np.argwhere(self.flow_ > 0).tolist():
            n = self.flow_[i, j]
            kept = i == j
            band = _band(start[i], end[j], n)
            band.set(color=GREY if kept else class_looks(len(self.classes))[i][0])
            band.set(alpha=0.55 if kept else 0.85, linewidth=0, zorder=1 if kept else 2)
            self.bands_[i, j] = self.ax_.add_patch(band)
            start[i] += n
            end[j] += n
        n_moved = int(self.flow_.sum() - np.trace(self.flow_))
        self._draw_bars(-_BAR, left, self.flow_.sum(axis=1), "right")
        self._draw_bars(1, right, self.flow_.sum(axis=0), "left")
        height = max(left[-1] + self.flow_.sum(axis=1)[-1], right[-1] + self.flow_.sum(axis=0)[-1])
        self.ax_.set(xlim=(-0.35, 1.35), ylim=(height * 1.02, -height * 0.02))
        self.ax_.set(xticks=[-_BAR / 2, 1 + _BAR / 2], xticklabels=["observed", "refined"])
        self.ax_.set(yticks=[], title=f"{n_moved} of {self.flow_.sum()} rows changed their class")
        self.ax_.tick_params(length=0)
        self.ax_.spines[:].set_visible(False)

    def _place(self, counts):
        """Return where each class starts, gaps between."""
        gap = max(_GAP * counts.sum(), 1e-9)
        return np.concatenate([[0.0], np.cumsum(counts + gap)[:-1]])

    def _draw_bars(self, x, tops, counts, side):
        looks = class_looks(len(self.classes))
        for code, (top, n) in enumerate(zip(tops, counts, strict=True)):
            self.ax_.bar(x, n, _BAR, bottom=top, align="edge", color=looks[code][0], zorder=3)
            where = x - 0.02 if side == "right" else x + _BAR + 0.02
            text = f"{short_name(self.classes[code])}  ({n})"
            self.ax_.text(where, top + n / 2, text, ha=side, va="center", fontsize="medium")

    def _draw_heat_map(self):
        shown = np.ma.masked_invalid(self.soft_labels_)
        self.image_ = self.ax_.imshow(shown, cmap="Blues", vmin=0, vmax=1)
        ticks = np.arange(len(self.classes))
        names = [short_name(name) for name in self.classes]
        self.ax_.set(xticks=ticks, xticklabels=names, yticks=ticks, yticklabels=names)
        self.ax_.set(xlabel="Refined class", ylabel="Observed class")
        self.ax_.set_title("Mean refined label of each observed class")
        tilt_long_names(self.ax_, names)
        if len(names) <= 15:
            for (row, column), share in np.ndenumerate(self.soft_labels_):
                text = "" if np.isnan(share) or share < 0.005 else f"{share:.2f}".lstrip("0")
                color = "white" if share > 0.5 else "black"
                how = {"ha": "center", "va": "center", "fontsize": 9 if len(names) < 9 else 7}
                self.ax_.text(column, row, text, color=color, **how)
        self.figure_.colorbar(self.image_, ax=self.ax_, label="Mean probability")

    def _draw_points(self, codes, n_grid):
        looks = class_looks(len(self.classes))
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        edge = 0.05 * np.where(high > low, high - low, 1)
        limits = np.column_stack([low - edge, high + edge])
        self.surface_ = None
        if self.predict is not None:
            self._draw_surface(limits, n_grid, [color for color, _ in looks])
        self.scatters_ = []
        for code, (color, marker) in enumerate(looks):
            chosen = self.points[codes == code]
            how = {"s": 22, "linewidths": 0.4, "edgecolors": "white", "zorder": 2}
            label = short_name(self.classes[code])
            self.scatters_.append(
                self.ax_.scatter(*chosen.T, c=color, marker=marker, label=label, **how)
            )
        moved = (self.observed >= 0) & (self.observed != self.refined.argmax(axis=1))
        ring = {"facecolors": "none", "edgecolors": "black", "linewidths": 0.9}
        self.changed_ = self.ax_.scatter(*self.points[moved].T, s=60, zorder=3, **ring)
        if moved.any():
            self.changed_.set_label("label changed")
        self.ax_.set(xlim=limits[0], ylim=limits[1])
        above = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "frameon": False}
        self.ax_.legend(ncols=4, fontsize="small", **above)

    def _draw_surface(self, limits, n_grid, colors):
        from matplotlib.colors import ListedColormap

        x, y = (np.linspace(*limit, n_grid) for limit in limits)
        grid = np.column_stack([axis.ravel() for axis in np.meshgrid(x, y)])
        found = encode_known_labels(self.predict(grid), self.classes, name="predict(points)")
        self.surface_ = self.ax_.pcolormesh(
            x, y, found.reshape(n_grid, n_grid), shading="nearest", rasterized=True, alpha=0.28,
            cmap=ListedColormap(colors), vmin=-0.5, vmax=len(colors) - 0.5, linewidth=0,
        )  # fmt: skip


def _band(top_left, top_right, height):
    """Return a band of constant height from left to right, bent at both ends."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    def edge(start, end, flip=False):
        points = [(0, start), (0.5, start), (0.5, end), (1, end)]
        return points[::-1] if flip else points

    points = edge(top_left, top_right) + edge(top_left + height, top_right + height, flip=True)
    codes = [Path.MOVETO] + [Path.CURVE4] * 3 + [Path.LINETO] + [Path.CURVE4] * 3
    return PathPatch(Path([*points, points[0]], [*codes, Path.CLOSEPOLY]))
