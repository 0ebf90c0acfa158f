"""LabelIssuesDisplay: the most suspicious rows with their contents."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from ..utils._typing import Estimator
from ._label_comparison import LabelComparison
from ._matplotlib import BLUE, GREY, VERMILION, import_pyplot, prepare_axes, shorten_name
from ._row_contents import RowContents, format_value
from ._thumbnails import make_thumbnails

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Longest side of an image in pixels, length of a text, and number of bars per row.
_MAX_PIXELS, _MAX_CHARACTERS, _N_BARS = 256, 220, 3


class LabelIssuesDisplay:
    """The most suspicious rows: contents, observed label, refined distribution and quality.

    Rows are shown as images, texts or values of columns. The bar of the observed class is
    vermilion, that of the proposed class blue. It is recommended to use `from_estimator` or
    `from_predictions`.

    Parameters
    ----------
    judged : LabelComparison
        Observed and refined labels.
    contents : RowContents
        What is shown of the rows.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where the rows are drawn.
    axes_ : ndarray of matplotlib Axes of shape (n_shown, 2)
        For each row shown, the axes of its contents and of its bars.
    rows_ : ndarray of int of shape (n_shown,)
        Indices of the rows shown, the most suspicious first.

    See Also
    --------
    export_label_review : Write a page to review many rows and to mark them.

    Examples
    --------
    >>> from sklearn_slr.displays import LabelIssuesDisplay
    >>> display = LabelIssuesDisplay.from_predictions(
    ...     ["ham", "ham", "spam"], [[0.9, 0.1], [0.1, 0.9], [0.4, 0.6]],
    ...     text=["See you at noon", "You have won!", "Cheap pills"], n_rows=2,
    ... )
    >>> display.rows_.tolist()
    [1, 2]
    """

    def __init__(self, judged: LabelComparison, contents: RowContents) -> None:
        self.judged = judged
        self.contents = contents

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimator,
        X: Any = None,
        y: ArrayLike | None = None,
        *,
        images: Sequence[Any] | ArrayLike | None = None,
        text: ArrayLike | None = None,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> Self:
        """Show the most suspicious rows of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted SLRClassifier or SLRRegressor, or Pipeline ending in one.
        X : indexable of length n_samples, default=None
            Inputs. A list of strings is shown as texts, an array (n_samples, height, width) as
            images. Columns of a DataFrame are always shown, columns of another table only if
            there are neither images nor texts.
        y : array-like of shape (n_samples,), default=None
            Observed labels. None, or the labels passed to `fit`: the training rows, with their
            out-of-fold quality. Other labels: new rows, with predictions as refined labels.
        images : sequence of length n_samples, default=None
            Images (height, width), optionally with channels: arrays, PIL images or paths.
        text : sequence of str of length n_samples, default=None
            Texts.
        ax, **plot_options : Axes and dict
            Passed to `plot`.

        Returns
        -------
        LabelIssuesDisplay
            The display.
        """
        labels = LabelComparison.from_estimator(estimator, X, y)
        contents = RowContents.from_inputs(X, len(labels.observed), images=images, text=text)
        return cls(labels, contents).plot(ax, **plot_options)

    @classmethod
    def from_predictions(
        cls,
        observed: ArrayLike,
        refined: ArrayLike,
        *,
        classes: ArrayLike | None = None,
        quality: ArrayLike | None = None,
        X: Any = None,
        images: Sequence[Any] | ArrayLike | None = None,
        text: ArrayLike | None = None,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> Self:
        """Show the most suspicious of the given labels.

        Parameters
        ----------
        observed : array-like of shape (n_samples,)
            Observed labels; numbers if `refined` has one dimension.
        refined : array-like of shape (n_samples, C) or (n_samples,)
            Refined probability rows or out-of-fold predictions; or numbers.
        classes : array-like of shape (C,), default=None
            Labels of the columns. None: the labels in `observed`, sorted.
        quality : array-like of shape (n_samples,), default=None
            Quality of each label. None: the probability of the observed label.
        X, images, text : sequences of length n_samples, default=None
            As in `from_estimator`.
        ax, **plot_options : Axes and dict
            Passed to `plot`.

        Returns
        -------
        LabelIssuesDisplay
            The display.
        """
        labels = LabelComparison.from_predictions(
            observed, refined, classes=classes, quality=quality
        )
        contents = RowContents.from_inputs(X, len(labels.observed), images=images, text=text)
        return cls(labels, contents).plot(ax, **plot_options)

    def plot(
        self, ax: Axes | None = None, *, n_rows: int = 12, n_columns: int | None = None
    ) -> Self:
        """Draw the rows.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; each row gets inset axes. None creates a figure.
        n_rows : int, default=12
            Number of rows to show.
        n_columns : int, default=None
            Number of rows side by side. None: 3 with images, else 1.

        Returns
        -------
        LabelIssuesDisplay
            This display.
        """
        for name, value in (("n_rows", n_rows), ("n_columns", n_columns)):
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}; expected at least 1.")
        has_images = self.contents.images is not None
        self.rows_ = self.judged.most_suspicious(n_rows)
        n_columns = min(n_columns or (3 if has_images else 1), len(self.rows_))
        n_lines = -(-len(self.rows_) // n_columns)
        if ax is None:
            width, height = (3.4, 1.35) if has_images else (9, 0.85)
            size = {"figsize": (max(5, width * n_columns), 0.3 + height * n_lines)}
            ax = import_pyplot().subplots(layout="constrained", **size)[1]
        [self.ax_] = prepare_axes(ax, 1)
        self.figure_ = self.ax_.figure
        self.ax_.set_axis_off()
        if has_images:
            thumbnails = make_thumbnails(self.contents.images, self.rows_, _MAX_PIXELS)
        self.axes_ = np.empty((len(self.rows_), 2), dtype=object)
        split = 0.4 if has_images else 0.68
        for k, row in enumerate(self.rows_):
            line, column = divmod(k, n_columns)
            x, y = column / n_columns, 1 - (line + 1) / n_lines
            width, height = 1 / n_columns, 0.94 / n_lines
            contents = self.ax_.inset_axes([x, y, split * width, height])
            bars = self.ax_.inset_axes([x + split * width, y, (0.98 - split) * width, height])
            self.axes_[k] = contents, bars
            contents.set_axis_off()
            if has_images:
                contents.imshow(thumbnails[k], cmap="gray", vmin=0, vmax=255)
            else:
                self._draw_text(contents, row)
            self._draw_bars(bars, row)
        return self

    def _draw_text(self, ax, row):
        if self.contents.text is not None:
            text = fill(self.contents.snippet(row, _MAX_CHARACTERS), 76)
        else:
            pairs = zip(self.contents.columns, self.contents.values(row), strict=True)
            # Non-breaking spaces keep each name and its value on one line.
            text = ",  ".join(f"{name}\u00a0=\u00a0{value}" for name, value in pairs)
            text = fill(text, 80, break_on_hyphens=False)
        # In texts of users, dollar signs do not start formulas.
        style = {"va": "center", "fontsize": 8, "parse_math": False, "clip_on": True}
        ax.text(0, 0.5, text, transform=ax.transAxes, **style)

    def _draw_bars(self, ax, row):
        labels = self.judged
        ax.set(xlim=(0, 1), ylim=(-0.75, 2.5), yticks=[], xticks=[])
        ax.spines[:].set_visible(False)
        title = f"row {row}, quality {labels.quality[row]:.2g}"
        ax.text(0, 2.25, title, fontsize=7, color="#333333", va="center")
        if labels.classes is None:
            numbers = [("observed", labels.observed[row], VERMILION)]
            numbers.append(("refined", labels.refined[row], BLUE))
            for y, (name, number, color) in zip((1.4, 0.5), numbers, strict=True):
                text = f"{name} {format_value(float(number))}"
                ax.text(0, y, text, fontsize=8, color=color, va="center")
            return
        codes = top_classes(labels.refined[row], labels.observed[row], _N_BARS)
        for y, code in zip((1.4, 0.5, -0.4), codes, strict=False):
            probability, color, note = labels.refined[row, code], GREY, ""
            if code == labels.proposed[row]:
                color = BLUE
            if code == labels.observed[row]:
                color, note = VERMILION, " (observed)"
            ax.barh(y, probability, 0.8, color=color, alpha=0.45)
            ax.barh(y, -0.012, 0.8, color=color, clip_on=False)  # visible if the bar is 0 wide
            name = shorten_name(labels.classes[code])
            ax.text(0.02, y, f"{name}{note}  {probability:.2f}", fontsize=7.5, va="center")


def top_classes(row, observed, n_classes):
    """Return the most probable classes of a row; the observed class is always among them."""
    order = np.argsort(-row, kind="stable")
    kept = order[:n_classes]
    if observed >= 0 and observed not in kept:
        kept = np.append(kept[:-1], observed)
    return kept
