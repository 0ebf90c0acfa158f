"""Data loading for nets: items that carry their row index, and batches cut from whole arrays.

A DataLoader asks its dataset for one item after the other and stacks the items. For small nets,
this takes longer than the arithmetic. If the dataset is skorch's own and its arrays are in memory,
a `MemoryLoader` indexes whole tensors instead, with the same random numbers and the same batches.
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

_INDEXED_KEYS = {"label", "index"}


# Items with their row index


class IndexedDataset(torch.utils.data.Dataset[Any]):
    """A dataset whose items carry the index of their row next to their label."""

    def __init__(self, dataset, labels, replace_labels):
        if len(dataset) != len(labels):
            raise ValueError(
                f"Got X, a dataset of {len(dataset)} samples, and {len(labels)} targets: give one "
                "target for each sample."
            )
        self.dataset, self.replace_labels = dataset, replace_labels
        self.row_indices = np.arange(len(labels))
        if replace_labels:
            self.y = labels

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, i):
        X, y = unpack_data(self.dataset[i])
        return X, {"label": self.y[i] if self.replace_labels else y, "index": self.row_indices[i]}

    def __getattr__(self, name):
        # Not __getitems__, which would return items without their index.
        if name.startswith("__") or name == "dataset":
            raise AttributeError(name)
        return getattr(self.dataset, name)


class IndexedSkorchDataset(IndexedDataset, Dataset):
    """An `IndexedDataset` that callbacks recognise as skorch's own, with attributes X and y."""


def is_indexed(y):
    """Whether the y of a batch carries the indices of its rows."""
    return isinstance(y, Mapping) and y.keys() == _INDEXED_KEYS


def collate_indexed(loader):
    """Make a loader pass plain items to its collate function, which may be the user's.

    The row indices are added to what the function returns.
    """
    if hasattr(loader, "collate_fn") and not isinstance(loader, MemoryLoader):
        loader.collate_fn = functools.partial(_collate, loader.collate_fn)
    return loader


def _collate(collate, items):
    if not (isinstance(items, list) and isinstance(items[0], tuple) and is_indexed(items[0][-1])):
        return collate(items)
    X, labels = unpack_data(collate([(X, y["label"]) for X, y in items]))
    return [X, {"label": labels, "index": torch.as_tensor([int(y["index"]) for _, y in items])}]


# Batches from whole arrays


def uses_skorch_loading(net_class):
    """Whether a class of nets inherits the methods of skorch that make datasets and loaders."""
    methods = net_class.get_dataset, net_class.get_iterator
    return methods == (NeuralNet.get_dataset, NeuralNet.get_iterator)


def to_memory_loader(loader):
    """Make a loader index whole tensors, if its data are in memory.

    Parameters
    ----------
    loader : object
        What the net's ``get_iterator`` returned.

    Returns
    -------
    object
        The same loader. It is now a `MemoryLoader` if it was a torch DataLoader in this process
        with the default collate function, and its dataset is skorch's own, or a Subset of it,
        whose X and y are arrays, tensors, DataFrames, or dicts or lists of them. Any other loader
        is returned unchanged.

    Examples
    --------
    >>> import numpy as np
    >>> from skorch.dataset import Dataset
    >>> from torch.utils.data import DataLoader
    >>> from sklearn_slr._nets._batches import to_memory_loader
    >>> loader = to_memory_loader(DataLoader(Dataset(np.eye(3), np.arange(3)), batch_size=2))
    >>> type(loader).__name__, [y.tolist() for X, y in loader]
    ('MemoryLoader', [[0, 1], [2]])
    """
    is_default = (
        type(loader) is DataLoader
        and loader.batch_sampler is not None
        and loader.collate_fn is default_collate
        and loader.num_workers == 0
        and not loader.pin_memory
    )
    if not is_default or not len(loader.dataset):
        return loader
    try:
        data, indices = _get_tensors(loader.dataset)
    except _NotInMemoryError:
        return loader
    # Compare one batch with torch's own: its collate function converts some types.
    expected = default_collate([loader.dataset[0]])
    if _get_formats(expected) != _get_formats(_select(data, torch.tensor([0]))):
        return loader
    loader.__class__, loader.data, loader.indices = MemoryLoader, data, indices
    return loader


