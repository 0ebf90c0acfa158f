"""Prepare the nets of several folds for training in one pass.

Each net is initialised as ``net.fit`` does it. Nets whose training is not reproduced exactly by
`train_stacked` are refused.
"""

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

from .._batches import MemoryLoader, to_memory_loader
from .._losses import criterion_class
from .._training import reinitialize_modules, split_targets
from ._graph import describe_settings
from ._layers import NotStackableError
from ._modules import has_hooks

_OPTIMIZERS = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)
_CRITERIA = (nn.CrossEntropyLoss, nn.NLLLoss)
_REGRESSION_CRITERIA = (nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss)


@dataclass
class FoldNet:
    """The initialised net of a fold, after ``on_train_begin``, and its data.

    Parameters
    ----------
    net : skorch.NeuralNet
        The net.
    loaders : dict
        For "train" and "valid" a `MemoryLoader`, or None.
    datasets : dict
        Keyword arguments of ``on_epoch_begin`` and ``on_epoch_end``.
    X : Tensor of shape (n_rows, ...)
        Inputs of all rows of the fold.
    labels : Tensor of shape (n_rows,) or (n_rows, 1)
        Labels for scores, or the numbers of a regression.
    soft_targets : Tensor of shape (n_rows, C) or None
        Probability rows.
    sample_weight : Tensor of shape (n_rows,)
        Weights of the rows.
    generator : torch.Generator
        A generator in the state of torch's own after the initialisation of the net.
    settings : str
        The settings of the module, as `describe_settings` returns them.
    """

    net: object
    loaders: dict[str, Any]
    datasets: dict[str, Any]
    X: torch.Tensor
    labels: torch.Tensor
    soft_targets: torch.Tensor | None
    sample_weight: torch.Tensor
    generator: torch.Generator
    settings: str

    def draw_indices(self, subset):
        """Return the row indices of each batch of the next epoch, as the net would draw them."""
        global_state = torch.get_rng_state()
        torch.set_rng_state(self.generator.get_state())
        batches = [*self.loaders[subset].draw_indices()]
        self.generator.set_state(torch.get_rng_state())
        torch.set_rng_state(global_state)
        return batches

    def get_batch_size(self, subset):
        """Return the size of the batches; the last one may be shorter."""
        sampler = self.loaders[subset].batch_sampler
        return min(sampler.batch_size, len(sampler.sampler))


def is_supported(net, is_classification):
    """Whether `train_stacked` supports the class of a net, its criterion and its optimizer."""
    criteria = _CRITERIA if is_classification else _REGRESSION_CRITERIA
    return (
        type(net) in (NeuralNet, NeuralNetClassifier, NeuralNetRegressor)
        and criterion_class(net.criterion) in criteria
        and net.optimizer in _OPTIMIZERS
        and net.device == "cpu"
        and not (net.warm_start or net.verbose)  # the logs of the folds would be mixed
        and not getattr(net, "compile", False)
        and net.predict_nonlinearity in ("auto", None)
    )


def has_supported_components(net):
    """Whether `train_stacked` supports the callbacks and options of an initialised net."""
    criterion = net.criterion_
    return (
        all(_is_supported_callback(callback) for _, callback in net.callbacks_)
        and not has_hooks(net.module_)
        and len(net.optimizer_.param_groups) == 1
        and getattr(criterion, "weight", None) is None
        and criterion.reduction == "mean"
        and getattr(criterion, "ignore_index", -1) < 0
    )


def _is_supported_callback(callback):
    check = _SUPPORTED_CALLBACKS.get(type(callback))
    return check is not None and check(callback)


def _is_supported_schedule(scheduler):
    source = getattr(scheduler.policy, "__module__", "torch.optim.lr_scheduler")
    is_known = source == "torch.optim.lr_scheduler" and "Plateau" not in str(scheduler.policy)
    return is_known and scheduler.step_every == "epoch"


