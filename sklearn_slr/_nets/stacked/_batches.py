"""Batches of several folds side by side, taken from each fold's own rows.

Batches are filled up to a multiple of 32 rows, so that each fold's part of every array is made of
whole pairs of vectors, 512 bits each at most. Matrix products that begin elsewhere, and functions
of what is left over of a pair, give other bits, and a fold's would depend on which are beside it.
"""

import math
from typing import NamedTuple

import torch
from torch.nn import functional as F  # noqa: N812 (torch's own abbreviation)
from torch.nn.utils.rnn import pad_sequence

# Batches are gathered some at a time: few calls, and still a piece that stays in the cache.
_BYTES_AT_ONCE = 2**21
ALIGNED = 32


class Batch(NamedTuple):
    """One batch of each of K folds; rows that only fill up a shorter one have no share.

    Parameters
    ----------
    X : Tensor of shape (K, B, ...)
        Inputs.
    labels : Tensor of shape (K, B) or (K, B, 1)
        Labels, or numbers to predict.
    rows : Tensor of shape (K, B, C) or None
        Probability rows.
    share : Tensor of shape (K, B)
        The share of each row in the loss of its fold's batch; sums to one.
    sizes : tuple of int
        Number of rows of each fold's batch.
    """

    X: torch.Tensor
    labels: torch.Tensor
    rows: torch.Tensor | None
    share: torch.Tensor
    sizes: tuple[int, ...]


def draw_batches(folds, name):
    """Yield the batches of an epoch.

    Parameters
    ----------
    folds : list of FoldNet
        Folds with equally many batches of one size, the last of which may be shorter.
    name : {"train", "valid"}
        Which rows.

    Yields
    ------
    Batch
        The next batch of every fold.
    """
    drawn = [fold.draw(name) for fold in folds]
    width = ALIGNED * math.ceil(folds[0].width(name) / ALIGNED)
    n_steps = len(drawn[0])
    row_bytes = 4 * math.prod(folds[0].X.shape[1:])
    at_once = max(1, _BYTES_AT_ONCE // (len(folds) * width * row_bytes))
    for start in range(0, n_steps, at_once):
        parts = [own[start : start + at_once] for own in drawn]
        gathered = [
            [None] * len(parts[0]) if each is None else each.unbind(1)
            for each in _gather(folds, parts, width)
        ]
        sizes = zip(*([each.shape[0] for each in part] for part in parts), strict=True)
        yield from (Batch(*each) for each in zip(*gathered, sizes, strict=True))


def _gather(folds, parts, width):
    """Return inputs, labels, probability rows and shares (K, n_steps, width, ...)."""
    numbers, sizes = [], []
    for part in parts:
        filled = pad_sequence(part, batch_first=True)
        numbers.append(F.pad(filled, (0, width - filled.shape[1])).flatten())
        sizes.append([len(each) for each in part])

    def take(name):
        values = [getattr(fold, name) for fold in folds]
        shape = values[0].shape[1:]
        out = values[0].new_empty((len(folds), len(parts[0]) * width, *shape))
        for k, value in enumerate(values):
            torch.index_select(value, 0, numbers[k], out=out[k])
        return out.view(len(folds), len(parts[0]), width, *shape)

    share = take("weight")
    share *= torch.arange(width) < torch.as_tensor(sizes).unsqueeze(-1)
    share /= share.sum(2, keepdim=True)
    rows = None if folds[0].rows is None else take("rows")
    return take("X"), take("labels"), rows, share
