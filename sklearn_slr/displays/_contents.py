"""What a row looks like to a person: a picture, a text, or values of columns."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ..utils._sklearn import num_samples
from ._thumbnails import take_item

MAX_COLUMNS = 12


@dataclass(frozen=True)
class Contents:
    """Where the looks of rows are taken from.

    Parameters
    ----------
    images : sequence or None
        Images, as `take_thumbnails` takes them.
    text : sequence of str or None
        Texts.
    columns : list of str
        Names of the columns shown.
    table : DataFrame, ndarray or None
        Where their values come from.
    """

    images: object
    text: object
    columns: list[str]
    table: object

    def snippet(self, row, length):
        """Return the text of a row, on one line and cut to `length` characters."""
        words = " ".join(str(take_item(self.text, row)).split())
        return words if len(words) <= length else words[: length - 1] + "…"

    def values(self, row):
        """Return the values of a row's columns as texts; none where there are no columns."""
        if not self.columns:
            return []
        taken = take_item(self.table, row)
        taken = taken.tolist() if hasattr(taken, "tolist") else list(taken)
        return [format_value(value) for value in taken[: len(self.columns)]]


def find_contents(X, n_samples, *, images=None, text=None):
    """Find out what can be shown of rows.

    Parameters
    ----------
    X : indexable of length n_samples or None
        Inputs. A list of strings is text, an array (n_samples, height, width) images; a
        DataFrame's columns are shown always, those of another table where there are neither
        images nor texts; at most 12.
    n_samples : int
        Number of rows.
    images, text : sequence of length n_samples, default=None
        Images and texts.

    Returns
    -------
    Contents
        What there is to show.
    """
    for name, given in (("images", images), ("text", text)):
        if given is not None and num_samples(given) != n_samples:
            raise ValueError(
                f"{name} has {num_samples(given)} rows, but there are {n_samples} labels: one a "
                "row is wanted."
            )
    if text is None and _holds_strings(X):
        text = X
    if images is None and text is None and len(getattr(X, "shape", ())) == 3:
        images = X
    if hasattr(X, "columns") and hasattr(X, "iloc"):
        names = [str(name) for name in X.columns[:MAX_COLUMNS]]
        return Contents(images, text, names, X)
    plain = images is None and text is None and X is not None and not sparse.issparse(X)
    if plain and len(getattr(X, "shape", ())) == 2:
        names = [f"x{column}" for column in range(min(X.shape[1], MAX_COLUMNS))]
        return Contents(images, text, names, np.asarray(X))
    return Contents(images, text, [], None)


def format_value(value):
    """Return a value as a short text."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _holds_strings(X):
    if X is None or len(getattr(X, "shape", (1,))) != 1 or not hasattr(X, "__len__"):
        return False
    if hasattr(X, "keys") and not hasattr(X, "iloc"):
        return False
    return all(isinstance(take_item(X, row), str) for row in range(min(len(X), 5)))
