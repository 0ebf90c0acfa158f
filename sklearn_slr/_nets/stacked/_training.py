"""Train the nets of several folds in one pass: what each would learn alone, to rounding."""

import copy
import functools
import inspect
import warnings

import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import GradientNormClipping
from torch import nn

from .._epochs import FUSED, end_epoch
from .._losses import per_sample_losses
from ._batches import ALIGNED, Batch, draw_batches
from ._modules import StackedModules

# How many outputs wait until their losses are taken, all at once.
_ENTRIES_AT_ONCE = 2**18


def train_together(folds, graphs):
    """Train the nets of folds with equally many batches, in place.

    Parameters
    ----------
    folds : list of FoldNet
        Folds that `is_alike` has looked at.
    graphs : dict
        What their modules compute.
    """
    first = folds[0].net
    generators = [f.generator for f in folds]
    modules = StackedModules([f.net.module_ for f in folds], generators, graphs)
    loss = _make_loss(first)
    optimizer = _make_optimizer(first, modules.weights)
    # What a step is wrapped in, for hooks and profilers, takes as long as the step itself.
    step = functools.partial(inspect.unwrap(type(optimizer).step), optimizer)
    clips = [c for _, c in first.callbacks_ if isinstance(c, GradientNormClipping)]
    with warnings.catch_warnings(), torch.no_grad():
        # Schedulers do not see the steps of the optimizer that stands in for theirs.
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
        _hand_out_state(optimizer, modules, k, fold.net.optimizer_)
        fold.net.notify("on_train_end", X=None, y=None)


def _run_epoch(modules, folds, name, loss, step=None, clips=()):
    training, seen, open_, table = step is not None, [], [], []
    for batch in draw_batches(folds, name):
        out = modules.forward(batch.X, training, batch.sizes)
        delta, terms = loss(out, batch)
        if training:
            modules.backward(delta)
            for clip in clips:
                _clip(modules.weights.grad, clip.gradient_clip_value)
            step()
        else:
            _show(folds, out, batch)
        seen.append(batch.sizes)
        open_.append(terms)
        if len(open_) * out.numel() >= _ENTRIES_AT_ONCE:
            table.append(loss.value(open_))
            open_ = []
    if open_:
        table.append(loss.value(open_))
    table = torch.cat(table).T.tolist()
    for k, fold in enumerate(folds):
        fold.net.history[-1]["batches"].extend(
            {f"{name}_loss": value, f"{name}_batch_size": sizes[k]}
            for value, sizes in zip(table[k], seen, strict=True)
        )
        fold.net.history.record(f"{name}_batch_count", len(seen))


def _clip(gradients, limit):
    """Shrink the gradient of each fold to a norm of at most `limit`, as torch does."""
    factor = (limit / (gradients.norm(dim=1, keepdim=True) + 1e-6)).clamp(max=1)
    gradients.mul_(factor)


def _show(folds, out, batch):
    """Show a batch of the validation set to the callbacks, which keep it for their scores."""
    for k, fold in enumerate(folds):
        size = batch.sizes[k]
        for _, callback in fold.net.callbacks_:
            callback.on_batch_end(
                fold.net,
                batch=[None, batch.labels[k, :size]],
                training=False,
                y_pred=out[k, :size],
            )


# Losses


def _make_loss(net):
    """Return the net's loss.

    ``loss(out, batch)`` returns the gradient (K, B, ...) of the sum of every fold's loss, and what
    is wanted for the values: ``loss.value(several)`` returns them, (n_steps, K).
    """
    criterion = net.criterion_
    if isinstance(criterion, nn.CrossEntropyLoss):
        return _CrossEntropy(criterion.label_smoothing)
    return _LossWithAutograd(criterion, isinstance(net, NeuralNetClassifier))


class _CrossEntropy:
    """The training wants the gradient alone; many values are soon found together."""

    def __init__(self, smoothing):
        self.smoothing = smoothing

    def __call__(self, out, batch):
        rows = batch.rows
        if self.smoothing:
            rows = (1 - self.smoothing) * rows + self.smoothing / rows.shape[-1]
        delta = _over_classes(torch.softmax, out).sub_(rows).mul_(batch.share.unsqueeze(-1))
        return delta, (out, rows, batch.share)

    def value(self, several):
        out, rows, share = (torch.stack(each) for each in zip(*several, strict=True))
        log_proba = _over_classes(torch.log_softmax, out)
        return -((rows * log_proba).sum(-1) * share).sum(-1)


