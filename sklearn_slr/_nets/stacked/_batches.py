"""Batches of several folds, stacked, each taken from the fold's own rows.

Batches are padded to a multiple of 32 rows, so that the values of each fold fill whole pairs of
vector registers (of at most 512 bits). Otherwise, matrix products and elementwise functions would
round differently, and the results of a fold would depend on the folds next to it in memory.
"""

import math
from typing import NamedTuple

import torch
from torch.nn import functional as F  # noqa: N812 (torch's own abbreviation)
from torch.nn.utils.rnn import pad_sequence

# Several batches are gathered in one call, but not more than fit into the cache.
_CHUNK_BYTES = 2**21
ALIGNMENT = 32


class Batch(NamedTuple):
    """One batch of each of K folds; shorter batches are padded.

    Parameters
    ----------
    X : Tensor of shape (K, B, ...)
        Inputs.
    labels : Tensor of shape (K, B) or (K, B, 1)
        Labels, or numbers to predict.
    soft_targets : Tensor of shape (K, B, C) or None
        Probability rows.
    sample_weight : Tensor of shape (K, B)
        The weight of each row in the loss of its fold's batch: 0 for padding, 1 in sum.
    sizes : tuple of int
        Number of rows of each fold's batch, without padding.
    """

    X: torch.Tensor
    labels: torch.Tensor
    soft_targets: torch.Tensor | None
    sample_weight: torch.Tensor
    sizes: tuple[int, ...]


def draw_batches(folds, subset):
    """Yield the batches of an epoch.

    Parameters
    ----------
    folds : list of FoldNet
        Folds with the same number of batches of the same size, the last of which may be shorter.
    subset : {"train", "valid"}
        Whether to use the rows for training or for validation.

    Yields
    ------
    Batch
        The next batch of every fold.
    """
    drawn = [fold.draw_indices(subset) for fold in folds]
    width = ALIGNMENT * math.ceil(folds[0].get_batch_size(subset) / ALIGNMENT)
    row_bytes = 4 * math.prod(folds[0].X.shape[1:])
    chunk = max(1, _CHUNK_BYTES // (len(folds) * width * row_bytes))
    for start in range(0, len(drawn[0]), chunk):
        indices = [batches[start : start + chunk] for batches in drawn]
        gathered = [
            [None] * len(indices[0]) if values is None else values.unbind(1)
            for values in _gather(folds, indices, width)
        ]
        sizes = zip(*([len(batch) for batch in batches] for batches in indices), strict=True)
        yield from (Batch(*fields) for fields in zip(*gathered, sizes, strict=True))


def _gather(folds, indices, width):
    """Return inputs, labels, soft targets and weights (K, n_batches, width, ...)."""
    padded, sizes = [], []
    for batches in indices:
        filled = pad_sequence(batches, batch_first=True)
        padded.append(F.pad(filled, (0, width - filled.shape[1])).flatten())
        sizes.append([len(batch) for batch in batches])

    def take(name):
        values = [getattr(fold, name) for fold in folds]
        shape = values[0].shape[1:]
        out = values[0].new_empty((len(folds), len(padded[0]), *shape))
        for k, value in enumerate(values):
            torch.index_select(value, 0, padded[k], out=out[k])
        return out.view(len(folds), len(indices[0]), width, *shape)

    weight = take("sample_weight")
    weight *= torch.arange(width) < torch.as_tensor(sizes).unsqueeze(-1)
    weight /= weight.sum(2, keepdim=True)
    soft_targets = None if folds[0].soft_targets is None else take("soft_targets")
    return take("X"), take("labels"), soft_targets, weight
