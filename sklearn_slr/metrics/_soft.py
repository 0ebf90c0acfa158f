"""Scores of probabilities with soft targets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array, check_consistent_length

from ..utils._arrays import plain_array, plain_weights
from ..utils._probabilities import check_probabilities
from ..utils._sklearn import validate_params
from ..utils._typing import Floats


@validate_params(
    {
        "targets": ["array-like"],
        "proba": ["array-like"],
        "sample_weight": ["array-like", None],
    },
    prefer_skip_nested_validation=True,
)
def soft_log_loss(
    targets: ArrayLike, proba: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """Compute the mean cross-entropy of probabilities with probability targets.

    Parameters
    ----------
    targets : array-like of shape (n_samples, n_classes)
        Target probabilities; rows are non-negative and sum to 1.
    proba : array-like of shape (n_samples, n_classes)
        Predicted probabilities. Those below the machine epsilon of their dtype are raised to it,
        so that the loss is finite.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights >= 0, not all zero.

    Returns
    -------
    float
        Mean over the rows of ``-sum(targets * log(proba))``, in nats. It is the log-loss if the
        targets are one-hot, and it is lowest if `proba` equals `targets`.

    See Also
    --------
    sklearn.metrics.log_loss : For class labels.

    Examples
    --------
    >>> from sklearn_slr.metrics import soft_log_loss
    >>> round(soft_log_loss([[0.5, 0.5], [1.0, 0.0]], [[0.5, 0.5], [0.5, 0.5]]), 4)
    0.6931
    """
    proba = plain_array(proba, name="proba")
    eps = np.finfo(proba.dtype if proba.dtype.kind == "f" else np.float64).eps
    targets, proba = _check_rows(targets, "targets"), _check_rows(proba, "proba")
    check_consistent_length(targets, proba)
    if targets.shape != proba.shape:
        raise ValueError(
            f"targets have shape {targets.shape} and proba {proba.shape}; expected the same shape, "
            "with one column for each class."
        )
    weight = plain_weights(sample_weight, len(targets))
    losses = -np.sum(targets * np.log(np.clip(proba, eps, 1.0)), axis=1)
    return float(np.average(losses, weights=weight))


def _check_rows(rows: Any, name: str) -> Floats:
    """Return probability rows as float64."""
    rows = check_array(plain_array(rows, name=name), dtype=np.float64, input_name=name)
    hint = f" Divide each row of {name} by its sum."
    return check_probabilities(rows, f"{name} holds", normalize="never", hint=hint)
