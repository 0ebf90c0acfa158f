"""Route of every other classifier: the mean of models fitted to drawn labels."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from ...utils._random import derive_seed, seed_estimator
from ...utils._sklearn import num_samples
from .._check_predictions import check_proba
from ._fit_params import add_weights

N_DRAWS = 5


def handles(estimator, targets, sample_weight):
    """Whether `estimator` is a probabilistic classifier: any can learn from drawn labels."""
    return targets.ndim == 2 and hasattr(estimator, "fit") and hasattr(estimator, "predict_proba")


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Fit `N_DRAWS` clones, each on one label per row, drawn from the row's distribution."""
    fit_params = add_weights(estimator, fit_params, sample_weight)
    cumulative = np.cumsum(targets, axis=1)
    members = []
    for draw in range(N_DRAWS):
        draw_seed = derive_seed(seed, draw)
        # One uniform number per row, mapped by the inverse of the row's distribution function.
        uniform = np.random.default_rng(draw_seed).random(len(targets))
        labels = (uniform[:, None] * cumulative[:, -1:] >= cumulative).sum(axis=1)
        classes, codes = np.unique(labels, return_inverse=True)
        member = seed_estimator(clone(estimator), draw_seed)
        member.fit(X, codes, **fit_params)
        members.append((classes, member))
    return LabelDraws(members, targets.shape[1])


class LabelDraws(ClassifierMixin, BaseEstimator):
    """Mean of classifiers fitted on drawn labels.

    Parameters
    ----------
    members : list of (ndarray, estimator)
        The drawn classes that a fitted estimator knows, and the estimator.
    n_classes : int
        Number of classes; they are 0..n_classes-1.
    """

    def __init__(self, members, n_classes):
        self.members = members
        self.n_classes = n_classes

    def __sklearn_is_fitted__(self):
        return True

    @property
    def classes_(self):
        """Class indices, shape (n_classes,)."""
        return np.arange(self.n_classes)

    def predict_proba(self, X):
        """Return the mean of the members' probabilities, shape (n_samples, n_classes)."""
        total = 0.0
        for classes, member in self.members:
            proba = member.predict_proba(X)
            proba = check_proba(proba, member, num_samples(X), len(classes))
            spread = np.zeros((len(proba), self.n_classes))
            spread[:, classes] = proba
            total = total + spread
        return total / len(self.members)

    def predict(self, X):
        """Return the most probable class index of each row, shape (n_samples,)."""
        return self.predict_proba(X).argmax(axis=1)
