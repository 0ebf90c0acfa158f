"""Train the nets of several folds in one pass.

The weights of all nets are one array, which one optimizer updates. The results equal those of
single fits up to rounding.
"""

import copy
import functools
import inspect
import warnings

import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import GradientNormClipping
from torch import nn

from .._epochs import FUSED_OPTIMIZERS, end_epoch
from .._losses import per_sample_losses
from ._batches import ALIGNMENT, Batch, draw_batches
from ._modules import StackedModules

# The losses of several batches are computed in one call, for up to this many outputs.
_MAX_OUTPUTS = 2**18


def train_stacked(folds, graphs):
    """Train the nets of folds with the same number of batches, in place.

    Parameters
    ----------
    folds : list of FoldNet
        Folds for which `matches_module` is true.
    graphs : dict
        The graphs of their modules, as `trace_graphs` returns them.
    """
    first = folds[0].net
    generators = [fold.generator for fold in folds]
    modules = StackedModules([fold.net.module_ for fold in folds], generators, graphs)
    loss = _make_loss(first)
    optimizer = _make_optimizer(first, modules.weights)
    # torch wraps `step` for hooks and profilers, which takes as long as the step itself.
    step = functools.partial(inspect.unwrap(type(optimizer).step), optimizer)
    clips = [c for _, c in first.callbacks_ if isinstance(c, GradientNormClipping)]
    with warnings.catch_warnings(), torch.no_grad():
        # Schedulers warn because the nets' own optimizers take no steps.
        warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler.step")
        for _ in range(first.max_epochs):
            for fold in folds:
                fold.net.notify("on_epoch_begin", **fold.datasets)
            _copy_options(first.optimizer_, optimizer)
            _run_epoch(modules, folds, "train", loss, step, clips)
            if folds[0].loaders["valid"] is not None:
                _run_epoch(modules, folds, "valid", loss)
            for fold in folds:
                end_epoch(fold.net, fold.datasets)
    modules.unstack()
    for k, fold in enumerate(folds):
        _copy_state(optimizer, modules, k, fold.net.optimizer_)
        fold.net.notify("on_train_end", X=None, y=None)


def _run_epoch(modules, folds, subset, loss, step=None, clips=()):
    training, sizes, pending, values = step is not None, [], [], []
    for batch in draw_batches(folds, subset):
        out = modules.forward(batch.X, training, batch.sizes)
        delta, terms = loss(out, batch)
        if training:
            modules.backward(delta)
            for clip in clips:
                _clip(modules.weights.grad, clip.gradient_clip_value)
            step()
        else:
            _notify_batch_end(folds, out, batch)
        sizes.append(batch.sizes)
        pending.append(terms)
        if len(pending) * out.numel() >= _MAX_OUTPUTS:
            values.append(loss.compute_values(pending))
            pending = []
    if pending:
        values.append(loss.compute_values(pending))
    values = torch.cat(values).T.tolist()
    for k, fold in enumerate(folds):
        fold.net.history[-1]["batches"].extend(
            {f"{subset}_loss": value, f"{subset}_batch_size": batch_sizes[k]}
            for value, batch_sizes in zip(values[k], sizes, strict=True)
        )
        fold.net.history.record(f"{subset}_batch_count", len(sizes))


def _clip(gradients, max_norm):
    """Scale the gradient of each fold down to a norm of at most `max_norm`, as torch does."""
    factor = (max_norm / (gradients.norm(dim=1, keepdim=True) + 1e-6)).clamp(max=1)
    gradients.mul_(factor)


def _notify_batch_end(folds, out, batch):
    """Pass a batch of the validation set to the callbacks, which keep it for their scores."""
    for k, fold in enumerate(folds):
        labels, y_pred = batch.labels[k, : batch.sizes[k]], out[k, : batch.sizes[k]]
        for _, callback in fold.net.callbacks_:
            callback.on_batch_end(fold.net, batch=[None, labels], training=False, y_pred=y_pred)


# Losses


def _make_loss(net):
    """Return the net's loss.

    ``loss(out, batch)`` returns the gradient (K, B, ...) of the sum of the folds' losses, and the
    terms from which ``loss.compute_values`` computes the losses (n_batches, K) of many batches.
    """
    criterion = net.criterion_
    if isinstance(criterion, nn.CrossEntropyLoss):
        return _CrossEntropy(criterion.label_smoothing)
    return _AutogradLoss(criterion, isinstance(net, NeuralNetClassifier))


class _CrossEntropy:
    """Training needs only the gradient; the values of many batches are faster to get together."""

    def __init__(self, smoothing):
        self.smoothing = smoothing

    def __call__(self, out, batch):
        soft_targets = batch.soft_targets
        if self.smoothing:
            uniform = self.smoothing / soft_targets.shape[-1]
            soft_targets = (1 - self.smoothing) * soft_targets + uniform
        delta = _apply_to_classes(torch.softmax, out).sub_(soft_targets)
        delta.mul_(batch.sample_weight.unsqueeze(-1))
        return delta, (out, soft_targets, batch.sample_weight)

    def compute_values(self, terms):
        out, soft_targets, weight = (torch.stack(each) for each in zip(*terms, strict=True))
        log_proba = _apply_to_classes(torch.log_softmax, out)
        return -((soft_targets * log_proba).sum(-1) * weight).sum(-1)


