"""Batches of nets: rows that know their number, and rows taken from whole arrays at once.

A DataLoader asks a dataset for one row after the other and stacks them, which costs small nets
more than their arithmetic does. Where the dataset is skorch's own and its arrays are in memory, a
batch is an indexed tensor: the same rows in the same order, from the same random numbers.
"""

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.dataset import Dataset, unpack_data
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    Subset,
    default_collate,
)

_BATCH_KEYS = {"label", "row"}


# Rows that know their number


class NumberedDataset(torch.utils.data.Dataset[Any]):
    """A dataset whose items carry, beside the label, the number of their row."""

    def __init__(self, dataset, labels, relabel):
        if len(dataset) != len(labels):
            raise ValueError(
                f"X is a dataset of {len(dataset)} samples, and there are {len(labels)} targets: "
                "give one target for each sample."
            )
        self.dataset, self.relabel, self.numbers = dataset, relabel, np.arange(len(labels))
        if relabel:
            self.y = labels

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, i):
        X, y = unpack_data(self.dataset[i])
        return X, {"label": self.y[i] if self.relabel else y, "row": self.numbers[i]}

    def __getattr__(self, name):
        # Not __getitems__, which would hand out items without their numbers.
        if name.startswith("__") or name == "dataset":
            raise AttributeError(name)
        return getattr(self.dataset, name)


class NumberedSkorchDataset(NumberedDataset, Dataset):
    """The same for skorch's own, whose X and y callbacks look at."""


def is_numbered(y):
    """Whether the y of a batch carries the numbers of its rows."""
    return isinstance(y, Mapping) and y.keys() == _BATCH_KEYS


def collate_numbered(loader):
    """Have a loader collate plain items, as the user's function may know nothing else.

    The numbers of the rows are added to what the function returns.
    """
    if hasattr(loader, "collate_fn") and not isinstance(loader, MemoryLoader):
        loader.collate_fn = functools.partial(_collate, loader.collate_fn)
    return loader


def _collate(collate, items):
    if not (isinstance(items, list) and isinstance(items[0], tuple) and is_numbered(items[0][-1])):
        return collate(items)
    X, labels = unpack_data(collate([(X, y["label"]) for X, y in items]))
    return [X, {"label": labels, "row": torch.as_tensor([int(y["row"]) for _, y in items])}]


# Rows of whole arrays


def reads_as_skorch(net_class):
    """Whether a class of nets makes its datasets and loaders as skorch does."""
    return all(
        getattr(net_class, name) is getattr(NeuralNet, name)
        for name in ("get_dataset", "get_iterator")
    )


def from_memory(loader):
    """Make a loader take its batches from whole arrays, where these are in memory.

    Parameters
    ----------
    loader : object
        What the net's ``get_iterator`` returned.

    Returns
    -------
    object
        The same loader, now a `MemoryLoader`, if it is a torch DataLoader in this process with
        the default collate function and its dataset is skorch's own, or a Subset of it, whose X
        and y are arrays, tensors, DataFrames, or dicts or lists of them. Any other as it was.

    Examples
    --------
    >>> import numpy as np
    >>> from skorch.dataset import Dataset
    >>> from torch.utils.data import DataLoader
    >>> from sklearn_slr._nets._batches import from_memory
    >>> loader = from_memory(DataLoader(Dataset(np.eye(3), np.arange(3)), batch_size=2))
    >>> type(loader).__name__, [y.tolist() for X, y in loader]
    ('MemoryLoader', [[0, 1], [2]])
    """
    plain = (
        type(loader) is DataLoader
        and loader.batch_sampler is not None
        and loader.collate_fn is default_collate
        and loader.num_workers == 0
        and not loader.pin_memory
    )
    if not plain or not len(loader.dataset):
        return loader
    try:
        items, rows = _whole(loader.dataset)
    except _NotInMemoryError:
        return loader
    # What rows of rare kinds are stacked to is best asked of torch itself.
    if _kinds(default_collate([loader.dataset[0]])) != _kinds(_take(items, torch.tensor([0]))):
        return loader
    loader.__class__, loader.items, loader.rows = MemoryLoader, items, rows
    return loader


class MemoryLoader(DataLoader[Any]):
    """A DataLoader that takes its batches from whole tensors."""

    def __iter__(self):
        return (_take(self.items, rows) for rows in self.row_batches())

    def row_batches(self):
        """Return an iterator over the row numbers of the items of each batch of an epoch."""
        # DataLoader's own iterator draws a seed for workers, used or not.
        torch.empty((), dtype=torch.int64).random_(generator=self.generator)
        batches = (torch.as_tensor(batch) for batch in _batches(self.batch_sampler))
        return batches if self.rows is None else (self.rows[batch] for batch in batches)


def _batches(sampler):
    """Yield the row numbers of each batch of a batch sampler, whole permutations at a time."""
    order = _order(sampler.sampler) if type(sampler) is BatchSampler else None
    if order is None:
        yield from sampler
        return
    for batch in order.split(sampler.batch_size):
        if len(batch) == sampler.batch_size or not sampler.drop_last:
            yield batch


def _order(sampler):
    """Return what a sampler yields, drawn as torch's own draw it, or None."""
    if type(sampler) is SequentialSampler:
        return torch.arange(len(sampler))
    whole = type(sampler) is RandomSampler and len(sampler) == len(sampler.data_source)
    # A generator of the user's own is drawn from once more than it seems.
    if not whole or sampler.replacement or sampler.generator is not None:
        return None
    generator = torch.Generator()
    generator.manual_seed(int(torch.empty((), dtype=torch.int64).random_()))
    return torch.randperm(len(sampler), generator=generator)


class _NotInMemoryError(Exception):
    pass


def _whole(dataset):
    """Return all items of a dataset, and which rows of them are its own (None: all)."""
    if type(dataset) is Subset:
        items, outer = _whole(dataset.dataset)
        rows = torch.as_tensor(np.asarray(dataset.indices))
        return items, rows if outer is None else outer[rows]
    if type(dataset) is NumberedSkorchDataset:
        (X, y), rows = _whole(dataset.dataset)
        return [X, {"label": y, "row": torch.as_tensor(dataset.numbers)}], rows
    if type(dataset) is not Dataset:
        raise _NotInMemoryError
    X, n_rows = dataset.X, len(dataset)
    if dataset.X_is_ndframe:
        X = {name: X[name].values.reshape(-1, 1) for name in X}
    # skorch stands in a zero for the y that is not there.
    y = torch.zeros(1, 1).expand(n_rows, 1) if dataset.y is None else dataset.y
    return [_tensors(X, n_rows), _tensors(y, n_rows)], None


def _tensors(data, n_rows):
    if isinstance(data, Mapping):
        return {name: _tensors(part, n_rows) for name, part in data.items()}
    if isinstance(data, (list, tuple)):
        return [_tensors(part, n_rows) for part in data]
    if isinstance(data, np.ndarray):
        try:
            data = torch.as_tensor(data)
        except (TypeError, ValueError) as error:  # no numbers; negative strides
            raise _NotInMemoryError from error
    if not isinstance(data, torch.Tensor) or data.ndim == 0 or len(data) != n_rows:
        raise _NotInMemoryError
    return data


def _take(items, rows):
    return _map(lambda part: part.index_select(0, rows.to(part.device)), items)


def _kinds(batch):
    return _map(lambda part: (part.dtype, part.shape, part.device), batch)


def _map(function, data):
    if isinstance(data, dict):
        return {name: _map(function, part) for name, part in data.items()}
    if isinstance(data, list):
        return [_map(function, part) for part in data]
    return function(data)