def _over_classes(function, out):
    """Return ``function(out, -1)``; of few classes, torch is slow along the last axis."""
    n_classes = out.shape[-1]
    if n_classes >= ALIGNED // 2:
        return function(out, -1)
    return function(out.reshape(-1, n_classes).T, 0).T.view(out.shape)


class _LossWithAutograd:
    def __init__(self, criterion, is_classification):
        self.criterion = criterion
        self.takes_logs = is_classification and isinstance(criterion, nn.NLLLoss)

    @torch.enable_grad()
    def __call__(self, out, batch):
        leaf = out.detach().requires_grad_()
        flat = leaf.flatten(0, 1)
        if self.takes_logs:
            flat = torch.log(flat + torch.finfo(flat.dtype).eps)  # as skorch does
        rows = None if batch.rows is None else batch.rows.flatten(0, 1)
        labels = batch.labels.flatten(0, 1)
        losses = per_sample_losses(self.criterion, flat, labels, rows)
        losses = (losses.view(batch.share.shape) * batch.share).sum(1)
        return torch.autograd.grad(losses.sum(), leaf)[0], losses.detach()

    def value(self, several):
        return torch.stack(several)


# Optimizers


def _make_optimizer(net, weights):
    """Return the net's optimizer, of all weights as one: what it does, it does to each entry."""
    _, options = net.get_params_for_optimizer("optimizer", list(net.module_.named_parameters()))
    if net.optimizer in FUSED and not ("fused" in options or "foreach" in options):
        options["fused"] = True
    return net.optimizer([weights], **options)


def _copy_options(source, target):
    """Take over what schedulers have set."""
    given = source.param_groups[0]
    for name in given:
        if name not in ("params", "fused", "foreach"):
            target.param_groups[0][name] = given[name]


def _hand_out_state(stacked, modules, k, optimizer):
    """Give a net's optimizer the moments of its own weights."""
    places = modules.places(k)
    for name, value in stacked.state.get(modules.weights, {}).items():
        if isinstance(value, torch.Tensor) and value.shape == modules.weights.shape:
            own = [part[k].clone() for part in modules.split(value)]
        else:
            own = [copy.deepcopy(value) for _ in places]
        for weight, part in zip(places, own, strict=True):
            optimizer.state[weight][name] = part


# Trust


def is_alike(fold, graphs):
    """Whether a stack computes what the module of a fold does, and the same gradients.

    One fold at a time is looked at, or which others are beside it would decide how it is trained.
    Weights are moved at random: a gradient may be zero where training begins, and nowhere else.

    Parameters
    ----------
    fold : FoldNet
        The fold.
    graphs : dict
        What modules of the same make compute.

    Returns
    -------
    bool
        Whether the fold may be trained with others.
    """
    n_rows = min(8, len(fold.X))
    batch = Batch(
        fold.X[None, :n_rows],
        fold.labels[None, :n_rows],
        None if fold.rows is None else fold.rows[None, :n_rows],
        torch.full((1, n_rows), 1 / n_rows),
        (n_rows,),
    )
    plain = copy.deepcopy(fold.net.module_)
    _silence_dropout(plain)
    _move(plain)
    stacked, loss = StackedModules([plain], None, graphs), _make_loss(fold.net)
    return all(_compare(stacked, plain, loss, batch, training) for training in (False, True))


def _silence_dropout(module):
    for part in module.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
        elif isinstance(part, nn.MultiheadAttention):
            part.dropout = 0.0


@torch.no_grad()
def _move(module):
    generator = torch.Generator().manual_seed(0)
    for weight in module.parameters():
        weight.add_(torch.randn(weight.shape, generator=generator), alpha=0.05)


def _compare(stacked, plain, loss, batch, training):
    out = stacked.forward(batch.X, training)
    with torch.enable_grad():
        expected = plain.train(training)(batch.X[0])
    if not isinstance(expected, torch.Tensor) or expected.ndim != 2:
        return False
    pairs = [(out[0], expected.detach())]
    if training:
        delta = loss(out, batch)[0]
        stacked.backward(delta)
        with torch.enable_grad():
            torch.autograd.backward(expected, delta[0])
        gradients = stacked.split(stacked.weights.grad)
        wanted = [weight.grad for weight in stacked.places(0)]
        pairs += [(part[0], own) for part, own in zip(gradients, wanted, strict=True)]
    return all(own is not None and _is_close(got, own) for got, own in pairs)


def _is_close(got, wanted):
    tolerance = max(1e-6, 1e-4 * float(wanted.abs().max()))
    return torch.allclose(got, wanted, rtol=1e-3, atol=tolerance)
