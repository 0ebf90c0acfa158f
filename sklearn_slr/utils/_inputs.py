"""Make inputs of any kind indexable by rows, and otherwise leave them unchanged."""

import importlib
import sys
import warnings
from collections.abc import Mapping

import numpy as np
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
        data = sys.modules["torch"].utils.data
        if isinstance(X, data.DataLoader):
            raise TypeError(
                f"{name} is a DataLoader; expected its dataset, {name}.dataset: the net makes its "
                "own batches, see batch_size and iterator_train of skorch."
            )
        if isinstance(X, data.Dataset):
            if not hasattr(X, "__len__"):
                raise TypeError(
                    f"{name} is the dataset {type(X).__name__}, which has no length: give it "
                    "__len__ and __getitem__, as a fold needs some of its rows."
                )
            return helper.SliceDataset(Samples(X), idx=0)
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


class Samples:
    """A torch dataset whose samples are tuples (X, ...), also where the dataset yields X alone.

    Parameters
    ----------
    dataset : torch Dataset
        The dataset; read only when a sample is needed.
    """

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, i):
        sample = self.dataset[i]
        return sample if isinstance(sample, (tuple, list)) else (sample,)


def check_lengths(X, /, *, called="X", **others):
    """Check that X has rows, and that every other input has the same; return their number.

    Raises
    ------
    ValueError
        If X has no rows, an input has another number of rows, or it is a pandas object with the
        same index in another order.
    """
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
    _check_same_index({called: X, **others})
    return n_samples


def _check_same_index(inputs):
    """Check that pandas objects have their rows in the same order: pairs go by position."""
    indexed = {
        name: value.index
        for name, value in inputs.items()
        if hasattr(value, "iloc") and hasattr(value, "index")
    }
    if len(indexed) < 2:
        return
    (first, index), *others = indexed.items()
    for name, other in others:
        if index.equals(other):
            continue
        if index.sort_values().equals(other.sort_values()):
            row = int(np.flatnonzero(index != other)[0])
            raise ValueError(
                f"{name} has the index labels of {first} in another order (row {row}: "
                f"{other[row]} and {index[row]}), but rows are paired by position: reorder it, "
                f"{name} = {name}.loc[{first}.index]."
            )
        warnings.warn(
            f"{name} has other index labels than {first}; rows are paired by position. Give them "
            f"the same index, or pass {name}.to_numpy(), to silence this warning.",
            UserWarning,
        )


def count_rows(value, name):
    """Return the number of rows, or raise a TypeError that names what has none."""
    try:
        return num_samples(value)
    except TypeError as error:
        raise TypeError(f"{name} has no rows: {error}") from None
