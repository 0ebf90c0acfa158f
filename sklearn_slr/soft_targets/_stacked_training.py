"""Train the nets of several folds in one pass: what each would learn alone, to rounding."""

import copy
import warnings

import numpy as np
import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import GradientNormClipping
from torch import nn

from ._net_epochs import FUSED, end_epoch
from ._net_losses import per_sample_losses
from ._stacked_modules import NotStackableError, StackedModules


def train_together(folds):
    """Train the nets of folds with equally many batches, in place.

    Raises
    ------
    NotStackableError
        Before anything is trained, if the modules cannot be trained together.
    """
    modules = StackedModules([fold.net.module_ for fold in folds])
    data, first = _Data(folds), folds[0].net
    check_alike(folds, data)
    optimizer = _make_optimizer(first, modules.parameters())
    clips = [c for _, c in first.callbacks_ if isinstance(c, GradientNormClipping)]
    with warnings.catch_warnings():
        # Schedulers do not see the steps of the optimizer that stands in for theirs.
        warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler.step")
        for _ in range(first.max_epochs):
            for fold in folds:
                fold.net.notify("on_epoch_begin", **fold.datasets)
            _copy_options(first.optimizer_, optimizer)
            _run_epoch(modules, folds, data, "train", optimizer, clips)
            if folds[0].loaders["valid"] is not None:
                _run_epoch(modules, folds, data, "valid")
            for fold in folds:
                end_epoch(fold.net, fold.datasets)
    modules.unstack()
    for k, fold in enumerate(folds):
        _hand_out_state(optimizer, modules, k, fold.net.optimizer_)
        fold.net.notify("on_train_end", X=None, y=None)


class _Data:
    """The rows of all folds, one fold after the other."""

    def __init__(self, folds):
        sizes = [len(fold.X) for fold in folds]
        self.starts = torch.as_tensor(np.cumsum([0, *sizes[:-1]]))
        self.X = torch.cat([fold.X for fold in folds])
        self.labels = torch.cat([fold.labels for fold in folds])
        self.rows = None if folds[0].rows is None else torch.cat([fold.rows for fold in folds])
        self.weight = torch.cat([fold.weight for fold in folds])

    def batch(self, numbers):
        """Return one batch of every fold, the shorter ones filled up with rows of no weight."""
        sizes = [len(each) for each in numbers]
        longest = max(sizes)
        padded = torch.zeros(len(sizes), longest, dtype=torch.int64)
        for k, each in enumerate(numbers):
            padded[k, : sizes[k]] = each
        flat = (padded + self.starts[:, None]).flatten()
        weight = self.weight[flat].view(len(sizes), longest)
        if min(sizes) < longest:
            weight = weight * (torch.arange(longest) < torch.as_tensor(sizes)[:, None])
        X = self.X.index_select(0, flat)
        rows = None if self.rows is None else self.rows.index_select(0, flat)
        labels = self.labels.index_select(0, flat)
        return X.view(len(sizes), longest, *X.shape[1:]), labels, rows, weight, sizes


def _losses(folds, out, labels, rows, weight):
    """Return the loss of every fold's batch (K,)."""
    flat = out.flatten(0, 1)
    net = folds[0].net
    if isinstance(net, NeuralNetClassifier) and isinstance(net.criterion_, nn.NLLLoss):
        flat = torch.log(flat + torch.finfo(flat.dtype).eps)  # as skorch does
    losses = per_sample_losses(net.criterion_, flat, labels, rows).view(weight.shape)
    return (losses * weight).sum(1) / weight.sum(1)


def _run_epoch(modules, folds, data, name, optimizer=None, clips=()):
    training = optimizer is not None
    batches = [fold.draw(name) for fold in folds]
    seen = []
    with torch.set_grad_enabled(training):
        for numbers in zip(*batches, strict=True):
            X, labels, rows, weight, sizes = data.batch(numbers)
            out = modules(X, training)
            losses = _losses(folds, out, labels, rows, weight)
            if training:
                optimizer.zero_grad()
                losses.sum().backward()
                for clip in clips:
                    _clip(modules.parameters(), clip.gradient_clip_value)
                optimizer.step()
            else:
                _show(folds, out, labels.view(len(folds), -1, *labels.shape[1:]), losses, sizes)
            seen.append((losses.detach(), sizes))
    table = torch.stack([losses for losses, _ in seen]).T.tolist()
    for k, fold in enumerate(folds):
        own = [(loss, sizes[k]) for loss, (_, sizes) in zip(table[k], seen, strict=True)]
        _record(fold.net.history, name, own)


