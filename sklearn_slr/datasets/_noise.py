"""Add noise to labels."""

from __future__ import annotations

from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from ..utils._labels import encode_labels
from ..utils._sklearn import Interval, StrOptions, validate_params
from ..utils._typing import Matrix, Seed


@validate_params(
    {
        "y": ["array-like"],
        "noise": [Interval(Real, 0, 1, closed="both"), None],
        "kind": [StrOptions({"uniform", "asymmetric", "adjacent"}), "array-like"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_noisy_labels(
    y: ArrayLike,
    *,
    noise: float | None = None,
    kind: Literal["uniform", "asymmetric", "adjacent"] | Matrix = "uniform",
    random_state: Seed = None,
) -> NDArray[Any]:
    """Replace a random share of the labels by wrong ones.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        True labels, at least two classes.
    noise : float in [0, 1], default=None
        Probability that a label is replaced by another one. Required unless `kind` is a matrix.
    kind : {"uniform", "asymmetric", "adjacent"} or array-like of shape (C, C), default="uniform"
        The wrong class. "uniform": any other class. "asymmetric": the next class in sorted order;
        after the last class comes the first. "adjacent": a neighbouring class, as if two graders
        disagreed by one grade. A matrix: P(observed = column given true = row).
    random_state : int, RandomState instance or None, default=None
        Seed of the random draws.

    Returns
    -------
    ndarray of shape (n_samples,)
        Noisy labels, of the dtype of `y`.

    Raises
    ------
    ValueError
        If the matrix is not a transition matrix of the classes, or `noise` is missing.

    See Also
    --------
    make_three_class_toy : Points of three classes with true labels.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_slr.datasets import make_noisy_labels
    >>> y = np.repeat(["a", "b", "c"], 1000)
    >>> noisy = make_noisy_labels(y, noise=0.3, random_state=0)
    >>> round(float((noisy != y).mean()), 1)
    0.3
    """
    classes, _, codes = encode_labels(y)
    matrix = _transition_matrix(len(classes), noise, kind)
    uniform = check_random_state(random_state).uniform(size=len(codes))
    cumulative = np.cumsum(matrix, axis=1)[codes]
    drawn = (uniform[:, None] * cumulative[:, -1:] >= cumulative).sum(axis=1)
    return classes[drawn]


def _transition_matrix(n_classes, noise, kind):
    """Return the (C, C) matrix P(observed = column | true = row)."""
    if not isinstance(kind, str):
        matrix = np.asarray(kind, dtype=np.float64)
        if matrix.shape != (n_classes, n_classes):
            raise ValueError(
                f"kind is a matrix of shape {matrix.shape}, but y holds {n_classes} classes: "
                f"expected shape ({n_classes}, {n_classes})."
            )
        if np.any(matrix < 0) or np.any(np.abs(matrix.sum(axis=1) - 1) > 1e-6):
            raise ValueError(
                "kind is a matrix that has negative entries or rows that do not sum to 1: pass in "
                "row c the distribution of the observed label where c is true."
            )
        return matrix
    if noise is None:
        raise ValueError(f"noise is None: kind={kind!r} needs it; pass the share of wrong labels.")
    others = np.zeros((n_classes, n_classes))
    if kind == "uniform":
        others[:] = 1
        np.fill_diagonal(others, 0)
    elif kind == "asymmetric":
        others[np.arange(n_classes), (np.arange(n_classes) + 1) % n_classes] = 1
    else:
        others = np.eye(n_classes, k=1) + np.eye(n_classes, k=-1)
    others /= others.sum(axis=1, keepdims=True)
    return (1 - noise) * np.eye(n_classes) + noise * others
