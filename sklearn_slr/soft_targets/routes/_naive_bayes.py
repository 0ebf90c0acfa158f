"""Route of naive Bayes: weighted counts and moments. Exact.

Each sample counts in every class, by its probability there times its sample weight: these products
are the `weights` ``(n_samples, n_classes)`` below.
"""

import numpy as np
from sklearn.naive_bayes import (
    BernoulliNB,
    CategoricalNB,
    ComplementNB,
    GaussianNB,
    MultinomialNB,
)
from sklearn.utils.validation import validate_data

from .._fit_params import refuse_fit_params


def handles(estimator, targets, sample_weight):
    """Whether `estimator` is one of scikit-learn's naive Bayes classifiers."""
    return targets.ndim == 2 and type(estimator) in FITS


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Compute the statistics of each class from weighted samples."""
    estimator._validate_params()
    refuse_fit_params(estimator, fit_params)
    weights = targets if sample_weight is None else targets * sample_weight[:, None]
    estimator.classes_ = np.arange(weights.shape[1])
    FITS[type(estimator)](estimator, X, weights)
    return estimator


def _fit_discrete(estimator, X, weights):
    """Do what the estimator's `fit` does after it has binarised the labels."""
    X, _ = estimator._check_X_y(X, weights.argmax(axis=1))
    estimator._init_counters(weights.shape[1], X.shape[1])
    estimator._count(X, weights)
    estimator._update_feature_log_prob(estimator._check_alpha())
    estimator._update_class_log_prior(class_prior=estimator.class_prior)


def _fit_gaussian(estimator, X, weights):
    X = validate_data(estimator, X, dtype=[np.float64, np.float32])
    counts, means, variances = class_moments(X, weights)
    # As for labels, the smoothing of variances depends on the inputs alone.
    estimator.epsilon_ = estimator.var_smoothing * X.var(axis=0).max()
    estimator.class_count_ = counts
    estimator.theta_ = means
    estimator.var_ = variances + estimator.epsilon_
    estimator.class_prior_ = (
        counts / counts.sum() if estimator.priors is None else _check_priors(estimator, len(counts))
    )


def class_moments(X, weights):
    """Return counts (k,), means (k, d) and variances (k, d) of each class.

    Parameters
    ----------
    X : ndarray of shape (n_samples, d)
        Inputs.
    weights : ndarray of shape (n_samples, k)
        How much each sample counts in each class.

    Returns
    -------
    tuple of ndarray
        Counts, means and (biased) variances.
    """
    counts = weights.sum(axis=0)
    center = X.mean(axis=0, dtype=np.float64)
    # Centred inputs lose few digits when squares of means are subtracted.
    centered = X - center
    means = weights.T @ centered / counts[:, None]
    centered **= 2
    variances = weights.T @ centered / counts[:, None] - means**2
    return counts, means + center, np.maximum(variances, 0)


def _check_priors(estimator, n_classes):
    priors = np.asarray(estimator.priors, dtype=np.float64)
    if len(priors) != n_classes:
        raise ValueError("Number of priors must match number of classes.")
    if not np.isclose(priors.sum(), 1.0):
        raise ValueError("The sum of the priors should be 1.")
    if np.any(priors < 0):
        raise ValueError("Priors must be non-negative.")
    return priors


DISCRETE = (BernoulliNB, CategoricalNB, ComplementNB, MultinomialNB)
FITS = {GaussianNB: _fit_gaussian, **dict.fromkeys(DISCRETE, _fit_discrete)}
