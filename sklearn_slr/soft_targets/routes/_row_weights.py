"""How much each (sample, class) counts, once sample and class weights are in."""

import numpy as np


def weigh_rows(targets, sample_weight=None, class_weight=None, *, counts_weighted=True):
    """Move class weights into probability rows and weights, one a row.

    A weighted sum over (sample, class) is a sum over samples: the row's distribution, tilted
    towards heavy classes, times the row's own weight.

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
        Weights of the rows; None where every row counts the same.
    """
    if class_weight is None:
        return targets, sample_weight
    counts = targets.sum(axis=0)
    if counts_weighted and sample_weight is not None:
        counts = sample_weight @ targets
    tilted = targets * _factors(class_weight, counts)
    totals = tilted.sum(axis=1)
    # A row whose only classes weigh nothing counts for nothing, whatever it says.
    rows = np.divide(tilted, totals[:, None], out=targets.copy(), where=totals[:, None] > 0)
    return rows, totals if sample_weight is None else totals * sample_weight


def _factors(class_weight, counts):
    if isinstance(class_weight, str):
        return counts.sum() / (len(counts) * counts)
    return np.array([class_weight.get(k, 1.0) for k in range(len(counts))])


def any_labels(n_samples, n_classes):
    """Return labels that hold every class, for checks; the objective does not read them."""
    return np.arange(n_samples) % n_classes


def refuse_fit_params(estimator, fit_params):
    """Raise what Python raises where `fit` has no such keyword."""
    if fit_params:
        raise TypeError(
            f"{type(estimator).__name__}.fit() got an unexpected keyword argument "
            f"{next(iter(fit_params))!r}"
        )


def soft_moments(X, mass):
    """Return counts (k,), means (k, d) and variances (k, d) of each class.

    Parameters
    ----------
    X : ndarray of shape (n_samples, d)
        Inputs.
    mass : ndarray of shape (n_samples, k)
        How much each sample counts in each class.

    Returns
    -------
    tuple of ndarray
        Counts, means and (biased) variances.
    """
    counts = mass.sum(axis=0)
    center = X.mean(axis=0, dtype=np.float64)
    # Around the overall mean, little is lost when squares of means are taken away.
    centered = X - center
    means = mass.T @ centered / counts[:, None]
    centered **= 2
    variances = mass.T @ centered / counts[:, None] - means**2
    return counts, means + center, np.maximum(variances, 0)
