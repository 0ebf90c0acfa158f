"""The toy problem of the paper's Appendix A."""

from __future__ import annotations

from numbers import Integral
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from ..utils._sklearn import Interval, StrOptions, validate_params
from ..utils._typing import Floats, Seed


@validate_params(
    {
        "n_samples": [Interval(Integral, 3, None, closed="left")],
        "kind": [StrOptions({"blobs", "spirals"})],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_three_class_toy(
    n_samples: int = 600,
    *,
    kind: Literal["blobs", "spirals"] = "spirals",
    random_state: Seed = None,
) -> tuple[Floats, NDArray[np.intp]]:
    """Make points of three classes in a plane, as in the toy experiments of the paper's Appendix A.

    Parameters
    ----------
    n_samples : int, default=600
        Number of points; class sizes differ by at most one.
    kind : {"spirals", "blobs"}, default="spirals"
        "spirals": three arms with curved boundaries. "blobs": three overlapping normal
        distributions.
    random_state : int, RandomState instance or None, default=None
        Seed of the random draws.

    Returns
    -------
    X : ndarray of shape (n_samples, 2)
        Points.
    y : ndarray of int of shape (n_samples,)
        True classes 0, 1, 2.

    See Also
    --------
    make_noisy_labels : Replace some of the labels by wrong ones.

    Examples
    --------
    >>> from sklearn_slr.datasets import make_three_class_toy
    >>> X, y = make_three_class_toy(9, random_state=0)
    >>> X.shape, sorted(y.tolist())
    ((9, 2), [0, 0, 0, 1, 1, 1, 2, 2, 2])
    """
    rng = check_random_state(random_state)
    y = rng.permutation(np.arange(n_samples) % 3)
    if kind == "blobs":
        angle = 2 * np.pi * y / 3
        centers = 1.5 * np.column_stack([np.cos(angle), np.sin(angle)])
        return centers + rng.normal(size=(n_samples, 2)), y
    radius = rng.uniform(0.1, 1.0, size=n_samples)
    angle = 2 * np.pi * y / 3 + 4.0 * radius + rng.normal(scale=0.2, size=n_samples)
    return radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]), y
