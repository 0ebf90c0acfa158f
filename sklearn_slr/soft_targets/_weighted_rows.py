"""Route of classifiers that take `sample_weight`: every row once a class, weighted by its mass.

The weighted log-loss of the repeated rows is the cross-entropy with the probability rows, so the
route is exact for whatever minimises a sum over samples.
"""

import numbers

import numpy as np

from ..utils._sklearn import get_tags, index_method_params, safe_indexing
from ._hard import takes_weights

NAME = "weighted_rows"


def handles(estimator):
    """Whether `estimator` takes sample weights, and samples one by one."""
    return takes_weights(estimator) and not get_tags(estimator).input_tags.pairwise


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Fit on one weighted row for every (sample, class) of positive mass."""
    rows, classes = np.nonzero(targets)
    weights = targets[rows, classes]
    if sample_weight is not None:
        weights = weights * sample_weight[rows]
    _keep_bootstrap_size(estimator, len(targets))
    fit_params = index_method_params(targets, fit_params, rows)
    return estimator.fit(
        safe_indexing(X, rows), classes, **{**fit_params, "sample_weight": weights}
    )


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
