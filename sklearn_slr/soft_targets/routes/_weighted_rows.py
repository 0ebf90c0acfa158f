"""Route of classifiers that take `sample_weight`: each row is repeated once per class.

The weight of a copy is the probability of its class. The weighted log-loss of the copies is the
cross-entropy with the probability rows, so that the route is exact for any estimator that minimises
a sum over samples.
"""

import numbers

import numpy as np
from sklearn.ensemble import BaggingClassifier, GradientBoostingClassifier

from ...utils._sklearn import get_tags, index_method_params, safe_indexing
from ._class_weight import apply_class_weight
from ._fit_params import takes_weights


def handles(estimator, targets, sample_weight):
    """Whether `estimator` takes sample weights, and its rows can be repeated.

    An inner split for early stopping could put copies of a row into both sets.
    """
    return (
        targets.ndim == 2
        and takes_weights(estimator)
        and not get_tags(estimator).input_tags.pairwise
        and not holds_out_rows(estimator)
        and _passes_weights_on(estimator)
    )


def _passes_weights_on(estimator):
    """Whether the estimator inside, if any, takes weights too (bagging draws rows by weight)."""
    inner = getattr(estimator, "estimator", None)
    if inner is None or isinstance(estimator, BaggingClassifier) or not hasattr(inner, "fit"):
        return True
    return takes_weights(inner)


def holds_out_rows(estimator):
    """Whether `estimator.fit` holds out rows for early stopping."""
    params = estimator.get_params(deep=False)
    if isinstance(estimator, GradientBoostingClassifier):
        return estimator.n_iter_no_change is not None
    return params.get("early_stopping", False) not in (False, None)


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Fit on one weighted row for each sample and class of positive probability."""
    targets, sample_weight = _balance_classes(estimator, targets, sample_weight)
    rows, classes = np.nonzero(targets)
    weights = targets[rows, classes]
    if sample_weight is not None:
        weights = weights * sample_weight[rows]
    _keep_bootstrap_size(estimator, len(targets))
    fit_params = index_method_params(targets, fit_params, rows)
    estimator.fit(safe_indexing(X, rows), classes, **{**fit_params, "sample_weight": weights})
    return estimator


def _balance_classes(estimator, targets, sample_weight):
    """Balance classes by weight: many estimators would count copies and ignore their weights."""
    if estimator.get_params(deep=False).get("class_weight") != "balanced":
        return targets, sample_weight
    estimator.set_params(class_weight=None)
    return apply_class_weight(targets, sample_weight, "balanced")


def _keep_bootstrap_size(estimator, n_samples):
    """Make forests and bagging draw as many rows as from n samples, not from all copies."""
    params = estimator.get_params(deep=False)
    if "max_samples" not in params:
        return
    size = params["max_samples"]
    if params.get("bootstrap", True) is False and size is None:
        return
    if size is None:
        size = n_samples
    elif not isinstance(size, numbers.Integral):
        size = max(1, round(size * n_samples))
    estimator.set_params(max_samples=int(size))
