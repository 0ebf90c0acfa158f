"""Regression losses."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from ._hardest import check_keep, hardest


class OHEMRegressionLoss(nn.Module):
    """Online hard example mining for numbers: of every batch only the hardest samples count.

    The loss is the mean of the largest losses of the batch [1]_. In evaluation mode, as in
    skorch's validation, all samples count.

    Parameters
    ----------
    keep : float in (0, 1], default=0.5
        Share of the samples that counts, at least one sample; 1 is the plain loss.
    base : callable, default=torch.nn.MSELoss
        A class of losses, or a partial of one: what takes ``reduction="none"``.
    reduction : {"mean", "none"}, default="mean"
        "none" gives each sample's part in the mean, zero for the easy ones: the mean of the
        returned (n_samples,) is the loss.

    See Also
    --------
    OHEMLoss : The same for classes.

    References
    ----------
    .. [1] Shrivastava, Gupta, Girshick: Training Region-based Object Detectors with Online Hard
       Example Mining, CVPR 2016.

    Examples
    --------
    >>> import torch
    >>> from sklearn_slr.losses import OHEMRegressionLoss
    >>> predicted, wanted = torch.tensor([[0.0], [0.0]]), torch.tensor([[1.0], [3.0]])
    >>> OHEMRegressionLoss(keep=0.5)(predicted, wanted).item()
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
            Wanted numbers.

        Returns
        -------
        tensor of shape () or (n_samples,)
            The loss, reduced.
        """
        if input.shape != target.shape:
            raise ValueError(
                f"Got predictions of shape {tuple(input.shape)} and targets of shape "
                f"{tuple(target.shape)}, which torch would broadcast: give both one shape, e.g. "
                "y.reshape(-1, 1)."
            )
        losses = self.base(input, target).reshape(len(input), -1).mean(1)
        parts = hardest(losses, torch.ones_like(losses), self.keep if self.training else 1.0)
        return parts.mean() if self.reduction == "mean" else parts
