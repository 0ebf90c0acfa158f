"""Train skorch nets on probability rows and sample weights; imported only where a net is.

The net's own training loop runs, on hard labels, so that stratified splits, scores and callbacks
work as ever. Each item of its dataset also carries the number of its row, and while the net takes
the loss, the ``forward`` of its criterion looks up the rows of the batch and answers for them.
"""

import copy
import copyreg
import functools
import types
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.base import clone
from skorch import NeuralNetBinaryClassifier
from skorch.dataset import Dataset, unpack_data
from skorch.utils import is_dataset, is_skorch_dataset
from torch import nn
from torch.nn import functional as F  # noqa: N812 (torch's own abbreviation)

from ._net_losses import answer_for, criterion_class, eager, takes_rows

_BATCH_KEYS = {"label", "row"}
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
    _renew_modules(net)
    fit_params = fit_params or {}
    labels, rows = _split_targets(net, targets)
    is_hard = rows is None or np.all((targets == 0) | (targets == 1))
    # A torch Dataset brings labels of its own, which the net would learn in place of these.
    if is_hard and sample_weight is None and not is_dataset(X) and not takes_rows(net.criterion):
        net.fit(X, labels, **fit_params)
    else:
        weight = None if sample_weight is None else torch.as_tensor(sample_weight)
        _fit_soft(net, X, _Targets(labels, rows, weight), fit_params)
    if rows is not None and hasattr(net, "classes_inferred_"):
        # A class may be no row's most probable one, and still it is an output of the net.
        net.classes_inferred_ = np.arange(rows.shape[1])
    return net


def _split_targets(net, targets):
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


def _renew_modules(net):
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
    plain = type(net)
    body = {
        "__module__": plain.__module__,
        "__qualname__": plain.__qualname__,
        "__doc__": plain.__doc__,
        "_slr_class": plain,
        "_slr_targets": targets,
    }
    net.__class__ = types.new_class(
        plain.__name__, (_SoftTraining, plain), exec_body=lambda namespace: namespace.update(body)
    )
    try:
        net.fit(X, targets.labels, **fit_params)
    finally:
        net.__class__ = plain


class _SoftTraining:
    """What a net does differently while it trains on rows; goes before the net's own class."""

    def get_dataset(self, X, y=None):
        dataset, targets = super().get_dataset(X, y), self._slr_targets
        # Whatever else a callback asks a dataset of is not what the rows belong to.
        if y is None or not np.array_equal(np.ravel(y), np.ravel(targets.labels)):
            return dataset
        targets.in_use = True
        kind = _NumberedSkorchDataset if is_skorch_dataset(dataset) else _NumberedDataset
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
        iterator = super().get_iterator(dataset, training=training)
        if hasattr(iterator, "collate_fn"):
            iterator.collate_fn = functools.partial(_collate, iterator.collate_fn)
        return iterator

    def notify(self, method_name, **cb_kwargs):
        if "batch" in cb_kwargs:
            X, y = unpack_data(cb_kwargs["batch"])
            cb_kwargs["batch"] = [X, y["label"]] if _is_numbered(y) else cb_kwargs["batch"]
        return super().notify(method_name, **cb_kwargs)

    def get_loss(self, y_pred, y_true, *args, **kwargs):
        targets = self._slr_targets
        if _is_numbered(y_true):
            batch = targets.of_batch(y_true)
        elif targets.rows is not None and takes_rows(eager(self.criterion_)):
            # Batches of a validation set of the user's own carry hard labels only.
            n_classes = targets.rows.shape[1]
            batch = _Targets(y_true, F.one_hot(torch.as_tensor(y_true).long(), n_classes), None)
        else:
            return super().get_loss(y_pred, y_true, *args, **kwargs)
        with answer_for(self, batch):
            return super().get_loss(y_pred, batch.labels, *args, **kwargs)

    def __reduce_ex__(self, protocol):
        twin = self._slr_class.__new__(self._slr_class)
        vars(twin).update(vars(self))
        make, args, *state = twin.__reduce_ex__(protocol)
        # copyreg's own maker would have pickle compare classes.
        return (object.__new__ if make is copyreg.__newobj__ else make, args, *state)

    def __sklearn_clone__(self):
        return clone(copy.copy(self))


class _NumberedDataset(torch.utils.data.Dataset):
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


class _NumberedSkorchDataset(_NumberedDataset, Dataset):
    """The same for skorch's own, whose X and y callbacks look at."""


def _is_numbered(y):
    return isinstance(y, Mapping) and y.keys() == _BATCH_KEYS


def _collate(collate, items):
    """Collate plain items, as the user's function may know nothing else, and add the numbers."""
    if not (isinstance(items, list) and isinstance(items[0], tuple) and _is_numbered(items[0][-1])):
        return collate(items)
    X, labels = unpack_data(collate([(X, y["label"]) for X, y in items]))
    return [X, {"label": labels, "row": torch.as_tensor([int(y["row"]) for _, y in items])}]
