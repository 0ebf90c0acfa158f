"""Route of searches over parameters: each candidate learns from rows by its own route.

The search itself runs unchanged: it splits and scores by each row's most probable label. The
probability rows are a keyword of its `fit`, which it splits as it splits X.
"""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.metaestimators import available_if

from ...utils._sklearn import BaseSearchCV, get_tags, routing_enabled


def handles(estimator, targets, sample_weight):
    """Whether `estimator` is a search; with metadata routing, it gets weighted rows instead."""
    if targets.ndim == 1 or not isinstance(estimator, BaseSearchCV) or routing_enabled():
        return False
    return hasattr(estimator.estimator, "predict_proba")


def fit(estimator, X, targets, *, sample_weight, fit_params, seed, fit_targets):
    """Search with candidates that learn from probability rows by `fit_targets`."""
    given = estimator.estimator
    estimator.estimator = SoftCandidate(given, seed, fit_targets)
    rows = {"target_rows": targets}
    if sample_weight is not None:
        rows["row_weight"] = sample_weight
    try:
        estimator.fit(X, targets.argmax(axis=1), **rows, **fit_params)
    finally:
        estimator.estimator = given
    if hasattr(estimator, "best_estimator_"):
        estimator.best_estimator_ = estimator.best_estimator_.fitted_.model
    return estimator


class SoftCandidate(ClassifierMixin, BaseEstimator):
    """An estimator that learns from probability rows, with the parameters of the one inside.

    Parameters
    ----------
    estimator : estimator
        The candidate.
    seed : int
        Seed of its fit.
    fit_targets : callable
        The function that fits it.
    """

    def __init__(self, estimator, seed, fit_targets):
        self.estimator = estimator
        self.seed = seed
        self.fit_targets = fit_targets

    def __sklearn_clone__(self):
        return SoftCandidate(clone(self.estimator), self.seed, self.fit_targets)

    def get_params(self, deep=True):
        """Return the parameters of the estimator inside."""
        return self.estimator.get_params(deep=deep)

    def set_params(self, **params):
        """Set parameters of the estimator inside."""
        self.estimator.set_params(**params)
        return self

    def fit(self, X, y, target_rows, row_weight=None, **fit_params):
        """Fit to probability rows; only the scorers use `y`."""
        self.fitted_ = self.fit_targets(
            self.estimator,
            X,
            target_rows,
            sample_weight=row_weight,
            fit_params=fit_params,
            seed=self.seed,
        )
        return self

    @property
    def classes_(self):
        """Class indices, shape (n_classes,)."""
        return np.arange(self.fitted_.n_classes)

    def predict(self, X):
        """Predict class indices."""
        return self.fitted_.predict_codes(X)

    def predict_proba(self, X):
        """Predict probabilities."""
        return self.fitted_.predict(X)

    @available_if(lambda self: hasattr(self.estimator, "decision_function"))
    def decision_function(self, X):
        """Return the decision function of the fitted estimator."""
        return self.fitted_.decision_function(X)

    def __sklearn_tags__(self):
        return get_tags(self.estimator)
