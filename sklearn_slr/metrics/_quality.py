"""Quality of observed labels, given predicted probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array, check_consistent_length

from ..utils._arrays import plain_array
from ..utils._labels import as_array
from ..utils._sklearn import validate_params
from ..utils._typing import Floats


@validate_params(
    {"observed": ["array-like"], "proba": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def label_quality_scores(observed: ArrayLike, proba: ArrayLike) -> Floats:
    """Score the quality of each observed label: the probability that it is right.

    Parameters
    ----------
    observed : array-like of shape (n_samples,) or (n_samples, n_classes)
        Class indices (columns of `proba`), -1 where there is no label; or probability rows.
    proba : array-like of shape (n_samples, n_classes)
        Out-of-fold probabilities: from models that were not trained on these rows.

    Returns
    -------
    ndarray of shape (n_samples,)
        Scores in [0, 1]; the lowest are the most suspicious. The score of a class index is the
        probability of that class (cleanlab calls it self-confidence). The score of a probability
        row is its overlap with `proba`, ``sum(minimum(row, proba))``, which is the same for a
        one-hot row. Without a label the score is 1.0.

    See Also
    --------
    soft_log_loss : One score for all rows.

    Examples
    --------
    >>> from sklearn_slr.metrics import label_quality_scores
    >>> label_quality_scores([0, 1, -1], [[0.9, 0.1], [0.8, 0.2], [0.5, 0.5]])
    array([0.9, 0.2, 1. ])
    """
    proba = _check_numbers(plain_array(proba, name="proba"), "proba")
    observed = as_array(observed, name="observed")
    check_consistent_length(observed, proba)
    if observed.ndim == 2:
        if observed.shape != proba.shape:
            raise ValueError(
                f"observed has shape {observed.shape} and proba {proba.shape}; pass class indices "
                "of shape (n_samples,), or rows with one column for each class."
            )
        overlap = np.minimum(_check_numbers(observed, "observed"), proba).sum(axis=1)
        return np.clip(overlap, 0.0, 1.0)
    codes = _check_class_indices(observed, proba.shape[1])
    confidence = proba[np.arange(len(codes)), codes]
    return np.where(codes < 0, 1.0, np.clip(confidence, 0.0, 1.0))


def _check_numbers(rows: NDArray[Any], name: str) -> Floats:
    return check_array(rows, dtype=np.float64, input_name=name)


def _check_class_indices(observed, n_classes):
    expected = f"expected class indices from 0 to {n_classes - 1}, or -1 for no label"
    if observed.ndim != 1 or observed.dtype.kind not in "biuf":
        raise ValueError(
            f"observed has shape {observed.shape} and dtype {observed.dtype}; {expected}: "
            "encode labels as columns of proba."
        )
    # NaN is not equal to itself, so it is refused too.
    unknown = (observed != np.round(observed)) | (observed < -1) | (observed >= n_classes)
    if unknown.any():
        raise ValueError(
            f"observed holds {observed[unknown][0]}; {expected}: encode labels as columns of proba."
        )
    return observed.astype(np.intp)
