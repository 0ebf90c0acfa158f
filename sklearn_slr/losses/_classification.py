"""Classification losses of logits against labels or probability rows."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own abbreviation)

from ._hardest import check_keep, keep_hardest


class SoftTargetKLDivLoss(nn.CrossEntropyLoss):
    """Kullback-Leibler divergence of the net's probabilities from the targets.

    The loss of a sample with logits z and target row t is
    ``sum_c weight_c t_c (log t_c - log softmax(z)_c)``. Each E step of the paper minimises it
    (section II). It has the same gradient as the cross-entropy, and equals it for labels. If the
    net predicts exactly the target row, this loss is 0, while the cross-entropy is the row's
    entropy.

    Parameters
    ----------
    weight : tensor of shape (C,), default=None
        Weights of the classes.
    reduction : {"mean", "sum", "none"}, default="mean"
        "mean" divides the sum of the losses by the sum of ``weight_c t_c`` over the classes and
        samples of the batch, as ``nn.CrossEntropyLoss`` does for labels.

    See Also
    --------
    FocalLoss : Gives more weight to samples that are hard for the net.

    Examples
    --------
    >>> import torch
    >>> from sklearn_slr.losses import SoftTargetKLDivLoss
    >>> logits = torch.log(torch.tensor([[0.5, 0.5]]))
    >>> loss = SoftTargetKLDivLoss()
    >>> round(loss(logits, torch.tensor([[0.8, 0.2]])).item(), 4)  # .8 log(.8/.5) + .2 log(.2/.5)
    0.1927
    >>> round(loss(logits, torch.tensor([0])).item(), 4)  # log 2
    0.6931
    """

    accepts_soft_targets = True

    def __init__(
        self, weight: Tensor | None = None, *, reduction: Literal["mean", "sum", "none"] = "mean"
    ) -> None:
        super().__init__(weight=weight, reduction=reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss.

        Parameters
        ----------
        input : tensor of shape (n_samples, C)
            Logits.
        target : tensor of shape (n_samples,) or (n_samples, C)
            Labels 0..C-1, or probability rows.

        Returns
        -------
        tensor of shape () or (n_samples,)
            The reduced loss.
        """
        rows = to_probability_rows(input, target)
        weighted = _weight_classes(rows, self.weight)
        return _reduce(kl_divergence(input, rows, weighted), weighted.sum(1), self.reduction)


