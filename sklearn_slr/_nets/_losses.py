"""The loss of a net against probability rows and sample weights, as its criterion takes it."""

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


def takes_rows(criterion):
    """Whether a criterion takes probability rows as they are."""
    kind = criterion_class(criterion)
    return issubclass(kind, nn.KLDivLoss) or any(
        getattr(owner, "accepts_soft_targets", False) for owner in (criterion, kind)
    )


@contextlib.contextmanager
def answer_for(net, batch):
    """While the net takes its loss, have the criterion answer for the rows of the batch."""
    given, criterion, called = net.criterion_, eager(net.criterion_), []
    if not isinstance(criterion, nn.Module):
        raise TypeError(
            f"criterion={net.criterion!r} is no nn.Module, which probability rows and sample "
            "weights ask for: put the function into the forward of an nn.Module."
        )
    native, own = criterion.forward, vars(criterion).get("forward")

    def forward(input, target, *args, **kwargs):
        called.append(_check_labels(net, target, batch))
        return _loss(criterion, lambda *pair: native(*pair, *args, **kwargs), input, target, batch)

    vars(net)["criterion_"], vars(criterion)["forward"] = criterion, forward
    try:
        yield
    finally:
        vars(net)["criterion_"] = given
        del vars(criterion)["forward"]
        vars(criterion).update({} if own is None else {"forward": own})
    if not called:
        raise TypeError(
            f"{type(net).__name__}.get_loss did not call self.criterion_, which alone knows the "
            "probability rows and sample weights: compute the loss of the labels with it."
        )


def eager(criterion):
    """Return the criterion that torch.compile may have wrapped."""
    return getattr(criterion, "_orig_mod", criterion)


def _check_labels(net, target, batch):
    """Refuse labels that are not the batch's own, in their order: the rows are in that order."""
    if target is batch.labels:
        return
    labels = torch.as_tensor(batch.labels)
    same = target.numel() == labels.numel()
    if same and batch.rows is not None:
        same = torch.equal(target.detach().to(labels).flatten(), labels.flatten())
    if not same:
        raise TypeError(
            f"{type(net).__name__}.get_loss calls self.criterion_ on other labels than the "
            "batch's, shuffled or changed, so that probability rows and sample weights do not fit "
            "them: hand y_true on as it comes."
        )


def _loss(criterion, native, pred, target, batch):
    """Return the loss of a batch, reduced as the criterion reduces it."""
    forward, first = type(criterion).forward, pred[0] if isinstance(pred, tuple) else pred
    weight = None if batch.weight is None else batch.weight.to(first.dtype).to(first.device)
    if batch.rows is not None:
        rows = batch.rows.to(first.dtype).to(first.device)
        if forward in (nn.CrossEntropyLoss.forward, nn.NLLLoss.forward):
            return _cross_entropy(criterion, first, rows, weight)
        if forward in (nn.BCELoss.forward, nn.BCEWithLogitsLoss.forward):
            pred, target = first, rows[:, 1].reshape(target.shape)
        elif takes_rows(criterion):
            target = _log(rows) if getattr(criterion, "log_target", False) else rows
        else:
            return _expected_loss(criterion, native, pred, target, rows, weight)
    if weight is None:
        return native(pred, target)
    losses = _per_sample(criterion, native, pred, target)
    return _reduce(losses, torch.ones_like(losses), weight, criterion.reduction)


def _log(rows):
    return rows.clamp_min(torch.finfo(rows.dtype).tiny).log()


def _cross_entropy(criterion, pred, rows, weight):
    if pred.shape != rows.shape:
        raise ValueError(
            f"The module returned shape {tuple(pred.shape)} for {rows.shape[0]} samples and "
            f"{rows.shape[1]} classes: give it one output for each class."
        )
    plain = criterion.weight is None and not isinstance(criterion, nn.NLLLoss)
    if plain and weight is None and criterion.reduction == "mean":
        loss = F.cross_entropy(pred, rows, label_smoothing=criterion.label_smoothing)
        if math.isfinite(loss.item()):
            return loss
    losses, divisor = _by_class(criterion, pred, rows), rows
    if criterion.weight is not None:
        losses, divisor = losses * criterion.weight, rows * criterion.weight
    # torch divides the loss of hard labels by the sum of their class weights.
    return _reduce(losses.sum(1), divisor.sum(1), weight, criterion.reduction)


def _by_class(criterion, pred, rows):
    """Return the part (n, C) of each class in the losses."""
    log_proba = pred if isinstance(criterion, nn.NLLLoss) else F.log_softmax(pred, dim=1)
    smoothing = getattr(criterion, "label_smoothing", 0.0)
    mass = (1 - smoothing) * rows + smoothing / rows.shape[1]
    # A class of no mass adds nothing, be its log-probability minus infinity.
    return -mass * log_proba.masked_fill(mass == 0, 0)


def per_sample_losses(criterion, pred, labels, rows):
    """Return the losses (n,) of rows, or of labels where rows is None, before the mean is taken.

    For ``nn.CrossEntropyLoss`` and ``nn.NLLLoss`` without class weights, and elementwise ones.
    """
    if rows is None:
        return _per_sample(criterion, criterion, pred, labels)
    if isinstance(criterion, nn.CrossEntropyLoss):
        return F.cross_entropy(
            pred, rows, reduction="none", label_smoothing=criterion.label_smoothing
        )
    return _by_class(criterion, pred, rows).sum(1)


def _expected_loss(criterion, native, pred, target, rows, weight):
    losses = 0.0
    for label in range(rows.shape[1]):
        label_losses = _per_sample(criterion, native, pred, torch.full_like(target, label))
        losses = losses + rows[:, label] * label_losses
    return _reduce(losses, torch.ones_like(losses), weight, criterion.reduction)


def _per_sample(criterion, native, pred, target):
    """Return the loss of each sample (n,), from a criterion that is told not to reduce."""
    name, reduction = type(criterion).__name__, getattr(criterion, "reduction", None)
    losses = None
    if isinstance(reduction, str):
        criterion.reduction = "none"
        try:
            losses = native(pred, target)
        finally:
            criterion.reduction = reduction
    if losses is None or losses.shape[:1] != target.shape[:1]:
        raise TypeError(
            f"Probability rows and sample weights ask {name} for the loss of each sample, and it "
            + ("has no attribute reduction" if losses is None else "reduces with reduction='none'")
            + ": return the unreduced losses where self.reduction == 'none', or, for probability "
            "rows without sample weights, take the rows as targets and set "
            "accepts_soft_targets = True."
        )
    losses = losses.reshape(len(losses), -1)
    return losses.sum(1) if reduction in ("sum", "batchmean") else losses.mean(1)


def _reduce(losses, divisor, weight, reduction):
    if weight is not None:
        losses, divisor = losses * weight, divisor * weight
    if reduction == "sum":
        return losses.sum()
    if reduction == "none":  # the net's get_loss takes the mean
        return losses if weight is None else losses / weight.mean()
    return losses.sum() / divisor.sum()