def _apply_to_classes(function, out):
    """Return ``function(out, -1)``; torch is slow along the last axis if there are few classes."""
    n_classes = out.shape[-1]
    if n_classes >= ALIGNMENT // 2:
        return function(out, -1)
    return function(out.reshape(-1, n_classes).T, 0).T.view(out.shape)


class _AutogradLoss:
    def __init__(self, criterion, is_classification):
        self.criterion = criterion
        self.takes_logs = is_classification and isinstance(criterion, nn.NLLLoss)

    @torch.enable_grad()
    def __call__(self, out, batch):
        leaf = out.detach().requires_grad_()
        pred = leaf.flatten(0, 1)
        if self.takes_logs:
            pred = torch.log(pred + torch.finfo(pred.dtype).eps)  # as skorch does
        soft_targets = None if batch.soft_targets is None else batch.soft_targets.flatten(0, 1)
        losses = per_sample_losses(self.criterion, pred, batch.labels.flatten(0, 1), soft_targets)
        losses = (losses.view(batch.sample_weight.shape) * batch.sample_weight).sum(1)
        return torch.autograd.grad(losses.sum(), leaf)[0], losses.detach()

    def compute_values(self, terms):
        return torch.stack(terms)


# Optimizers


def _make_optimizer(net, weights):
    """Return the net's optimizer for the weights of all nets; it treats each entry separately."""
    _, options = net.get_params_for_optimizer("optimizer", list(net.module_.named_parameters()))
    if net.optimizer in FUSED_OPTIMIZERS and not ("fused" in options or "foreach" in options):
        options["fused"] = True
    return net.optimizer([weights], **options)


def _copy_options(source, target):
    """Copy the options of an optimizer, which schedulers change."""
    for name, value in source.param_groups[0].items():
        if name not in ("params", "fused", "foreach"):
            target.param_groups[0][name] = value


def _copy_state(stacked, modules, k, optimizer):
    """Copy the state of the weights of net k to the optimizer of that net."""
    parameters = modules.get_parameters(k)
    for name, value in stacked.state.get(modules.weights, {}).items():
        if isinstance(value, torch.Tensor) and value.shape == modules.weights.shape:
            values = [array[k].clone() for array in modules.split(value)]
        else:
            values = [copy.deepcopy(value) for _ in parameters]
        for parameter, own_value in zip(parameters, values, strict=True):
            optimizer.state[parameter][name] = own_value


# Comparison with the module itself


def matches_module(fold, graphs):
    """Whether a stack computes the same outputs and gradients as the module of a fold.

    Each fold is checked alone, so that the other folds do not decide how it is trained. The
    weights are changed at random, because a gradient may be zero only at the initial weights.

    Parameters
    ----------
    fold : FoldNet
        The fold.
    graphs : dict
        The graphs of its module, as `trace_graphs` returns them.

    Returns
    -------
    bool
        Whether the fold may be trained with others.
    """
    n_rows = min(8, len(fold.X))
    X, labels = fold.X[None, :n_rows], fold.labels[None, :n_rows]
    soft_targets = None if fold.soft_targets is None else fold.soft_targets[None, :n_rows]
    batch = Batch(X, labels, soft_targets, torch.full((1, n_rows), 1 / n_rows), (n_rows,))
    module = copy.deepcopy(fold.net.module_)
    _disable_dropout(module)
    _perturb_weights(module)
    stacked, loss = StackedModules([module], None, graphs), _make_loss(fold.net)
    return all(_is_equal(stacked, module, loss, batch, training) for training in (False, True))


def _disable_dropout(module):
    for layer in module.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
        elif isinstance(layer, nn.MultiheadAttention):
            layer.dropout = 0.0


@torch.no_grad()
def _perturb_weights(module):
    generator = torch.Generator().manual_seed(0)
    for weight in module.parameters():
        weight.add_(torch.randn(weight.shape, generator=generator), alpha=0.05)


def _is_equal(stacked, module, loss, batch, training):
    out = stacked.forward(batch.X, training)
    with torch.enable_grad():
        expected = module.train(training)(batch.X[0])
    if not isinstance(expected, torch.Tensor) or expected.ndim != 2:
        return False
    pairs = [(out[0], expected.detach())]
    if training:
        delta = loss(out, batch)[0]
        stacked.backward(delta)
        with torch.enable_grad():
            torch.autograd.backward(expected, delta[0])
        gradients = [gradient[0] for gradient in stacked.split(stacked.weights.grad)]
        expected_gradients = [weight.grad for weight in stacked.get_parameters(0)]
        pairs += zip(gradients, expected_gradients, strict=True)
    return all(expected is not None and _is_close(got, expected) for got, expected in pairs)


def _is_close(got, expected):
    atol = max(1e-6, 1e-4 * float(expected.abs().max()))
    return torch.allclose(got, expected, rtol=1e-3, atol=atol)
