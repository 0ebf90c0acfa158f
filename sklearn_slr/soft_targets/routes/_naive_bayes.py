"""Route of naive Bayes: soft counts and soft moments. Exact."""

import numpy as np
from sklearn.naive_bayes import (
    BernoulliNB,
    CategoricalNB,
    ComplementNB,
    GaussianNB,
    MultinomialNB,
)
from sklearn.utils.validation import validate_data

from ._row_weights import refuse_fit_params, soft_moments, weigh_rows

NAME = "naive_bayes"
DISCRETE = (BernoulliNB, CategoricalNB, ComplementNB, MultinomialNB)


def handles(estimator):
    """Whether `estimator` is one of scikit-learn's naive Bayes classifiers."""
    return type(estimator) is GaussianNB or type(estimator) in DISCRETE


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Count every sample in each class by its mass there."""
    estimator._validate_params()
    refuse_fit_params(estimator, fit_params)
    rows, weights = weigh_rows(targets, sample_weight)
    mass = rows if weights is None else rows * weights[:, None]
    estimator.classes_ = np.arange(mass.shape[1])
    if type(estimator) is GaussianNB:
        return _fit_gaussian(estimator, X, mass)
    return _fit_discrete(estimator, X, mass)


def _fit_discrete(estimator, X, mass):
    """Do what `fit` does once it has a matrix of binarised labels."""
    X, _ = estimator._check_X_y(X, mass.argmax(axis=1))
    estimator._init_counters(mass.shape[1], X.shape[1])
    estimator._count(X, mass)
    estimator._update_feature_log_prob(estimator._check_alpha())
    estimator._update_class_log_prior(class_prior=estimator.class_prior)
    return estimator


def _fit_gaussian(estimator, X, mass):
    X = validate_data(estimator, X, dtype=[np.float64, np.float32])
    counts, means, squares = soft_moments(X, mass)
    # The boost of variances is read off the inputs alone, as for labels.
    estimator.epsilon_ = estimator.var_smoothing * X.var(axis=0).max()
    estimator.class_count_ = counts
    estimator.theta_ = means
    estimator.var_ = squares + estimator.epsilon_
    estimator.class_prior_ = (
        counts / counts.sum() if estimator.priors is None else _check_priors(estimator, len(counts))
    )
    return estimator


def _check_priors(estimator, n_classes):
    priors = np.asarray(estimator.priors, dtype=np.float64)
    if len(priors) != n_classes:
        raise ValueError("Number of priors must match number of classes.")
    if not np.isclose(priors.sum(), 1.0):
        raise ValueError("The sum of the priors should be 1.")
    if np.any(priors < 0):
        raise ValueError("Priors must be non-negative.")
    return priors
