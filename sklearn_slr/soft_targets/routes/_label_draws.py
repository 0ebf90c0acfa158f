"""Route of every other classifier: the mean of models fitted to drawn labels."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from ...utils._label_parameters import rename_labels
from ...utils._random import derive_seed, seed_estimator
from ...utils._sklearn import get_tags, num_samples
from .._check_predictions import check_proba
from ._fit_params import add_weights

N_DRAWS = 5


def handles(estimator, targets, sample_weight):
    """Whether `estimator` is a probabilistic classifier: any can learn from drawn labels."""
    return targets.ndim == 2 and hasattr(estimator, "fit") and hasattr(estimator, "predict_proba")


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Fit clones, each on one label per row, drawn from the row's distribution.

    Of draws that are all the same, as rows without much doubt give them, one is fitted.
    """
    fit_params = add_weights(estimator, fit_params, sample_weight)
    draws = {}
    for draw in range(N_DRAWS):
        draw_seed = derive_seed(seed, draw)
        labels = _draw_labels(targets, draw_seed)
        draws.setdefault(labels.tobytes(), []).append((labels, draw_seed))
    members = []
    for same in draws.values():
        labels, draw_seed = same[0]
        classes, codes = np.unique(labels, return_inverse=True)
        member = seed_estimator(clone(estimator), draw_seed)
        if len(classes) < targets.shape[1]:
            rename_labels(member, classes, targets.shape[1])
        member.fit(X, codes, **fit_params)
        members += [(classes, member)] * len(same)
    return LabelDraws(members, targets.shape[1])


def _draw_labels(targets, seed):
    """Map one uniform number per row by the inverse of the row's distribution function."""
    cumulative = np.cumsum(targets, axis=1)
    uniform = np.random.default_rng(seed).random(len(targets))
    return (uniform[:, None] * cumulative[:, -1:] >= cumulative).sum(axis=1)


class LabelDraws(ClassifierMixin, BaseEstimator):
    """Mean of classifiers fitted on drawn labels.

    Parameters
    ----------
    members : list of (ndarray, estimator)
        The drawn classes that a fitted estimator knows, and the estimator. One that stands for
        several draws is in the list as often.
    n_classes : int
        Number of classes; they are 0..n_classes-1.
    """

    def __init__(self, members, n_classes):
        self.members = members
        self.n_classes = n_classes

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        return get_tags(self.members[0][1])

    def fit(self, X, y):
        """Return self, as the members are fitted; a Pipeline requires the method."""
        return self

    @property
    def classes_(self):
        """Class indices, shape (n_classes,)."""
        return np.arange(self.n_classes)

    def predict_proba(self, X):
        """Return the mean of the members' probabilities, shape (n_samples, n_classes)."""
        total, last = 0.0, None
        for classes, member in self.members:
            if member is not last:
                spread = self._predict_member(classes, member, X)
            total, last = total + spread, member
        return total / len(self.members)

    def _predict_member(self, classes, member, X):
        proba = check_proba(member.predict_proba(X), member, num_samples(X), len(classes))
        spread = np.zeros((len(proba), self.n_classes))
        spread[:, classes] = proba
        return spread

    def predict(self, X):
        """Return the most probable class index of each row, shape (n_samples,)."""
        return self.predict_proba(X).argmax(axis=1)
