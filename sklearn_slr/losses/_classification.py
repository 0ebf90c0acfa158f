"""Classification losses of logits against labels or probability rows."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own abbreviation)

from ._hardest import check_keep, hardest


class SoftTargetKLDivLoss(nn.CrossEntropyLoss):
    """Kullback-Leibler divergence of the net's probabilities from the targets.

    The loss of a sample with logits z and target row t is
    ``sum_c weight_c t_c (log t_c - log softmax(z)_c)``: what each E step of the paper minimises
    (section II). Its gradient is that of the cross-entropy, and of a label it is the
    cross-entropy; but it is 0, not the row's entropy, where the net has learned the row.

    Parameters
    ----------
    weight : tensor of shape (C,), default=None
        Weights of the classes.
    reduction : {"mean", "sum", "none"}, default="mean"
        "mean" divides the sum by the mass ``sum_c weight_c t_c`` of the batch, as
        ``nn.CrossEntropyLoss`` does for labels.

    See Also
    --------
    FocalLoss : Attends to what the net finds hard.

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
            The loss, reduced.
        """
        rows = as_rows(input, target)
        mass = _mass(rows, self.weight)
        return _reduce(kl_divergence(input, rows, mass), mass.sum(1), self.reduction)


class FocalLoss(nn.CrossEntropyLoss):
    """Cross-entropy that attends to what the net finds hard.

    The loss of a sample of class y is ``-weight_y (1 - p_y) ** gamma log p_y``, with p the softmax
    of the logits [1]_; of a probability row it is the expectation over the row.

    Parameters
    ----------
    gamma : float >= 0, default=2.0
        How far easy samples are played down; 0 is the cross-entropy.
    weight : tensor of shape (C,), default=None
        Weights of the classes.
    reduction : {"mean", "sum", "none"}, default="mean"
        "mean" divides the sum by the mass ``sum_c weight_c t_c`` of the batch, as
        ``nn.CrossEntropyLoss`` does for labels.

    See Also
    --------
    OHEMLoss : Leaves easy samples out altogether.

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
                f"gamma is {gamma!r}; a number >= 0 is wanted, where 0 is the cross-entropy."
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
            The loss, reduced.
        """
        rows = as_rows(input, target)
        mass, log_proba = _mass(rows, self.weight), _log_softmax(input, rows)
        # Below gamma = 1 the slope of the power at zero is infinite.
        doubt = (-torch.expm1(log_proba)).clamp_min(torch.finfo(input.dtype).tiny)
        losses = -(mass * doubt**self.gamma * log_proba).sum(1)
        return _reduce(losses, mass.sum(1), self.reduction)


class OHEMLoss(nn.CrossEntropyLoss):
    """Online hard example mining: of every batch only the hardest samples count.

    The loss is the mean divergence, as of `SoftTargetKLDivLoss`, of those samples of the batch
    whose divergence is largest [1]_; of labels this is their mean cross-entropy. In evaluation
    mode, as in skorch's validation, all samples count.

    Parameters
    ----------
    keep : float in (0, 1], default=0.5
        Share of the samples that counts, at least one sample; 1 is the plain loss.
    weight : tensor of shape (C,), default=None
        Weights of the classes, which also make samples harder.
    reduction : {"mean", "none"}, default="mean"
        "none" gives each sample's part in the mean, zero for the easy ones: the mean of the
        returned (n_samples,) is the loss.

    See Also
    --------
    OHEMRegressionLoss : The same for numbers.

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
            The loss, reduced.
        """
        rows = as_rows(input, target)
        mass = _mass(rows, self.weight)
        losses = kl_divergence(input, rows, mass)
        parts = hardest(losses, mass.sum(1), self.keep if self.training else 1.0)
        return parts.mean() if self.reduction == "mean" else parts


def as_rows(logits, target):
    """Return labels (n,) or probability rows (n, C) as rows (n, C) of the dtype of the logits."""
    if logits.ndim == 2:
        if target.ndim == 1 and len(target) == len(logits) and not target.is_floating_point():
            return F.one_hot(target.long(), logits.shape[1]).to(logits.dtype)
        if target.shape == logits.shape:
            return target.to(logits.dtype)
    raise ValueError(
        f"Got logits of shape {tuple(logits.shape)} and targets of shape {tuple(target.shape)} and "
        f"dtype {target.dtype}: logits (n_samples, n_classes), and integer labels (n_samples,) or "
        "probability rows (n_samples, n_classes) are wanted."
    )


def kl_divergence(logits, rows, mass):
    """Return ``sum_c mass_c (log rows_c - log softmax(logits)_c)`` of each sample."""
    entropy = torch.special.xlogy(mass, rows).sum(1)
    return entropy - (mass * _log_softmax(logits, rows)).sum(1)


def _mass(rows, weight):
    return rows if weight is None else rows * weight


def _log_softmax(logits, rows):
    """Return log-probabilities, zero where the row has no mass: they may be minus infinity."""
    return F.log_softmax(logits, dim=1).masked_fill(rows == 0, 0.0)


def _reduce(losses, mass, reduction):
    if reduction == "none":
        return losses
    if reduction == "mean":
        return losses.sum() / mass.sum()
    if reduction == "sum":
        return losses.sum()
    raise ValueError(f"reduction is {reduction!r}; 'mean', 'sum' or 'none' is wanted.")
