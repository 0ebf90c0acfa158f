"""Online hard example mining: select the hardest samples of a batch."""

import torch


def keep_hardest(losses, divisors, keep):
    """Return the contribution of each sample to the mean loss of the hardest samples.

    Parameters
    ----------
    losses : tensor of shape (n_samples,)
        Loss of each sample.
    divisors : tensor of shape (n_samples,)
        The weight of each sample in the mean: 1, or the weight of its class.
    keep : float in (0, 1]
        Fraction of the samples that count.

    Returns
    -------
    tensor of shape (n_samples,)
        Contributions. Their mean is the sum of the kept losses over the sum of their divisors.

    Examples
    --------
    >>> import torch
    >>> from sklearn_slr.losses._hardest import keep_hardest
    >>> keep_hardest(torch.tensor([1.0, 5.0, 3.0, 2.0]), torch.ones(4), keep=0.5)
    tensor([ 0., 10.,  6.,  0.])
    """
    n_samples = len(losses)
    n_kept = max(1, round(keep * n_samples))
    kept = torch.zeros_like(losses)
    kept[losses.detach().topk(n_kept).indices] = 1.0
    return losses * kept * n_samples / (divisors * kept).sum()


def check_keep(keep, reduction):
    """Check the fraction of samples and the reduction, and return the fraction."""
    if not 0 < keep <= 1:
        raise ValueError(
            f"Got keep={keep!r}, expected the fraction of samples that count, 0 < keep <= 1."
        )
    if reduction not in ("mean", "none"):
        raise ValueError(
            f"Got reduction={reduction!r}, expected 'mean' or 'none': the loss is a mean over the "
            "hardest samples, and 'none' returns their contributions to it."
        )
    return keep
