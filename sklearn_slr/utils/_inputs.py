"""Make inputs of any kind indexable by rows, and otherwise leave them unchanged."""

import importlib
import sys
from collections.abc import Mapping

from scipy import sparse
from sklearn.utils import indexable

from ._sklearn import num_samples


def as_indexable(X, *, name="X"):
    """Return X so that rows can be taken from it; torch datasets and dicts stay lazy.

    Parameters
    ----------
    X : array, sparse matrix, DataFrame, tensor, list, dict of arrays or torch Dataset
        The inputs of `fit` or `predict`.
    name : str, default="X"
        Its name in errors.

    Returns
    -------
    indexable
        X itself, its CSR form if sparse, a tensor without its gradient, or skorch's sliceable
        view of a dict or Dataset.

    Raises
    ------
    TypeError
        If X has no rows, or is a dict and skorch is not installed.
    """
    if sparse.issparse(X):  # some formats are dicts
        return indexable(X)[0]
    if "skorch" in sys.modules:
        helper = importlib.import_module("skorch.helper")
        if isinstance(X, sys.modules["torch"].utils.data.Dataset):
            return helper.SliceDataset(X, idx=0)
        if isinstance(X, Mapping):
            return X if isinstance(X, helper.SliceDict) else helper.SliceDict(**X)
    if isinstance(X, Mapping):
        raise TypeError(
            f"{name} is a dict, which only skorch nets accept: pass an array or a DataFrame, or "
            "wrap a skorch net."
        )
    count_rows(X, name)
    if getattr(X, "requires_grad", False):
        return X.detach()  # estimators learn from its values
    return indexable(X)[0]


def check_lengths(X, /, *, called="X", **others):
    """Check that X has rows, and that every other input has as many; return their number."""
    n_samples = count_rows(X, called)
    if n_samples == 0:
        raise ValueError(
            f"Found array with 0 sample(s) in {called} while a minimum of 1 is required."
        )
    for name, value in others.items():
        if value is not None and count_rows(value, name) != n_samples:
            raise ValueError(
                f"Found input variables with inconsistent numbers of samples: {called} has "
                f"{n_samples}, {name} has {num_samples(value)}."
            )
    return n_samples


def count_rows(value, name):
    """Return the number of rows, or raise a TypeError that names what has none."""
    try:
        return num_samples(value)
    except TypeError as error:
        raise TypeError(f"{name} has no rows: {error}") from None