@torch.no_grad()
def _clip(weights, limit):
    """Shrink the gradient of each fold to a norm of at most `limit`, as torch does."""
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    norms = torch.stack([each.flatten(1).norm(dim=1) for each in gradients]).norm(dim=0)
    factor = (limit / (norms + 1e-6)).clamp(max=1)
    for each in gradients:
        each.mul_(factor.view(-1, *[1] * (each.ndim - 1)))


def _show(folds, out, labels, losses, sizes):
    """Show a batch of the validation set to the callbacks, which keep it for their scores."""
    for k, fold in enumerate(folds):
        batch = [None, labels[k, : sizes[k]]]
        for _, callback in fold.net.callbacks_:
            callback.on_batch_end(
                fold.net, batch=batch, training=False, loss=losses[k], y_pred=out[k, : sizes[k]]
            )


def _record(history, name, batches):
    for loss, size in batches:
        history.new_batch()
        history.record_batch(f"{name}_loss", loss)
        history.record_batch(f"{name}_batch_size", size)
    history.record(f"{name}_batch_count", len(batches))


# Optimizers


def _make_optimizer(net, weights):
    _, options = net.get_params_for_optimizer("optimizer", list(net.module_.named_parameters()))
    if net.optimizer in FUSED and not ("fused" in options or "foreach" in options):
        options["fused"] = True
    return net.optimizer(weights, **options)


def _copy_options(source, target):
    """Take over what schedulers have set."""
    given = source.param_groups[0]
    for name in given:
        if name not in ("params", "fused", "foreach"):
            target.param_groups[0][name] = given[name]


@torch.no_grad()
def _hand_out_state(stacked, modules, k, optimizer):
    """Give a net's optimizer the moments of its own weights."""
    for whole, own in zip(modules.parameters(), modules.places(k), strict=True):
        for name, value in stacked.state.get(whole, {}).items():
            alike = isinstance(value, torch.Tensor) and value.shape == whole.shape
            part = value[k] if alike else value
            optimizer.state[own][name] = (
                part.clone() if isinstance(part, torch.Tensor) else copy.copy(part)
            )


# Trust


def check_alike(folds, data):
    """Compare outputs and gradients of one batch with those of the modules themselves."""
    own = torch.get_rng_state()
    numbers = [torch.arange(min(8, len(fold.X))) for fold in folds]
    X, labels, rows, weight, _ = data.batch(numbers)
    try:
        for training in (False, True):
            plain = [copy.deepcopy(fold.net.module_).train(training) for fold in folds]
            stacked = StackedModules(plain)
            if training:
                for module in [*plain, *stacked.layers.values()]:
                    _silence_dropout(module)
            _compare(stacked, plain, folds, X, labels, rows, weight, training)
    finally:
        torch.set_rng_state(own)


def _silence_dropout(module):
    for part in module.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0


def _compare(stacked, plain, folds, X, labels, rows, weight, training):
    out = stacked(X, training)
    _losses(folds, out, labels, rows, weight).sum().backward()
    expected = [module(X[k]) for k, module in enumerate(plain)]
    if any(not isinstance(each, torch.Tensor) or each.ndim != 2 for each in expected):
        raise NotStackableError("outputs of other than two dimensions")
    expected = torch.stack(expected)
    _losses(folds, expected, labels, rows, weight).sum().backward()
    pairs = [(out, expected)] + [
        (whole.grad[k], part.grad)
        for k in range(len(folds))
        for whole, part in zip(stacked.parameters(), stacked.places(k), strict=True)
    ]
    for got, wanted in pairs:
        same = (got is None) == (wanted is None)
        if not same or (got is not None and not torch.allclose(got, wanted, rtol=1e-3, atol=1e-5)):
            raise NotStackableError("other outputs or gradients than the modules' own")
