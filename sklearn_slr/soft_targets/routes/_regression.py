"""Route of regressors: their own fit on numbers."""

from .._fit_params import add_weights


def handles(estimator, targets, sample_weight):
    """Whether the targets are numbers."""
    return targets.ndim == 1


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Fit on numbers (n_samples,)."""
    estimator.fit(X, targets, **add_weights(estimator, fit_params, sample_weight))
    return estimator  # some estimators' `fit` does not return `self`
