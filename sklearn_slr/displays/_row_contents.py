"""RowContents: what is shown of a row: an image, a text, or values of columns."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ..utils._sklearn import num_samples
from ._thumbnails import get_row

MAX_COLUMNS = 12


@dataclass(frozen=True)
class RowContents:
    """Images, texts and values of columns that are shown of rows.

    Parameters
    ----------
    images : sequence or None
        Images, as for `make_thumbnails`.
    text : sequence of str or None
        Texts.
    columns : list of str
        Names of the columns shown.
    table : DataFrame, ndarray or None
        The values of these columns, and perhaps of more.
    """

    images: object
    text: object
    columns: list[str]
    table: object

    @classmethod
    def from_inputs(cls, X, n_samples, *, images=None, text=None):
        """Choose what is shown of rows.

        Parameters
        ----------
        X : indexable of length n_samples or None
            Inputs. A list of strings is shown as texts, an array (n_samples, height, width) as
            images. Columns of a DataFrame are always shown, columns of another table only if
            there are neither images nor texts; at most 12.
        n_samples : int
            Number of rows.
        images, text : sequence of length n_samples, default=None
            Images and texts.

        Returns
        -------
        RowContents
            What is shown.
        """
        for name, value in (("images", images), ("text", text)):
            if value is not None and num_samples(value) != n_samples:
                raise ValueError(
                    f"{name} has {num_samples(value)} rows, but there are {n_samples} labels: pass "
                    "one for each label."
                )
        if text is None and _holds_strings(X):
            text = X
        if images is None and text is None and len(getattr(X, "shape", ())) == 3:
            images = X
        if hasattr(X, "columns") and hasattr(X, "iloc"):
            names = [str(name) for name in X.columns[:MAX_COLUMNS]]
            return cls(images, text, names, X)
        only_table = images is None and text is None and X is not None and not sparse.issparse(X)
        if only_table and len(getattr(X, "shape", ())) == 2:
            names = [f"x{column}" for column in range(min(X.shape[1], MAX_COLUMNS))]
            return cls(images, text, names, np.asarray(X))
        return cls(images, text, [], None)

    def snippet(self, row, length):
        """Return the text of a row on one line, shortened to `length` characters."""
        line = " ".join(str(get_row(self.text, row)).split())
        return line if len(line) <= length else line[: length - 1] + "…"

    def values(self, row):
        """Return the values of a row as strings; an empty list if there are no columns."""
        if not self.columns:
            return []
        values = get_row(self.table, row)
        values = values.tolist() if hasattr(values, "tolist") else list(values)
        return [format_value(value) for value in values[: len(self.columns)]]


def format_value(value):
    """Return a value as a short string."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _holds_strings(X):
    if X is None or len(getattr(X, "shape", (1,))) != 1 or not hasattr(X, "__len__"):
        return False
    if hasattr(X, "keys") and not hasattr(X, "iloc"):
        return False
    return all(isinstance(get_row(X, row), str) for row in range(min(len(X), 5)))
