"""Train skorch nets on probability rows ("soft targets") and sample weights.

The net's own training loop runs on hard labels, so stratified splits, scores and callbacks work as
usual. Each item of its dataset also carries its row index. When the net computes a loss, its
criterion looks up the soft targets and weights of these rows.
"""

import contextlib
import copy
import copyreg
import types
import warnings

import numpy as np
import torch
from sklearn.base import clone
from skorch import NeuralNet, NeuralNetBinaryClassifier
from skorch.dataset import unpack_data
from skorch.utils import is_dataset, is_skorch_dataset
from torch import nn
from torch.nn import functional as F  # noqa: N812 (torch's own abbreviation)

from ._batches import (
    IndexedDataset,
    IndexedSkorchDataset,
    collate_indexed,
    is_indexed,
    to_memory_loader,
    uses_skorch_loading,
)
from ._epochs import end_epoch, fused_steps
from ._losses import accepts_soft_targets, criterion_class, soft_criterion, unwrap_compiled
from ._memory_format import ChannelsLast

_BINARY_CRITERIA = (nn.BCELoss, nn.BCEWithLogitsLoss)


def train(net, X, targets, sample_weight, fit_params):
    """Train a net on probability rows or numbers.

    ``nn.CrossEntropyLoss``, ``nn.NLLLoss``, ``nn.BCELoss``, ``nn.BCEWithLogitsLoss``,
    ``nn.KLDivLoss`` and criteria with a true attribute ``accepts_soft_targets`` have a loss for
    probability rows. For any other criterion the expected loss is used: the sum over classes of
    the row's probability times the loss of that class. A ``get_loss`` of the user's own runs
    unchanged. It gets hard labels and must pass them to ``self.criterion_``.

    Parameters
    ----------
    net : skorch.NeuralNet
        An unfitted net, which is fitted in place. Modules given as instances are copied, see
        `reinitialize_modules`; frozen weights (``requires_grad=False``) are kept.
    X : object
        Any inputs that the net takes. The labels of a torch Dataset are ignored.
    targets : ndarray of shape (n_samples, C) or (n_samples,)
        Probability rows for a classifier, numbers for a regressor.
    sample_weight : ndarray of shape (n_samples,) or None
        Positive weights. The loss of a batch is the weighted mean of the samples' losses.
    fit_params : dict or None
        Keyword arguments of ``net.fit``.

    Returns
    -------
    skorch.NeuralNet
        The same net, fitted.
    """
    reinitialize_modules(net)
    fit_params = fit_params or {}
    labels, soft_targets = split_targets(net, targets)
    is_hard = soft_targets is None or np.all((targets == 0) | (targets == 1))
    # A torch Dataset has its own labels, which the net would learn instead of these.
    needs_rows = is_dataset(X) or accepts_soft_targets(net.criterion)
    if is_hard and sample_weight is None and not needs_rows:
        with accelerated(net):
            net.fit(X, labels, **fit_params)
    else:
        weight = None if sample_weight is None else torch.as_tensor(sample_weight)
        _fit_soft_targets(net, X, (labels, soft_targets, weight), fit_params)
    if soft_targets is not None and hasattr(net, "classes_inferred_"):
        # A class may be no sample's most probable one, but the net still has an output for it.
        net.classes_inferred_ = np.arange(soft_targets.shape[1])
    if not fit_params:  # the module may need them
        warn_about_probabilities(net, X)
    return net


def warn_about_probabilities(net, X):
    """Warn if a fitted net's module returns probabilities where its loss expects logits."""
    if type(unwrap_compiled(net.criterion_)) is not nn.CrossEntropyLoss:
        return
    try:
        outputs = next(net.forward_iter(X))
    except Exception:  # the net says it when it predicts
        return
    if not isinstance(outputs, torch.Tensor) or outputs.ndim != 2 or outputs.min() < 0:
        return
    if (outputs.sum(dim=1) - 1).abs().max() < 1e-4:
        warnings.warn(
            "The module returns probabilities, but nn.CrossEntropyLoss expects logits and takes "
            "the softmax itself: leave the softmax out, or use nn.NLLLoss with probabilities.",
            UserWarning,
        )


def split_targets(net, targets):
    """Return the labels for the net's training loop, and its soft targets or None."""
    if targets.ndim == 1:
        return targets.astype(np.float32).reshape(-1, 1), None
    labels, soft_targets = targets.argmax(axis=1), torch.as_tensor(targets)
    kind = criterion_class(net.criterion)
    if not (isinstance(net, NeuralNetBinaryClassifier) or issubclass(kind, _BINARY_CRITERIA)):
        return labels.astype(np.int64), soft_targets
    if targets.shape[1] != 2:
        raise ValueError(
            f"Got targets of {targets.shape[1]} classes for {type(net).__name__} with "
            f"{kind.__name__}, expected 2 classes: use NeuralNetClassifier with "
            "nn.CrossEntropyLoss and a module with one output for each class."
        )
    return labels.astype(np.float32), soft_targets


# Modules given as instances


def reinitialize_modules(net):
    """Replace the modules that a net holds as instances by copies.

    skorch trains an instance in place. Without copies, a fold would continue from the weights of
    the fold before. The net's own module, ``module=instance``, gets new initial weights: those of
    a net fitted before would know the labels. An argument of the module,
    ``module__body=instance``, keeps its weights, as in plain skorch: it is a pre-trained part,
    the same for all folds.
    """
    modules = {
        name: value
        for name, value in net.get_params(deep=False).items()
        # If the module has parameters (module__...), skorch itself builds a new one.
        if isinstance(value, nn.Module) and value.state_dict() and not net.get_params_for(name)
    }
    modules = copy.deepcopy(modules)
    for name, module in modules.items():
        if "__" not in name:
            _reset_weights(net, name, module)
    vars(net).update(modules)  # skorch's __setattr__ refuses modules outside of initialize


