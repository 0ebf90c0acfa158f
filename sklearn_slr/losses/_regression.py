"""Regression losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from ._hardest import check_keep, keep_hardest


class OHEMRegressionLoss(nn.Module):
    """Online hard example mining for regression: only the hardest samples of each batch count.

    The loss is the mean of the largest losses of the batch [1]_. In evaluation mode, which skorch
    uses for validation, all samples count.

    Parameters
    ----------
    keep : float in (0, 1], default=0.5
        Fraction of the samples that count, at least one sample; 1 is the plain loss.
    base : callable, default=torch.nn.MSELoss
        A class of losses, or a partial of one, with a parameter `reduction`.
    reduction : {"mean", "none"}, default="mean"
        "none" returns the contribution of each sample (n_samples,), zero for the easy ones. The
        mean of the contributions is the loss.

    See Also
    --------
    OHEMLoss : The same for classification.

    References
    ----------
    .. [1] Shrivastava, Gupta, Girshick: Training Region-based Object Detectors with Online Hard
       Example Mining, CVPR 2016.

    Examples
    --------
    >>> import torch
    >>> from sklearn_slr.losses import OHEMRegressionLoss
    >>> predicted, target = torch.tensor([[0.0], [0.0]]), torch.tensor([[1.0], [3.0]])
    >>> OHEMRegressionLoss(keep=0.5)(predicted, target).item()
    9.0
    """

    def __init__(
        self,
        keep: float = 0.5,
        base: Callable[..., nn.Module] = nn.MSELoss,
        *,
        reduction: Literal["mean", "none"] = "mean",
    ) -> None:
        super().__init__()
        self.keep = check_keep(keep, reduction)
        self.base = base(reduction="none")
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss.

        Parameters
        ----------
        input : tensor of shape (n_samples, ...)
            Predicted numbers.
        target : tensor of the same shape
            Numbers to predict.

        Returns
        -------
        tensor of shape () or (n_samples,)
            The reduced loss.
        """
        if input.shape != target.shape:
            raise ValueError(
                f"Got predictions of shape {tuple(input.shape)} and targets of shape "
                f"{tuple(target.shape)}, which torch would broadcast: give both the same shape, "
                "for example by y.reshape(-1, 1)."
            )
        losses = self.base(input, target).reshape(len(input), -1).mean(1)
        losses = keep_hardest(losses, torch.ones_like(losses), self.keep if self.training else 1.0)
        return losses.mean() if self.reduction == "mean" else losses
