"""Route of labels without doubt: the estimator's own fit on class indices."""

import numpy as np

from .._fit_params import add_weights, takes_weights


def handles(estimator, targets, sample_weight):
    """Whether all probabilities are 0 or 1, and the estimator takes the weights, if any.

    If the estimator does not take them, another route may still use them.
    """
    if targets.ndim == 1 or not np.all((targets == 0) | (targets == 1)):
        return False
    return sample_weight is None or takes_weights(estimator)


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Fit on class indices."""
    fit_params = add_weights(estimator, fit_params, sample_weight)
    estimator.fit(X, targets.argmax(axis=1), **fit_params)
    return estimator  # some estimators' `fit` does not return `self`
