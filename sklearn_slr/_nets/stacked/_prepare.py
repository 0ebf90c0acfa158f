"""The nets of several folds, made ready to be trained in one pass."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet, NeuralNetClassifier, NeuralNetRegressor
from skorch.callbacks import (
    EpochScoring,
    EpochTimer,
    GradientNormClipping,
    LRScheduler,
    PassthroughScoring,
    PrintLog,
)
from skorch.utils import is_dataset
from torch import nn
from torch.utils.data import BatchSampler, RandomSampler, SequentialSampler, Subset

from .._batches import MemoryLoader, from_memory
from .._losses import criterion_class
from .._training import renew_modules, split_targets
from ._graph import settings_of
from ._layers import NotStackableError
from ._modules import is_watched

_OPTIMIZERS = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)
_CRITERIA = (nn.CrossEntropyLoss, nn.NLLLoss)
_REGRESSION_CRITERIA = (nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss)


@dataclass
class FoldNet:
    """A fold's net, initialised and told that training begins, and what it learns.

    Parameters
    ----------
    net : skorch.NeuralNet
        The net.
    loaders : dict
        For "train" and "valid" a `MemoryLoader`, or None.
    datasets : dict
        Keywords of the callbacks' epochs.
    X : Tensor of shape (n_rows, ...)
        Inputs of all rows of the fold.
    labels : Tensor of shape (n_rows,) or (n_rows, 1)
        The labels that scores and regression look at.
    rows : Tensor of shape (n_rows, C) or None
        Probability rows.
    weight : Tensor of shape (n_rows,)
        Weights of the rows.
    generator : torch.Generator
        What the net draws from, in the state after its initialisation.
    settings : str
        The plain values that its module computes by.
    """

    net: object
    loaders: dict[str, Any]
    datasets: dict[str, Any]
    X: torch.Tensor
    labels: torch.Tensor
    rows: torch.Tensor | None
    weight: torch.Tensor
    generator: torch.Generator
    settings: str

    def draw(self, name):
        """Return the row numbers of every batch of the next epoch, as the net would draw them."""
        own = torch.get_rng_state()
        torch.set_rng_state(self.generator.get_state())
        batches = [*self.loaders[name].row_batches()]
        self.generator.set_state(torch.get_rng_state())
        torch.set_rng_state(own)
        return batches

    def width(self, name):
        """Return the size of the batches, but for a shorter last one."""
        sampler = self.loaders[name].batch_sampler
        return min(sampler.batch_size, len(sampler.sampler))


def is_plain(net, is_classification):
    """Whether a net and its parts are of the classes whose training is known by heart."""
    criteria = _CRITERIA if is_classification else _REGRESSION_CRITERIA
    return (
        type(net) in (NeuralNet, NeuralNetClassifier, NeuralNetRegressor)
        and criterion_class(net.criterion) in criteria
        and net.optimizer in _OPTIMIZERS
        and net.device == "cpu"
        and not (net.warm_start or net.verbose)  # the folds' logs would mix
        and not getattr(net, "compile", False)
        and net.predict_nonlinearity in ("auto", None)
    )


def has_known_parts(net):
    """Whether nothing of an initialised net would see or do what one pass leaves out."""
    criterion = net.criterion_
    return (
        all(_is_known(callback) for _, callback in net.callbacks_)
        and not is_watched(net.module_)
        and len(net.optimizer_.param_groups) == 1
        and getattr(criterion, "weight", None) is None
        and criterion.reduction == "mean"
        and getattr(criterion, "ignore_index", -1) < 0
    )


def prepare(net, X, targets, weight):
    """Initialise a net as ``net.fit`` does, up to its first epoch; return a `FoldNet`.

    Raises
    ------
    NotStackableError
        If the net watches its training, or its rows are no matrix in memory.
    """
    if is_dataset(X):
        raise NotStackableError("a dataset, which brings labels of its own")
    renew_modules(net)
    labels, rows = split_targets(net, targets)
    net.initialize()
    if not has_known_parts(net):
        raise NotStackableError("callbacks, groups of weights, or a weighted criterion")
    net.notify("on_train_begin", X=X, y=labels)
    net.check_data(X, labels)
    parts = net.get_split_datasets(X, labels)
    loaders = {
        name: None if part is None else from_memory(net.get_iterator(part, training=training))
        for name, part, training in zip(("train", "valid"), parts, (True, False), strict=True)
    }
    train, used = loaders["train"], [each for each in loaders.values() if each is not None]
    ours = all(
        isinstance(loader, MemoryLoader)
        and loader.generator is None
        and type(loader.batch_sampler) is BatchSampler
        and _draws_from_torch(loader.batch_sampler.sampler)
        and _whole(loader.dataset) is _whole(train.dataset)
        for loader in used
    )
    if not ours or not isinstance(train.items[0], torch.Tensor):
        raise NotStackableError("rows that are not in memory, or of several inputs")
    inputs, y = train.items
    if inputs.dtype != torch.float32 or any(len(each) == 0 for each in used):
        raise NotStackableError("rows of another precision, or none")
    if _has_batch_of_one(train) and any(
        isinstance(part, nn.BatchNorm1d) for part in net.module_.modules()
    ):
        raise NotStackableError("a batch of one row")
    weight = np.ones(len(inputs)) if weight is None else weight
    generator = torch.Generator()
    generator.set_state(torch.get_rng_state())
    return FoldNet(
        net,
        loaders,
        dict(zip(("dataset_train", "dataset_valid"), parts, strict=True)),
        inputs,
        y,
        None if rows is None else rows.float(),
        torch.as_tensor(weight, dtype=torch.float32),
        generator,
        settings_of(net.module_),
    )


def _draws_from_torch(sampler):
    if type(sampler) is SequentialSampler:
        return True
    return type(sampler) is RandomSampler and sampler.generator is None


def _has_batch_of_one(loader):
    sampler = loader.batch_sampler
    n_last = len(sampler.sampler) % sampler.batch_size
    return sampler.batch_size == 1 or (n_last == 1 and not sampler.drop_last)


def _whole(dataset):
    return _whole(dataset.dataset) if isinstance(dataset, Subset) else dataset


def _is_known(callback):
    kind = type(callback)
    if kind is EpochScoring:
        return callback.scoring_ == "accuracy" and callback.use_caching and not callback.on_train
    if kind is LRScheduler:
        source = getattr(callback.policy, "__module__", "torch.optim.lr_scheduler")
        known = source == "torch.optim.lr_scheduler" and "Plateau" not in str(callback.policy)
        return known and callback.step_every == "epoch"
    if kind is GradientNormClipping:
        return callback.gradient_clip_value is not None and callback.gradient_clip_norm_type == 2
    if kind is PrintLog:
        return callback.sink is print  # which is silent, as the net is
    return kind in (EpochTimer, PassthroughScoring)


def groups_of(folds):
    """Return the groups of folds that can be trained together.

    Their modules have the same settings, and their rows as many batches of one size.
    """
    groups = {}
    for fold in folds:
        used = [name for name, loader in fold.loaders.items() if loader is not None]
        sizes = tuple((len(fold.loaders[name]), fold.width(name)) for name in used)
        groups.setdefault((fold.settings, sizes), []).append(fold)
    return list(groups.values())