class MemoryLoader(DataLoader[Any]):
    """A DataLoader that takes its batches from whole tensors."""

    def __iter__(self):
        return (_select(self.data, indices) for indices in self.draw_indices())

    def draw_indices(self):
        """Return an iterator over the indices, in ``self.data``, of each batch of an epoch."""
        # DataLoader's own iterator draws a seed for workers, even if there are none.
        torch.empty((), dtype=torch.int64).random_(generator=self.generator)
        batches = (torch.as_tensor(batch) for batch in _iter_batches(self.batch_sampler))
        return batches if self.indices is None else (self.indices[batch] for batch in batches)


def _iter_batches(sampler):
    """Yield what a batch sampler yields, as slices of one tensor where possible."""
    order = _draw_order(sampler.sampler) if type(sampler) is BatchSampler else None
    if order is None:
        yield from sampler
        return
    for batch in order.split(sampler.batch_size):
        if len(batch) == sampler.batch_size or not sampler.drop_last:
            yield batch


def _draw_order(sampler):
    """Return all indices that a sampler yields, drawn as torch draws them; None if unknown."""
    if type(sampler) is SequentialSampler:
        return torch.arange(len(sampler))
    is_full = type(sampler) is RandomSampler and len(sampler) == len(sampler.data_source)
    # torch draws once more from a generator that the user gave.
    if not is_full or sampler.replacement or sampler.generator is not None:
        return None
    generator = torch.Generator()
    generator.manual_seed(int(torch.empty((), dtype=torch.int64).random_()))
    return torch.randperm(len(sampler), generator=generator)


class _NotInMemoryError(Exception):
    """The data of a loader are not tensors in memory."""


def _get_tensors(dataset):
    """Return all data [X, y] as tensors, and the indices of the dataset's rows (None: all)."""
    if type(dataset) is Subset:
        data, outer = _get_tensors(dataset.dataset)
        indices = torch.as_tensor(np.asarray(dataset.indices))
        return data, indices if outer is None else outer[indices]
    if type(dataset) is IndexedSkorchDataset:
        (X, y), indices = _get_tensors(dataset.dataset)
        return [X, {"label": y, "index": torch.as_tensor(dataset.row_indices)}], indices
    if type(dataset) is not Dataset:
        raise _NotInMemoryError
    X, n_rows = dataset.X, len(dataset)
    if dataset.X_is_ndframe:
        X = {name: X[name].values.reshape(-1, 1) for name in X}
    # skorch yields zeros if y is None.
    y = torch.zeros(1, 1).expand(n_rows, 1) if dataset.y is None else dataset.y
    return [_to_tensors(X, n_rows), _to_tensors(y, n_rows)], None


def _to_tensors(data, n_rows):
    if isinstance(data, Mapping):
        return {name: _to_tensors(value, n_rows) for name, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_to_tensors(value, n_rows) for value in data]
    if isinstance(data, np.ndarray):
        try:
            data = torch.as_tensor(data)
        except (TypeError, ValueError) as error:  # not numeric, or negative strides
            raise _NotInMemoryError from error
    if not isinstance(data, torch.Tensor) or data.ndim == 0 or len(data) != n_rows:
        raise _NotInMemoryError
    return data


def _select(data, indices):
    return _map_tensors(lambda tensor: tensor.index_select(0, indices.to(tensor.device)), data)


def _get_formats(batch):
    return _map_tensors(lambda tensor: (tensor.dtype, tensor.shape, tensor.device), batch)


def _map_tensors(function, data):
    if isinstance(data, dict):
        return {name: _map_tensors(function, value) for name, value in data.items()}
    if isinstance(data, list):
        return [_map_tensors(function, value) for value in data]
    return function(data)
