"""LabelIssuesDisplay: the most suspicious rows, as a person sees them."""

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from ..utils._typing import Estimator
from ._contents import Contents, find_contents, format_value
from ._judged import Judged, judge_estimator, judge_predictions
from ._matplotlib import BLUE, GREY, VERMILION, import_pyplot, short_name, take_axes
from ._thumbnails import take_thumbnails

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Longest side of a picture in pixels, length of a text, and bars a row.
_PIXELS, _CHARACTERS, _BARS = 256, 220, 3


class LabelIssuesDisplay:
    """The most suspicious rows: what they hold, observed label, refined distribution, quality.

    Rows are shown as pictures, texts or values of columns. Their observed class has a bar in
    vermilion, the proposed one in blue. It is recommended to use `from_estimator` or
    `from_predictions`.

    Parameters
    ----------
    judged : Judged
        Labels and what became of them.
    contents : Contents
        What the rows look like.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where the rows are drawn.
    axes_ : ndarray of matplotlib Axes of shape (n_shown, 2)
        For each row shown, the axes of its looks and of its bars.
    rows_ : ndarray of int of shape (n_shown,)
        The rows shown, the most suspicious first.

    See Also
    --------
    export_label_review : A page to look through many rows and to mark them.

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

    def __init__(self, judged: Judged, contents: Contents) -> None:
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
        ax: "Axes | None" = None,
        **plot_options: Any,
    ) -> Self:
        """Show the most suspicious rows of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted SLRClassifier or SLRRegressor, or Pipeline ending in one.
        X : indexable of length n_samples, default=None
            Inputs. The values of its columns are shown, if it has such, where there are neither
            images nor texts (a DataFrame's: always); of a list of strings the texts; of an array
            (n_samples, height, width) the images.
        y : array-like of shape (n_samples,), default=None
            Observed labels. None, or those given to `fit`: the rows of training, judged out of
            fold. Others: rows that the estimator was not trained on, judged by its predictions.
        images : sequence of length n_samples, default=None
            Images (height, width), also with channels: arrays, PIL images or paths.
        text : sequence of str of length n_samples, default=None
            Texts.
        ax, **plot_options : Axes and dict
            As `plot` takes them.

        Returns
        -------
        LabelIssuesDisplay
            What was drawn.
        """
        judged = judge_estimator(estimator, X, y)
        contents = find_contents(X, len(judged.observed), images=images, text=text)
        return cls(judged, contents).plot(ax, **plot_options)

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
        ax: "Axes | None" = None,
        **plot_options: Any,
    ) -> Self:
        """Show the most suspicious of given labels.

        Parameters
        ----------
        observed : array-like of shape (n_samples,)
            Observed labels; numbers where `refined` is of one dimension.
        refined : array-like of shape (n_samples, C) or (n_samples,)
            Refined probability rows, or out-of-fold predictions; numbers.
        classes : array-like of shape (C,), default=None
            Labels of the columns. None: the labels of `observed`, sorted.
        quality : array-like of shape (n_samples,), default=None
            How far each label is to be trusted. None: the probability of the observed label.
        X, images, text : sequences of length n_samples, default=None
            As `from_estimator` takes them.
        ax, **plot_options : Axes and dict
            As `plot` takes them.

        Returns
        -------
        LabelIssuesDisplay
            What was drawn.
        """
        judged = judge_predictions(observed, refined, classes=classes, quality=quality)
        contents = find_contents(X, len(judged.observed), images=images, text=text)
        return cls(judged, contents).plot(ax, **plot_options)

    def plot(
        self, ax: "Axes | None" = None, *, n_rows: int = 12, n_columns: int | None = None
    ) -> Self:
        """Draw the rows.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; every row gets axes within. None makes a figure.
        n_rows : int, default=12
            Number of rows to show.
        n_columns : int, default=None
            Number of them side by side. None: 3 of pictures, else 1.

        Returns
        -------
        LabelIssuesDisplay
            This display.
        """
        for name, value in (("n_rows", n_rows), ("n_columns", n_columns)):
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}; 1 or more is wanted.")
        pictures = self.contents.images is not None
        self.rows_ = self.judged.most_suspicious(n_rows)
        n_columns = min(n_columns or (3 if pictures else 1), len(self.rows_))
        n_lines = -(-len(self.rows_) // n_columns)
        if ax is None:
            width, height = (3.4, 1.35) if pictures else (9, 0.85)
            size = {"figsize": (max(5, width * n_columns), 0.3 + height * n_lines)}
            ax = import_pyplot().subplots(layout="constrained", **size)[1]
        [self.ax_] = take_axes(ax, 1)
        self.figure_ = self.ax_.figure
        self.ax_.set_axis_off()
        thumbnails = take_thumbnails(self.contents.images, self.rows_, _PIXELS) if pictures else []
        self.axes_ = np.empty((len(self.rows_), 2), dtype=object)
        split = 0.4 if pictures else 0.68
        for k, row in enumerate(self.rows_):
            line, column = divmod(k, n_columns)
            x, y = column / n_columns, 1 - (line + 1) / n_lines
            width, height = 1 / n_columns, 0.94 / n_lines
            looks = self.ax_.inset_axes([x, y, split * width, height])
            bars = self.ax_.inset_axes([x + split * width, y, (0.98 - split) * width, height])
            self.axes_[k] = looks, bars
            if pictures:
                looks.imshow(thumbnails[k], cmap="gray", vmin=0, vmax=255)
                looks.set_axis_off()
            else:
                self._write(looks, row)
            self._draw_bars(bars, row)
        return self

    def _write(self, ax, row):
        ax.set_axis_off()
        if self.contents.text is not None:
            words = fill(self.contents.snippet(row, _CHARACTERS), 76)
        else:
            pairs = zip(self.contents.columns, self.contents.values(row), strict=True)
            # No line breaks within a pair: these spaces do not break.
            words = ",  ".join(f"{name}\u00a0=\u00a0{value}" for name, value in pairs)
            words = fill(words, 80, break_on_hyphens=False)
        # Users' texts are no formulas: a dollar sign stays one.
        how = {"va": "center", "fontsize": 8, "parse_math": False, "clip_on": True}
        ax.text(0, 0.5, words, transform=ax.transAxes, **how)

    def _draw_bars(self, ax, row):
        judged = self.judged
        ax.set(xlim=(0, 1), ylim=(-0.75, 2.5), yticks=[], xticks=[])
        ax.spines[:].set_visible(False)
        how = {"va": "center"}
        head = f"row {row}, quality {judged.quality[row]:.2g}"
        ax.text(0, 2.25, head, fontsize=7, color="#333333", **how)
        if judged.classes is None:
            shown = [("observed", judged.observed[row], VERMILION)]
            shown.append(("refined", judged.refined[row], BLUE))
            for place, (name, number, color) in zip((1.4, 0.5), shown, strict=True):
                text = f"{name} {format_value(float(number))}"
                ax.text(0, place, text, fontsize=8, color=color, **how)
            return
        codes = top_classes(judged.refined[row], judged.observed[row], _BARS)
        for place, code in zip((1.4, 0.5, -0.4), codes, strict=False):
            share, color, note = judged.refined[row, code], GREY, ""
            if code == judged.proposed[row]:
                color = BLUE
            if code == judged.observed[row]:
                color, note = VERMILION, " (observed)"
            ax.barh(place, share, 0.8, color=color, alpha=0.45)
            ax.barh(place, -0.012, 0.8, color=color, clip_on=False)  # seen where the share is 0
            name = short_name(judged.classes[code])
            ax.text(0.02, place, f"{name}{note}  {share:.2f}", fontsize=7.5, va="center")


def top_classes(row, observed, n_classes):
    """Return the most probable classes of a row, the observed one among them in any case."""
    order = np.argsort(-row, kind="stable")
    kept = order[:n_classes]
    if observed >= 0 and observed not in kept:
        kept = np.append(kept[:-1], observed)
    return kept