class FocalLoss(nn.CrossEntropyLoss):
    """Cross-entropy with more weight on samples that are hard for the net.

    The loss of a sample of class y is ``-weight_y (1 - p_y) ** gamma log p_y``, where p is the
    softmax of the logits [1]_. For a probability row, the loss is the expectation over the row.

    Parameters
    ----------
    gamma : float >= 0, default=2.0
        How strongly the weight of easy samples is reduced; 0 is the cross-entropy.
    weight : tensor of shape (C,), default=None
        Weights of the classes.
    reduction : {"mean", "sum", "none"}, default="mean"
        "mean" divides the sum of the losses by the sum of ``weight_c t_c`` over the classes and
        samples of the batch, as ``nn.CrossEntropyLoss`` does for labels.

    See Also
    --------
    OHEMLoss : Ignores easy samples completely.

    References
    ----------
    .. [1] Lin, Goyal, Girshick, He, Dollar: Focal Loss for Dense Object Detection, ICCV 2017.

    Examples
    --------
    >>> import torch
    >>> from sklearn_slr.losses import FocalLoss
    >>> logits = torch.log(torch.tensor([[0.8, 0.2]]))
    >>> round(FocalLoss(gamma=2.0)(logits, torch.tensor([1])).item(), 4)  # -.8 ** 2 log .2
    1.03
    """

    accepts_soft_targets = True

    def __init__(
        self,
        gamma: float = 2.0,
        weight: Tensor | None = None,
        *,
        reduction: Literal["mean", "sum", "none"] = "mean",
    ) -> None:
        super().__init__(weight=weight, reduction=reduction)
        if not gamma >= 0:
            raise ValueError(
                f"Got gamma={gamma!r}, expected a number >= 0: use 0 for the cross-entropy."
            )
        self.gamma = gamma

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss.

        Parameters
        ----------
        input : tensor of shape (n_samples, C)
            Logits.
        target : tensor of shape (n_samples,) or (n_samples, C)
            Labels 0..C-1, or probability rows.

        Returns
        -------
        tensor of shape () or (n_samples,)
            The reduced loss.
        """
        rows = to_probability_rows(input, target)
        weighted, log_proba = _weight_classes(rows, self.weight), _log_softmax(input, rows)
        # For gamma < 1, the gradient of the power is infinite at zero.
        complement = (-torch.expm1(log_proba)).clamp_min(torch.finfo(input.dtype).tiny)
        losses = -(weighted * complement**self.gamma * log_proba).sum(1)
        return _reduce(losses, weighted.sum(1), self.reduction)


class OHEMLoss(nn.CrossEntropyLoss):
    """Online hard example mining: only the hardest samples of each batch count.

    The loss is the mean of the largest losses of the batch, where the loss of a sample is that of
    `SoftTargetKLDivLoss` [1]_. For labels, this is the cross-entropy. In evaluation mode, which
    skorch uses for validation, all samples count.

    Parameters
    ----------
    keep : float in (0, 1], default=0.5
        Fraction of the samples that count, at least one sample; 1 is the plain loss.
    weight : tensor of shape (C,), default=None
        Weights of the classes. Samples are ranked by their weighted loss.
    reduction : {"mean", "none"}, default="mean"
        "none" returns the contribution of each sample (n_samples,), zero for the easy ones. The
        mean of the contributions is the loss.

    See Also
    --------
    OHEMRegressionLoss : The same for regression.

    References
    ----------
    .. [1] Shrivastava, Gupta, Girshick: Training Region-based Object Detectors with Online Hard
       Example Mining, CVPR 2016.

    Examples
    --------
    >>> import torch
    >>> from sklearn_slr.losses import OHEMLoss
    >>> logits = torch.log(torch.tensor([[0.9, 0.1], [0.5, 0.5]]))
    >>> round(OHEMLoss(keep=0.5)(logits, torch.tensor([0, 0])).item(), 4)  # log 2
    0.6931
    """

    accepts_soft_targets = True

    def __init__(
        self,
        keep: float = 0.5,
        weight: Tensor | None = None,
        *,
        reduction: Literal["mean", "none"] = "mean",
    ) -> None:
        super().__init__(weight=weight, reduction=reduction)
        self.keep = check_keep(keep, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss.

        Parameters
        ----------
        input : tensor of shape (n_samples, C)
            Logits.
        target : tensor of shape (n_samples,) or (n_samples, C)
            Labels 0..C-1, or probability rows.

        Returns
        -------
        tensor of shape () or (n_samples,)
            The reduced loss.
        """
        rows = to_probability_rows(input, target)
        weighted = _weight_classes(rows, self.weight)
        losses = kl_divergence(input, rows, weighted)
        losses = keep_hardest(losses, weighted.sum(1), self.keep if self.training else 1.0)
        return losses.mean() if self.reduction == "mean" else losses


def to_probability_rows(logits, target):
    """Return labels (n,) or probability rows (n, C) as rows (n, C) with the dtype of the logits."""
    if logits.ndim == 2:
        if target.ndim == 1 and len(target) == len(logits) and not target.is_floating_point():
            return F.one_hot(target.long(), logits.shape[1]).to(logits.dtype)
        if target.shape == logits.shape:
            return target.to(logits.dtype)
    raise ValueError(
        f"Got logits of shape {tuple(logits.shape)} and targets of shape {tuple(target.shape)} and "
        f"dtype {target.dtype}, expected logits (n_samples, n_classes), and as targets integer "
        "labels (n_samples,) or probability rows (n_samples, n_classes)."
    )


def kl_divergence(logits, rows, weighted):
    """Return ``sum_c weighted_c (log rows_c - log softmax(logits)_c)`` for each sample."""
    negative_entropy = torch.special.xlogy(weighted, rows).sum(1)
    return negative_entropy - (weighted * _log_softmax(logits, rows)).sum(1)


def _weight_classes(rows, weight):
    return rows if weight is None else rows * weight


def _log_softmax(logits, rows):
    """Return log-probabilities, but 0 for target probabilities of 0: they may be -inf there."""
    return F.log_softmax(logits, dim=1).masked_fill(rows == 0, 0.0)


def _reduce(losses, divisors, reduction):
    if reduction == "none":
        return losses
    if reduction == "mean":
        return losses.sum() / divisors.sum()
    if reduction == "sum":
        return losses.sum()
    raise ValueError(f"Got reduction={reduction!r}, expected 'mean', 'sum' or 'none'.")