@torch.no_grad()
def _reset_weights(net, param, module):
    # Inner layers first: a module may set the weights of its layers, as nn.Transformer does.
    for path, layer in reversed(list(module.named_modules())):
        weights = list(layer.parameters(recurse=False))
        if weights and not any(weight.requires_grad for weight in weights):
            continue
        reset = getattr(layer, "reset_parameters", getattr(layer, "_reset_parameters", None))
        if callable(reset):
            reset()
        elif weights:
            kind, name = type(layer).__name__, type(module).__name__
            raise TypeError(
                f"{type(net).__name__} got the instance {param}={name}(...), whose module "
                f"{path or name!r} ({kind}) has weights but no method reset_parameters, so it "
                f"cannot get new initial weights for each fit: give the class, {param}={name}, "
                f"and its arguments as {param}__<name>, or add a method reset_parameters to {kind}."
            )


# The training loop


def _fit_soft_targets(net, X, targets, fit_params):
    """Fit a net on targets (labels, soft targets or None, sample weights or None)."""
    with _use_mixin(net, _SoftTargetsMixin, _slr_targets=targets, _slr_is_indexed=False):
        net.fit(X, targets[0], **fit_params)


def accelerated(net):
    """Return a context in which a net trains and predicts faster, with the same results."""
    return _use_mixin(net, _AccelerationMixin)


@contextlib.contextmanager
def _use_mixin(net, mixin, **attributes):
    """Within the context, the net's class is a subclass of a mixin and of the original class."""
    original = type(net)
    body = {
        "__module__": original.__module__,
        "__qualname__": original.__qualname__,
        "__doc__": original.__doc__,
        "_slr_class": original,
        "_slr_memory_format": ChannelsLast(original),
        **attributes,
    }
    net.__class__ = temporary = types.new_class(
        original.__name__, (mixin, original), exec_body=lambda namespace: namespace.update(body)
    )
    try:
        yield
    finally:
        net.__class__ = original
        for name in attributes:  # the class keeps them alive until garbage collection
            delattr(temporary, name)


class _AccelerationMixin:
    """Methods of a net that load batches and take steps faster, with the same results."""

    def get_iterator(self, dataset, training=False):
        loader = super().get_iterator(dataset, training=training)
        return to_memory_loader(loader) if uses_skorch_loading(self._slr_class) else loader

    def notify(self, method_name, **cb_kwargs):
        if method_name == "on_epoch_end" and self._slr_class.notify is NeuralNet.notify:
            return end_epoch(self, cb_kwargs)
        if method_name == "on_train_end":
            self._slr_memory_format.restore(self)
        return super().notify(method_name, **cb_kwargs)

    def train_step(self, batch, **fit_params):
        self._slr_memory_format.apply(self, unpack_data(batch)[0])
        with fused_steps(self):
            return super().train_step(batch, **fit_params)

    def __reduce_ex__(self, protocol):
        # Copies and pickles are of the original class.
        twin = self._slr_class.__new__(self._slr_class)
        vars(twin).update(vars(self))
        make, args, *state = twin.__reduce_ex__(protocol)
        # pickle compares the class with that of the net only for copyreg.__newobj__.
        return (object.__new__ if make is copyreg.__newobj__ else make, args, *state)

    def __sklearn_clone__(self):
        return clone(copy.copy(self))


class _SoftTargetsMixin(_AccelerationMixin):
    """Methods of a net that compute the loss of a batch from its soft targets and weights."""

    def get_dataset(self, X, y=None):
        dataset, labels = super().get_dataset(X, y), self._slr_targets[0]
        # Callbacks may ask for datasets of other data.
        if y is None or not np.array_equal(np.ravel(y), np.ravel(labels)):
            return dataset
        type(self)._slr_is_indexed = True
        kind = IndexedSkorchDataset if is_skorch_dataset(dataset) else IndexedDataset
        return kind(dataset, labels, replace_labels=is_dataset(X))

    def get_split_datasets(self, X, y=None, **fit_params):
        datasets = super().get_split_datasets(X, y, **fit_params)
        if not self._slr_is_indexed:
            raise TypeError(
                f"{type(self).__name__} changes y, or the order of its rows, before it calls "
                "self.get_dataset(X, y), so probability rows and sample weights cannot be matched "
                "to the samples: pass X and y on unchanged."
            )
        return datasets

    def get_iterator(self, dataset, training=False):
        return collate_indexed(super().get_iterator(dataset, training=training))

    def notify(self, method_name, **cb_kwargs):
        if "batch" in cb_kwargs:
            X, y = unpack_data(cb_kwargs["batch"])
            cb_kwargs["batch"] = [X, y["label"]] if is_indexed(y) else cb_kwargs["batch"]
        return super().notify(method_name, **cb_kwargs)

    def get_loss(self, y_pred, y_true, *args, **kwargs):
        _, soft_targets, weight = self._slr_targets
        if is_indexed(y_true):
            indices, y_true = torch.as_tensor(y_true["index"]).cpu(), y_true["label"]
            soft_targets = None if soft_targets is None else soft_targets[indices]
            weight = None if weight is None else weight[indices]
        elif soft_targets is not None and accepts_soft_targets(unwrap_compiled(self.criterion_)):
            # Batches of a validation set of the user's own have hard labels only.
            n_classes = soft_targets.shape[1]
            soft_targets, weight = F.one_hot(torch.as_tensor(y_true).long(), n_classes), None
        else:
            return super().get_loss(y_pred, y_true, *args, **kwargs)
        with soft_criterion(self, y_true, soft_targets, weight):
            return super().get_loss(y_pred, y_true, *args, **kwargs)
