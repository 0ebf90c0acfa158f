"""Route of classifiers that take `sample_weight`: every row once a class, weighted by its mass.

The weighted log-loss of the repeated rows is the cross-entropy with the probability rows, so the
route is exact for whatever minimises a sum over samples.
"""

import numbers

import numpy as np
from sklearn.ensemble import BaggingClassifier, GradientBoostingClassifier

from ...utils._sklearn import get_tags, index_method_params, safe_indexing
from ._hard import takes_weights
from ._row_weights import weigh_rows

NAME = "weighted_rows"


def handles(estimator):
    """Whether `estimator` takes sample weights, and samples one by one.

    Copies of a row would be on both sides of an inner split for early stopping.
    """
    return (
        takes_weights(estimator)
        and not get_tags(estimator).input_tags.pairwise
        and not holds_out(estimator)
        and _passes_weights_on(estimator)
    )


def _passes_weights_on(estimator):
    """Whether the estimator inside, if any, learns by weights too, drawn or taken."""
    inner = getattr(estimator, "estimator", None)
    if inner is None or isinstance(estimator, BaggingClassifier) or not hasattr(inner, "fit"):
        return True
    return takes_weights(inner)


def holds_out(estimator):
    """Whether `estimator.fit` keeps rows back to know when to stop."""
    params = estimator.get_params(deep=False)
    if isinstance(estimator, GradientBoostingClassifier):
        return estimator.n_iter_no_change is not None
    return params.get("early_stopping", False) not in (False, None)


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Fit on one weighted row for every (sample, class) of positive mass."""
    targets, sample_weight = _balance(estimator, targets, sample_weight)
    rows, classes = np.nonzero(targets)
    weights = targets[rows, classes]
    if sample_weight is not None:
        weights = weights * sample_weight[rows]
    _keep_bootstrap_size(estimator, len(targets))
    fit_params = index_method_params(targets, fit_params, rows)
    estimator.fit(safe_indexing(X, rows), classes, **{**fit_params, "sample_weight": weights})
    return estimator


def _balance(estimator, targets, sample_weight):
    """Balance classes by their mass: many estimators would count copies, whatever they weigh."""
    if estimator.get_params(deep=False).get("class_weight") != "balanced":
        return targets, sample_weight
    estimator.set_params(class_weight=None)
    return weigh_rows(targets, sample_weight, "balanced")


def _keep_bootstrap_size(estimator, n_samples):
    """Make forests and bagging draw from n samples, not from as many as there are copies."""
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
