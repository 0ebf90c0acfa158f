"""The loss of a net for probability rows ("soft targets") and sample weights.

skorch passes hard labels to a criterion. While a net computes the loss of a batch, the ``forward``
of its criterion is replaced by one that uses the soft targets and weights of the batch.
"""

import contextlib
import functools
import math

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 (torch's own abbreviation)


def criterion_class(criterion):
    """Return the class of a criterion given as a class, an instance or a partial of a class."""
    criterion = criterion.func if isinstance(criterion, functools.partial) else criterion
    return criterion if isinstance(criterion, type) else type(criterion)


def accepts_soft_targets(criterion):
    """Whether the ``forward`` of a criterion takes probability rows as targets."""
    kind = criterion_class(criterion)
    return issubclass(kind, nn.KLDivLoss) or any(
        getattr(owner, "accepts_soft_targets", False) for owner in (criterion, kind)
    )


@contextlib.contextmanager
def soft_criterion(net, labels, soft_targets, sample_weight):
    """Within the context, the net's criterion computes the loss of a batch of soft targets."""
    original, criterion, calls = net.criterion_, unwrap_compiled(net.criterion_), []
    if not isinstance(criterion, nn.Module):
        raise TypeError(
            f"Got criterion={net.criterion!r}, expected an nn.Module, which probability rows and "
            "sample weights need: move the function into the forward of an nn.Module."
        )
    # An instance may have a forward of its own, which is put back afterwards.
    forward, own_forward = criterion.forward, vars(criterion).get("forward")

    def soft_forward(input, target, *args, **kwargs):
        def call(*pair):
            return forward(*pair, *args, **kwargs)

        calls.append(_check_labels(net, target, labels, soft_targets))
        return _compute_loss(criterion, call, input, target, soft_targets, sample_weight)

    vars(net)["criterion_"], vars(criterion)["forward"] = criterion, soft_forward
    try:
        yield
    finally:
        vars(net)["criterion_"] = original
        del vars(criterion)["forward"]
        vars(criterion).update({} if own_forward is None else {"forward": own_forward})
    if not calls:
        raise TypeError(
            f"{type(net).__name__}.get_loss did not call self.criterion_, but only that has the "
            "probability rows and sample weights: compute the loss of the labels with it."
        )


def unwrap_compiled(criterion):
    """Return the original of a criterion that was wrapped by torch.compile, or itself."""
    return getattr(criterion, "_orig_mod", criterion)


def _check_labels(net, target, labels, soft_targets):
    """Check that the criterion gets the labels of the batch, in the order of the soft targets."""
    if target is labels:
        return
    labels = torch.as_tensor(labels)
    same = target.numel() == labels.numel()
    if same and soft_targets is not None:
        same = torch.equal(target.detach().to(labels).flatten(), labels.flatten())
    if not same:
        raise TypeError(
            f"{type(net).__name__}.get_loss calls self.criterion_ on other labels than those of "
            "the batch (shuffled or changed), so probability rows and sample weights do not match "
            "them: pass y_true on unchanged."
        )


def _compute_loss(criterion, forward, pred, labels, soft_targets, sample_weight):
    """Return the loss of a batch, reduced as the criterion reduces it."""
    native, target = type(criterion).forward, labels
    first = pred[0] if isinstance(pred, tuple) else pred
    weight = None if sample_weight is None else sample_weight.to(first.dtype).to(first.device)
    if soft_targets is not None:
        soft_targets = soft_targets.to(first.dtype).to(first.device)
        if native in (nn.CrossEntropyLoss.forward, nn.NLLLoss.forward):
            return _cross_entropy(criterion, first, soft_targets, weight)
        if native in (nn.BCELoss.forward, nn.BCEWithLogitsLoss.forward):
            pred, target = first, soft_targets[:, 1].reshape(labels.shape)
        elif accepts_soft_targets(criterion):
            target = soft_targets
            if getattr(criterion, "log_target", False):
                target = target.clamp_min(torch.finfo(target.dtype).tiny).log()
        else:
            return _expected_loss(criterion, forward, pred, labels, soft_targets, weight)
    if weight is None:
        return forward(pred, target)
    losses = _sample_losses(criterion, forward, pred, target)
    return _reduce(losses, torch.ones_like(losses), weight, criterion.reduction)


def _cross_entropy(criterion, pred, soft_targets, sample_weight):
    if pred.shape != soft_targets.shape:
        raise ValueError(
            f"Got module outputs of shape {tuple(pred.shape)} for {soft_targets.shape[0]} samples "
            f"and {soft_targets.shape[1]} classes: give the module one output for each class."
        )
    is_plain = criterion.weight is None and not isinstance(criterion, nn.NLLLoss)
    if is_plain and sample_weight is None and criterion.reduction == "mean":
        loss = F.cross_entropy(pred, soft_targets, label_smoothing=criterion.label_smoothing)
        if math.isfinite(loss.item()):
            return loss
    losses, divisor = _class_losses(criterion, pred, soft_targets), soft_targets
    if criterion.weight is not None:
        losses, divisor = losses * criterion.weight, soft_targets * criterion.weight
    # torch divides the loss of hard labels by the sum of their class weights.
    return _reduce(losses.sum(1), divisor.sum(1), sample_weight, criterion.reduction)


def _class_losses(criterion, pred, soft_targets):
    """Return the terms (n, C) of the cross-entropy, one for each class."""
    log_proba = pred if isinstance(criterion, nn.NLLLoss) else F.log_softmax(pred, dim=1)
    smoothing = getattr(criterion, "label_smoothing", 0.0)
    smoothed = (1 - smoothing) * soft_targets + smoothing / soft_targets.shape[1]
    # A class of probability zero adds nothing, even if its predicted log-probability is -inf.
    return -smoothed * log_proba.masked_fill(smoothed == 0, 0)


def per_sample_losses(criterion, pred, labels, soft_targets):
    """Return the losses (n,) for soft targets, or for labels if soft_targets is None.

    For ``nn.CrossEntropyLoss`` and ``nn.NLLLoss`` without class weights, and elementwise losses.
    """
    if soft_targets is None:
        return _sample_losses(criterion, criterion, pred, labels)
    if isinstance(criterion, nn.CrossEntropyLoss):
        return F.cross_entropy(
            pred, soft_targets, reduction="none", label_smoothing=criterion.label_smoothing
        )
    return _class_losses(criterion, pred, soft_targets).sum(1)


def _expected_loss(criterion, forward, pred, labels, soft_targets, sample_weight):
    """Return the sum over classes of the loss of each class, weighted by its probability."""
    losses = 0.0
    for label in range(soft_targets.shape[1]):
        label_losses = _sample_losses(criterion, forward, pred, torch.full_like(labels, label))
        losses = losses + soft_targets[:, label] * label_losses
    return _reduce(losses, torch.ones_like(losses), sample_weight, criterion.reduction)


def _sample_losses(criterion, forward, pred, target):
    """Return the loss of each sample (n,), from a criterion whose reduction is set to "none"."""
    name, reduction = type(criterion).__name__, getattr(criterion, "reduction", None)
    losses = None
    if isinstance(reduction, str):
        criterion.reduction = "none"
        try:
            losses = forward(pred, target)
        finally:
            criterion.reduction = reduction
    if losses is None or losses.shape[:1] != target.shape[:1]:
        raise TypeError(
            f"Probability rows and sample weights need the loss of each sample, but {name} "
            + ("has no attribute reduction" if losses is None else "reduces with reduction='none'")
            + ": return the unreduced losses if self.reduction == 'none'. For probability rows "
            "without sample weights, you can instead take the rows as targets and set "
            "accepts_soft_targets = True."
        )
    losses = losses.reshape(len(losses), -1)
    return losses.sum(1) if reduction in ("sum", "batchmean") else losses.mean(1)


def _reduce(losses, divisor, sample_weight, reduction):
    if sample_weight is not None:
        losses, divisor = losses * sample_weight, divisor * sample_weight
    if reduction == "sum":
        return losses.sum()
    if reduction == "none":  # the net's get_loss takes the mean
        return losses if sample_weight is None else losses / sample_weight.mean()
    return losses.sum() / divisor.sum()
