"""LabelRefinementDisplay: from the observed to the refined labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import confusion_matrix
from sklearn.utils import check_array

from ..utils._labels import encode_known_labels
from ..utils._typing import Floats
from ._label_comparison import LabelComparison
from ._matplotlib import GREY, class_styles, prepare_axes, rotate_long_labels, shorten_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = ("flow", "heatmap", "scatter")
# Width of the class bars in a flow, and the gap between classes as a share of all rows.
_BAR_WIDTH, _GAP = 0.06, 0.03


class LabelRefinementDisplay:
    """Changes of labels: the flow of rows, the mean refined labels, or points in a plane.

    It is recommended to use `from_estimator` or `from_predictions`.

    Parameters
    ----------
    observed : ndarray of int of shape (n_samples,)
        Class indices of the observed labels; -1 where there is no label.
    refined : ndarray of shape (n_samples, C)
        Refined probability rows.
    classes : ndarray of shape (C,)
        Class labels.
    points : ndarray of shape (n_samples, 2), default=None
        Positions of the rows in a plane.
    predict : callable, default=None
        ``predict(points) -> labels``; its decision surface is drawn.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where the labels are drawn.
    flow_ : ndarray of int of shape (C, C)
        Number of rows from observed (row) to refined class (column).
    soft_labels_ : ndarray of shape (C, C)
        Mean refined row of each observed class; NaN if a class was not observed.
    bands_ : dict of (int, int) to matplotlib PathPatch
        The bands of a flow, by observed and refined class.
    image_ : matplotlib AxesImage
        The heat map.
    surface_ : matplotlib QuadMesh or None
        Decision surface of a scatter.
    scatters_ : list of matplotlib PathCollection
        The points of each class.
    changed_ : matplotlib PathCollection
        Rings around the points whose label changed.

    See Also
    --------
    LabelIssuesDisplay : The most suspicious rows, one by one.
    RefinementCurveDisplay : The scores of each round.

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
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> Self:
        """Show the labels that a fitted estimator refined or predicts.

        Parameters
        ----------
        estimator : estimator
            Fitted SLRClassifier, SLRRegressor with thresholds, or Pipeline ending in one.
        X : indexable of length n_samples, default=None
            Inputs. If they have two columns, the rows can be drawn as points, with the decision
            surface of the estimator. For training rows they are only needed for that.
        y : array-like of shape (n_samples,), default=None
            Observed labels. None, or the labels passed to `fit`: the training rows. Other labels:
            new rows, with predictions as refined labels.
        ax, **plot_options : Axes and dict
            Passed to `plot`.

        Returns
        -------
        LabelRefinementDisplay
            The display.
        """
        comparison = LabelComparison.from_estimator(estimator, X, y)
        points = X if len(getattr(X, "shape", ())) == 2 and X.shape[1] == 2 else None
        predict = estimator.predict
        if hasattr(X, "columns"):

            def predict(grid):  # with the column names that the estimator was fitted with
                return estimator.predict(type(X)(dict(zip(X.columns, grid.T, strict=True))))

        return cls._from_comparison(comparison, points, predict, ax, plot_options)

    @classmethod
    def from_predictions(
        cls,
        observed: ArrayLike,
        refined: ArrayLike,
        *,
        classes: ArrayLike | None = None,
        X: ArrayLike | None = None,
        predict: Callable[..., Any] | None = None,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> Self:
        """Show the given labels.

        Parameters
        ----------
        observed : array-like of shape (n_samples,)
            Observed labels.
        refined : array-like of shape (n_samples, C)
            Refined probability rows.
        classes : array-like of shape (C,), default=None
            Labels of the columns. None: the labels in `observed`, sorted.
        X : array-like of shape (n_samples, 2), default=None
            Points in a plane, such as an embedding.
        predict : callable, default=None
            ``predict(points) -> labels``; its decision surface is drawn with the points.
        ax, **plot_options : Axes and dict
            Passed to `plot`.

        Returns
        -------
        LabelRefinementDisplay
            The display.
        """
        comparison = LabelComparison.from_predictions(observed, refined, classes=classes)
        return cls._from_comparison(comparison, X, predict, ax, plot_options)

    @classmethod
    def _from_comparison(cls, comparison, points, predict, ax, plot_options):
        observed, refined, classes = comparison.observed, comparison.refined, comparison.classes
        if classes is None:
            raise TypeError(
                "The labels are numbers; expected classes, or grades (set thresholds). For "
                "numbers, use LabelIssuesDisplay, which shows the most suspicious rows."
            )
        if points is not None:
            points = check_array(points, dtype=np.float64, input_name="X")
            if points.shape != (len(observed), 2):
                raise ValueError(
                    f"X has shape {points.shape}; expected ({len(observed)}, 2): pass one point in "
                    "a plane for each label."
                )
        display = cls(observed, refined, classes, points=points, predict=predict)
        return display.plot(ax, **plot_options)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        kind: Literal["flow", "heatmap", "scatter"] = "flow",
        labels: Literal["refined", "observed"] = "refined",
        n_grid: int = 200,
    ) -> Self:
        """Draw the labels.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None creates a figure.
        kind : {"flow", "heatmap", "scatter"}, default="flow"
            "flow": bands from observed to refined classes. "heatmap": the mean refined row of each
            observed class. "scatter": points in a plane, as in the paper's Figures 5 and 6.
        labels : {"refined", "observed"}, default="refined"
            Which labels give the points of a scatter their colour. Points whose two labels differ
            have a ring.
        n_grid : int, default=200
            Number of points along each axis of the grid for the decision surface.

        Returns
        -------
        LabelRefinementDisplay
            This display.
        """
        if kind not in KINDS:
            raise ValueError(f"kind is {kind!r}; expected one of {list(KINDS)}.")
        if labels not in ("refined", "observed"):
            raise ValueError(f"labels is {labels!r}; expected 'refined' or 'observed'.")
        if kind == "scatter" and self.points is None:
            raise ValueError(
                "kind='scatter' needs points in a plane, but X is None or does not have two "
                "columns: pass e.g. from_predictions(observed, refined, "
                "X=PCA(2).fit_transform(X))."
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
        [self.ax_] = prepare_axes(ax, 1, figsize=(6, 4.8))
        self.figure_ = self.ax_.figure
        if kind == "flow":
            self._draw_flow()
        elif kind == "heatmap":
            self._draw_heat_map()
        else:
            self._draw_points(self.observed if labels == "observed" else codes, n_grid)
        return self

    def _draw_flow(self):
        n_observed, n_refined = self.flow_.sum(axis=1), self.flow_.sum(axis=0)
        left, right = _stack_bars(n_observed), _stack_bars(n_refined)
        self.bands_ = {}
        start, end = left.copy(), right.copy()
        for i, j in np.argwhere(self.flow_ > 0).tolist():
            n = self.flow_[i, j]
            kept = i == j
            band = _make_band(start[i], end[j], n)
            band.set(color=GREY if kept else class_styles(len(self.classes))[i][0])
            band.set(alpha=0.55 if kept else 0.85, linewidth=0, zorder=1 if kept else 2)
            self.bands_[i, j] = self.ax_.add_patch(band)
            start[i] += n
            end[j] += n
        n_changed = int(self.flow_.sum() - np.trace(self.flow_))
        self._draw_bars(-_BAR_WIDTH, left, n_observed, "right")
        self._draw_bars(1, right, n_refined, "left")
        height = max(left[-1] + n_observed[-1], right[-1] + n_refined[-1])
        self.ax_.set(xlim=(-0.35, 1.35), ylim=(height * 1.02, -height * 0.02))
        self.ax_.set(
            xticks=[-_BAR_WIDTH / 2, 1 + _BAR_WIDTH / 2], xticklabels=["observed", "refined"]
        )
        self.ax_.set(yticks=[], title=f"{n_changed} of {self.flow_.sum()} rows changed their class")
        self.ax_.tick_params(length=0)
        self.ax_.spines[:].set_visible(False)

    def _draw_bars(self, x, starts, counts, alignment):
        styles = class_styles(len(self.classes))
        for code, (y, n) in enumerate(zip(starts, counts, strict=True)):
            color = styles[code][0]
            self.ax_.bar(x, n, _BAR_WIDTH, bottom=y, align="edge", color=color, zorder=3)
            text_x = x - 0.02 if alignment == "right" else x + _BAR_WIDTH + 0.02
            text = f"{shorten_name(self.classes[code])}  ({n})"
            self.ax_.text(text_x, y + n / 2, text, ha=alignment, va="center", fontsize="medium")

    def _draw_heat_map(self):
        image = np.ma.masked_invalid(self.soft_labels_)
        self.image_ = self.ax_.imshow(image, cmap="Blues", vmin=0, vmax=1)
        ticks = np.arange(len(self.classes))
        names = [shorten_name(name) for name in self.classes]
        self.ax_.set(xticks=ticks, xticklabels=names, yticks=ticks, yticklabels=names)
        self.ax_.set(xlabel="Refined class", ylabel="Observed class")
        self.ax_.set_title("Mean refined label of each observed class")
        rotate_long_labels(self.ax_, names)
        if len(names) <= 15:
            style = {"ha": "center", "va": "center", "fontsize": 9 if len(names) < 9 else 7}
            for (row, column), mean in np.ndenumerate(self.soft_labels_):
                text = "" if np.isnan(mean) or mean < 0.005 else f"{mean:.2f}".lstrip("0")
                color = "white" if mean > 0.5 else "black"
                self.ax_.text(column, row, text, color=color, **style)
        self.figure_.colorbar(self.image_, ax=self.ax_, label="Mean probability")

    def _draw_points(self, codes, n_grid):
        styles = class_styles(len(self.classes))
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        margin = 0.05 * np.where(high > low, high - low, 1)
        limits = np.column_stack([low - margin, high + margin])
        self.surface_ = None
        if self.predict is not None:
            self._draw_surface(limits, n_grid, [color for color, _ in styles])
        self.scatters_ = []
        for code, (color, marker) in enumerate(styles):
            points = self.points[codes == code]
            style = {"s": 22, "linewidths": 0.4, "edgecolors": "white", "zorder": 2}
            label = shorten_name(self.classes[code])
            self.scatters_.append(
                self.ax_.scatter(*points.T, c=color, marker=marker, label=label, **style)
            )
        changed = (self.observed >= 0) & (self.observed != self.refined.argmax(axis=1))
        ring = {"facecolors": "none", "edgecolors": "black", "linewidths": 0.9}
        self.changed_ = self.ax_.scatter(*self.points[changed].T, s=60, zorder=3, **ring)
        if changed.any():
            self.changed_.set_label("label changed")
        self.ax_.set(xlim=limits[0], ylim=limits[1])
        above = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "frameon": False}
        self.ax_.legend(ncols=4, fontsize="small", **above)

    def _draw_surface(self, limits, n_grid, colors):
        from matplotlib.colors import ListedColormap

        x, y = (np.linspace(*limit, n_grid) for limit in limits)
        grid = np.column_stack([axis.ravel() for axis in np.meshgrid(x, y)])
        codes = encode_known_labels(self.predict(grid), self.classes, name="predict(points)")
        self.surface_ = self.ax_.pcolormesh(
            x, y, codes.reshape(n_grid, n_grid), shading="nearest", rasterized=True, alpha=0.28,
            cmap=ListedColormap(colors), vmin=-0.5, vmax=len(colors) - 0.5, linewidth=0,
        )  # fmt: skip


def _stack_bars(counts):
    """Return the start of each class's bar; there are gaps between the bars."""
    gap = max(_GAP * counts.sum(), 1e-9)
    return np.concatenate([[0.0], np.cumsum(counts + gap)[:-1]])


def _make_band(top_left, top_right, height):
    """Return a curved band of constant height from left to right."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    def edge(start, end, flip=False):
        points = [(0, start), (0.5, start), (0.5, end), (1, end)]
        return points[::-1] if flip else points

    points = edge(top_left, top_right) + edge(top_left + height, top_right + height, flip=True)
    codes = [Path.MOVETO] + [Path.CURVE4] * 3 + [Path.LINETO] + [Path.CURVE4] * 3
    return PathPatch(Path([*points, points[0]], [*codes, Path.CLOSEPOLY]))
