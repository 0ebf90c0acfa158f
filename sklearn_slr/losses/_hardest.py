"""Which samples of a batch count in online hard example mining, and how much."""

import torch


def hardest(losses, mass, keep):
    """Return each sample's part in the mean loss of the hardest samples.

    Parameters
    ----------
    losses : tensor of shape (n_samples,)
        Loss of each sample.
    mass : tensor of shape (n_samples,)
        What the loss of a sample is divided by: 1, or the weight of its class.
    keep : float in (0, 1]
        Share of samples that counts.

    Returns
    -------
    tensor of shape (n_samples,)
        Parts, whose mean is the sum of the kept losses over the sum of their masses.

    Examples
    --------
    >>> import torch
    >>> from sklearn_slr.losses._hardest import hardest
    >>> hardest(torch.tensor([1.0, 5.0, 3.0, 2.0]), torch.ones(4), keep=0.5)
    tensor([ 0., 10.,  6.,  0.])
    """
    n_samples = len(losses)
    n_kept = max(1, round(keep * n_samples))
    kept = torch.zeros_like(losses)
    kept[losses.detach().topk(n_kept).indices] = 1.0
    return losses * kept * n_samples / (mass * kept).sum()


def check_keep(keep, reduction):
    """Check the share of samples, and that the reduction is one that a mean can have."""
    if not 0 < keep <= 1:
        raise ValueError(
            f"keep is {keep!r}; the share of samples that counts is wanted, above 0 and at most 1."
        )
    if reduction not in ("mean", "none"):
        raise ValueError(
            f"reduction is {reduction!r}; the loss is a mean over the hardest samples: 'mean' is "
            "wanted, or 'none' for the part of each sample in it."
        )
    return keep