_SUPPORTED_CALLBACKS = {
    EpochScoring: lambda c: c.scoring_ == "accuracy" and c.use_caching and not c.on_train,
    EpochTimer: lambda c: True,
    GradientNormClipping: lambda c: (
        c.gradient_clip_value is not None and c.gradient_clip_norm_type == 2
    ),
    LRScheduler: _is_supported_schedule,
    PassthroughScoring: lambda c: True,
    PrintLog: lambda c: c.sink is print,  # prints nothing, as verbose=0
}


def prepare_fold(net, X, targets, weight):
    """Initialise a net as ``net.fit`` does, up to its first epoch, and return a `FoldNet`.

    Raises
    ------
    NotStackableError
        If a callback or option of the net, or the type of its data, is not supported.
    """
    if is_dataset(X):
        raise NotStackableError("a dataset, which has its own labels")
    reinitialize_modules(net)
    labels, soft_targets = split_targets(net, targets)
    net.initialize()
    if not has_supported_components(net):
        raise NotStackableError("callbacks, parameter groups, or a weighted criterion")
    net.notify("on_train_begin", X=X, y=labels)
    net.check_data(X, labels)
    train, valid = net.get_split_datasets(X, labels)
    loaders = {"train": to_memory_loader(net.get_iterator(train, training=True)), "valid": None}
    if valid is not None:
        loaders["valid"] = to_memory_loader(net.get_iterator(valid, training=False))
    inputs, y = _get_data(loaders, net.module_)
    weight = np.ones(len(inputs)) if weight is None else weight
    weight = torch.as_tensor(weight, dtype=torch.float32)
    soft_targets = None if soft_targets is None else soft_targets.float()
    datasets = {"dataset_train": train, "dataset_valid": valid}
    settings = describe_settings(net.module_)
    generator = torch.Generator()
    generator.set_state(torch.get_rng_state())
    return FoldNet(net, loaders, datasets, inputs, y, soft_targets, weight, generator, settings)


def _get_data(loaders, module):
    """Return the inputs and labels of all rows, if the data of both loaders are supported."""
    train, used = loaders["train"], [each for each in loaders.values() if each is not None]
    is_in_memory = all(
        isinstance(loader, MemoryLoader)
        and loader.generator is None
        and type(loader.batch_sampler) is BatchSampler
        and _uses_global_generator(loader.batch_sampler.sampler)
        and _get_full_dataset(loader.dataset) is _get_full_dataset(train.dataset)
        for loader in used
    )
    if not is_in_memory or not isinstance(train.data[0], torch.Tensor):
        raise NotStackableError("data that are not in memory, or several inputs")
    if train.data[0].dtype != torch.float32 or any(len(loader) == 0 for loader in used):
        raise NotStackableError("inputs that are not float32, or no batches")
    has_batch_norm = any(isinstance(layer, nn.BatchNorm1d) for layer in module.modules())
    if has_batch_norm and _has_batch_of_one(train):
        raise NotStackableError("a batch of one row")
    return train.data


def _uses_global_generator(sampler):
    if type(sampler) is SequentialSampler:
        return True
    return type(sampler) is RandomSampler and sampler.generator is None


def _has_batch_of_one(loader):
    sampler = loader.batch_sampler
    n_last = len(sampler.sampler) % sampler.batch_size
    return sampler.batch_size == 1 or (n_last == 1 and not sampler.drop_last)


def _get_full_dataset(dataset):
    return _get_full_dataset(dataset.dataset) if isinstance(dataset, Subset) else dataset


def group_folds(folds):
    """Return the groups of folds that can be trained together.

    The modules of a group have the same settings, and its folds as many batches of the same size.
    """
    groups = {}
    for fold in folds:
        used = [subset for subset, loader in fold.loaders.items() if loader is not None]
        sizes = tuple((len(fold.loaders[name]), fold.get_batch_size(name)) for name in used)
        groups.setdefault((fold.settings, sizes), []).append(fold)
    return list(groups.values())
