"""Train skorch nets on probability rows and sample weights; imported only where a net is.

The net's own training loop runs, on hard labels, so that stratified splits, scores and callbacks
work as ever. Each item of its dataset also carries the number of its row, and while the net takes
the loss, the ``forward`` of its criterion looks up the rows of the batch and answers for them.
"""

import contextlib
import copy
import copyreg
import types
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.base import clone
from skorch import NeuralNet, NeuralNetBinaryClassifier
from skorch.dataset import unpack_data
from skorch.utils import is_dataset, is_skorch_dataset
from torch import nn
from torch.nn import functional as F  # noqa: N812 (torch's own abbreviation)

from ._batches import (
    NumberedDataset,
    NumberedSkorchDataset,
    collate_numbered,
    from_memory,
    is_numbered,
    reads_as_skorch,
)
from ._epochs import end_epoch, fused_steps
from ._losses import answer_for, criterion_class, eager, takes_rows
from ._memory_format import ImageLayout

_BINARY = (nn.BCELoss, nn.BCEWithLogitsLoss)


def train(net, X, targets, sample_weight, fit_params):
    """Train a net on probability rows or numbers.

    A criterion that is an ``nn.CrossEntropyLoss``, ``nn.NLLLoss``, ``nn.BCELoss``,
    ``nn.BCEWithLogitsLoss`` or ``nn.KLDivLoss`` has a loss for rows, and so has one with a true
    attribute ``accepts_soft_targets``. Of any other the expectation under the row is taken, the
    sum over classes of the row's probability times the loss of that class. A ``get_loss`` of the
    user's own runs as it is; it gets hard labels and must hand them to ``self.criterion_``.

    Parameters
    ----------
    net : skorch.NeuralNet
        An unfitted net, which is fitted in place. Modules that it holds as instances are copied
        and start from new weights, frozen ones (``requires_grad=False``) from their own.
    X : object
        Whatever inputs the net takes. The labels of a torch Dataset are not looked at.
    targets : ndarray of shape (n_samples, C) or (n_samples,)
        Probability rows for a classifier, numbers for a regressor.
    sample_weight : ndarray of shape (n_samples,) or None
        Positive weights; the loss of a batch is the weighted mean of the samples' losses.
    fit_params : dict or None
        Keywords of ``net.fit``.

    Returns
    -------
    skorch.NeuralNet
        The same net, fitted.
    """
    renew_modules(net)
    fit_params = fit_params or {}
    labels, rows = split_targets(net, targets)
    is_hard = rows is None or np.all((targets == 0) | (targets == 1))
    # A torch Dataset brings labels of its own, which the net would learn in place of these.
    if is_hard and sample_weight is None and not is_dataset(X) and not takes_rows(net.criterion):
        with reading_from_memory(net):
            net.fit(X, labels, **fit_params)
    else:
        weight = None if sample_weight is None else torch.as_tensor(sample_weight)
        _fit_soft(net, X, _Targets(labels, rows, weight), fit_params)
    if rows is not None and hasattr(net, "classes_inferred_"):
        # A class may be no row's most probable one, and still it is an output of the net.
        net.classes_inferred_ = np.arange(rows.shape[1])
    return net


def split_targets(net, targets):
    """Return the labels the net's loop sees and the probability rows that it learns, or None."""
    if targets.ndim == 1:
        return targets.astype(np.float32).reshape(-1, 1), None
    labels, rows = targets.argmax(axis=1), torch.as_tensor(targets)
    kind = criterion_class(net.criterion)
    if not (isinstance(net, NeuralNetBinaryClassifier) or issubclass(kind, _BINARY)):
        return labels.astype(np.int64), rows
    if targets.shape[1] != 2:
        raise ValueError(
            f"{type(net).__name__} with {kind.__name__} tells two classes apart, and the targets "
            f"have {targets.shape[1]}: use NeuralNetClassifier with nn.CrossEntropyLoss and a "
            "module of one output for each class."
        )
    return labels.astype(np.float32), rows


# Modules given as instances


def renew_modules(net):
    """Give the net copies, freshly initialised, of the modules that it holds as instances.

    skorch trains an instance in place: all folds would share its initial weights, and go on from
    those of a net fitted before.
    """
    modules = {
        name: value
        for name, value in net.get_params(deep=False).items()
        # With parameters of its own (module__...) skorch itself builds a new one.
        if isinstance(value, nn.Module) and value.state_dict() and not net.get_params_for(name)
    }
    modules = copy.deepcopy(modules)
    for name, module in modules.items():
        _reset(net, name, module)
    vars(net).update(modules)  # skorch's __setattr__ refuses modules outside of initialize


@torch.no_grad()
def _reset(net, param, module):
    # The inner ones first: a module may set the weights of its parts, as nn.Transformer does.
    for path, part in reversed(list(module.named_modules())):
        own = list(part.parameters(recurse=False))
        if own and not any(weight.requires_grad for weight in own):
            continue
        reset = getattr(part, "reset_parameters", getattr(part, "_reset_parameters", None))
        if callable(reset):
            reset()
        elif own:
            kind, whole = type(part).__name__, type(module).__name__
            raise TypeError(
                f"{type(net).__name__} got {param}={whole}(...), an instance, and its part "
                f"{path or whole!r} ({kind}) holds parameters but has no method "
                "reset_parameters, so that it cannot start afresh in every fit. Give the class, "
                f"{param}={whole}, and its arguments as {param}__<name>, or give {kind} a method "
                "reset_parameters."
            )


