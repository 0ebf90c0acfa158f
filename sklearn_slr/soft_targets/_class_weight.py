"""Class weights, moved into probability rows and sample weights."""

import numpy as np


def apply_class_weight(targets, sample_weight=None, class_weight=None, *, counts_weighted=True):
    """Move class weights into probability rows and one weight for each row.

    A weighted sum over samples and classes becomes a weighted sum over samples: each row's
    distribution is shifted towards heavy classes, and the row's own weight changes with it.

    Parameters
    ----------
    targets : ndarray of shape (n_samples, k)
        Probability rows.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weights of the samples.
    class_weight : dict, "balanced" or None, default=None
        As in scikit-learn; the keys are class indices.
    counts_weighted : bool, default=True
        Whether "balanced" counts samples by their weights; not every estimator does.

    Returns
    -------
    rows : ndarray of shape (n_samples, k)
        Rows that sum to 1.
    weights : ndarray of shape (n_samples,) or None
        Weights of the rows; None if all rows count the same.
    """
    if class_weight is None:
        return targets, sample_weight
    counts = targets.sum(axis=0)
    if counts_weighted and sample_weight is not None:
        counts = sample_weight @ targets
    weighted = targets * _class_factors(class_weight, counts)
    totals = weighted.sum(axis=1)
    # A row all of whose classes have weight 0 gets weight 0; what it holds does not matter.
    rows = np.divide(weighted, totals[:, None], out=targets.copy(), where=totals[:, None] > 0)
    return rows, totals if sample_weight is None else totals * sample_weight


def _class_factors(class_weight, counts):
    if isinstance(class_weight, str):
        return counts.sum() / (len(counts) * counts)
    return np.array([class_weight.get(k, 1.0) for k in range(len(counts))])