# The training loop


@dataclass
class _Targets:
    """What a net, or a batch of it, learns: hard labels, and rows and weights where there are."""

    labels: np.ndarray | torch.Tensor
    rows: torch.Tensor | None
    weight: torch.Tensor | None
    in_use: bool = False

    def of_batch(self, y):
        number = torch.as_tensor(y["row"]).cpu()
        rows = None if self.rows is None else self.rows[number]
        return _Targets(y["label"], rows, None if self.weight is None else self.weight[number])


def _fit_soft(net, X, targets, fit_params):
    with _changed(net, _SoftTraining, _slr_targets=targets):
        net.fit(X, targets.labels, **fit_params)


def reading_from_memory(net):
    """While the context lasts, have a net take its batches from whole arrays where it can."""
    return _changed(net, _Reading)


@contextlib.contextmanager
def _changed(net, change, **attributes):
    """For a while, put the methods of a class before those of the net's own class."""
    plain = type(net)
    body = {
        "__module__": plain.__module__,
        "__qualname__": plain.__qualname__,
        "__doc__": plain.__doc__,
        "_slr_class": plain,
        "_slr_layout": ImageLayout.of(plain),
        **attributes,
    }
    net.__class__ = changed = types.new_class(
        plain.__name__, (change, plain), exec_body=lambda namespace: namespace.update(body)
    )
    try:
        yield
    finally:
        net.__class__ = plain
        for name in attributes:  # a class lives on until the garbage is collected
            delattr(changed, name)


class _Reading:
    """What a net does differently while it reads its batches from memory."""

    def get_iterator(self, dataset, training=False):
        loader = super().get_iterator(dataset, training=training)
        return from_memory(loader) if reads_as_skorch(self._slr_class) else loader

    def notify(self, method_name, **cb_kwargs):
        if method_name == "on_epoch_end" and self._slr_class.notify is NeuralNet.notify:
            return end_epoch(self, cb_kwargs)
        if method_name == "on_train_end":
            self._slr_layout.restore(self)
        return super().notify(method_name, **cb_kwargs)

    def train_step(self, batch, **fit_params):
        self._slr_layout.choose(self, unpack_data(batch)[0])
        with fused_steps(self):
            return super().train_step(batch, **fit_params)

    def __reduce_ex__(self, protocol):
        twin = self._slr_class.__new__(self._slr_class)
        vars(twin).update(vars(self))
        make, args, *state = twin.__reduce_ex__(protocol)
        # copyreg's own maker would have pickle compare classes.
        return (object.__new__ if make is copyreg.__newobj__ else make, args, *state)

    def __sklearn_clone__(self):
        return clone(copy.copy(self))


class _SoftTraining(_Reading):
    """What a net does differently while it trains on rows."""

    def get_dataset(self, X, y=None):
        dataset, targets = super().get_dataset(X, y), self._slr_targets
        # Whatever else a callback asks a dataset of is not what the rows belong to.
        if y is None or not np.array_equal(np.ravel(y), np.ravel(targets.labels)):
            return dataset
        targets.in_use = True
        kind = NumberedSkorchDataset if is_skorch_dataset(dataset) else NumberedDataset
        return kind(dataset, targets.labels, relabel=is_dataset(X))

    def get_split_datasets(self, X, y=None, **fit_params):
        datasets = super().get_split_datasets(X, y, **fit_params)
        if not self._slr_targets.in_use:
            raise TypeError(
                f"{type(self).__name__} changes y, or the order of its rows, before it calls "
                "self.get_dataset(X, y), so that probability rows and weights cannot be told "
                "which sample they belong to: pass X and y on as fit gets them."
            )
        return datasets

    def get_iterator(self, dataset, training=False):
        return collate_numbered(super().get_iterator(dataset, training=training))

    def notify(self, method_name, **cb_kwargs):
        if "batch" in cb_kwargs:
            X, y = unpack_data(cb_kwargs["batch"])
            cb_kwargs["batch"] = [X, y["label"]] if is_numbered(y) else cb_kwargs["batch"]
        return super().notify(method_name, **cb_kwargs)

    def get_loss(self, y_pred, y_true, *args, **kwargs):
        targets = self._slr_targets
        if is_numbered(y_true):
            batch = targets.of_batch(y_true)
        elif targets.rows is not None and takes_rows(eager(self.criterion_)):
            # Batches of a validation set of the user's own carry hard labels only.
            n_classes = targets.rows.shape[1]
            batch = _Targets(y_true, F.one_hot(torch.as_tensor(y_true).long(), n_classes), None)
        else:
            return super().get_loss(y_pred, y_true, *args, **kwargs)
        with answer_for(self, batch):
            return super().get_loss(y_pred, batch.labels, *args, **kwargs)
