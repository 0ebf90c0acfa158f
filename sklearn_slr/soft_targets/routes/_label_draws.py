"""Route of every other classifier: the mean of models fitted to drawn labels."""

import numbers

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.utils.metaestimators import available_if

from ...utils._label_keywords import encode_label_keywords
from ...utils._label_parameters import rename_labels
from ...utils._random import derive_seed, seed_estimator
from ...utils._sklearn import get_tags, num_samples
from .._check_predictions import check_codes, check_proba
from .._fit_params import add_weights, takes_weights

N_DRAWS = 5


def handles(estimator, targets, sample_weight):
    """Whether `estimator` is a classifier: any can learn from drawn labels.

    Those without probabilities, as members of stacking, have to take weights.
    """
    if targets.ndim == 1 or not hasattr(estimator, "fit"):
        return False
    weighted = is_classifier(estimator) and takes_weights(estimator)
    return weighted or hasattr(estimator, "predict_proba")


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Fit clones, each on one label per row, drawn from the row's distribution.

    Of draws that are all the same, as rows without much doubt give them, one is fitted.
    """
    draws, needed = {}, _count_needed_rows(estimator)
    for draw in range(N_DRAWS):
        draw_seed = derive_seed(seed, draw)
        labels = _replace_rare(_draw_labels(targets, draw_seed), targets, needed)
        draws.setdefault(labels.tobytes(), []).append((labels, draw_seed))
    members = []
    for same in draws.values():
        labels, draw_seed = same[0]
        classes, codes = np.unique(labels, return_inverse=True)
        member, keywords = seed_estimator(clone(estimator), draw_seed), fit_params
        if len(classes) < targets.shape[1]:
            rename_labels(member, classes, targets.shape[1])
            keywords = encode_label_keywords(fit_params, classes, targets.shape[1])
        weight = None if sample_weight is None else sample_weight.copy()  # some write into it
        member.fit(X, codes, **add_weights(member, keywords, weight))
        members += [(classes, member)] * len(same)
    return LabelDraws(members, targets.shape[1])


def _draw_labels(targets, seed):
    """Map one uniform number per row by the inverse of the row's distribution function."""
    cumulative = np.cumsum(targets, axis=1)
    uniform = np.random.default_rng(seed).random(len(targets))
    return (uniform[:, None] * cumulative[:, -1:] >= cumulative).sum(axis=1)


def _count_needed_rows(estimator):
    """Return the number of rows of a class that inner stratified splits and samplers require."""
    params = estimator.get_params(deep=True) if hasattr(estimator, "get_params") else {}
    needed = [1]
    for name, value in params.items():
        match name.rpartition("__")[2]:
            case "cv":
                needed.append(5 if value is None else value)  # 5 is scikit-learn's default
            case "k_neighbors" if isinstance(value, numbers.Integral):
                needed.append(value + 1)  # SMOTE's neighbours of a row, beside the row itself
    return max(value for value in needed if isinstance(value, numbers.Integral))


def _replace_rare(labels, targets, needed):
    """Keep two classes or more, and only those with as many rows as needed."""
    enough = np.bincount(labels, minlength=targets.shape[1]) >= needed
    if enough.sum() < 2:
        # The likeliest of the other classes gets the rows that are likeliest to be of it.
        second = np.where(enough, -1.0, targets.sum(axis=0)).argmax()
        labels[np.argsort(-targets[:, second], kind="stable")[:needed]] = second
        enough[second] = True
    rare = ~enough[labels]
    labels[rare] = np.where(enough, targets[rare], -1.0).argmax(axis=1)
    return labels


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

    @available_if(lambda self: self._all_have("predict_proba"))
    def predict_proba(self, X):
        """Return the mean of the members' probabilities, shape (n_samples, n_classes)."""
        return np.mean(self._call_members(self._predict_proba, X), axis=0)

    @available_if(lambda self: self._all_have("decision_function"))
    def decision_function(self, X):
        """Return the mean of the members' scores, in the shape that the members give them."""
        return np.mean(self._call_members(self._compute_scores, X), axis=0)

    def predict(self, X):
        """Return a class index for each row, shape (n_samples,).

        It is the most probable one. Rows where a member does not predict its own most probable
        class, as those with a threshold, go by the members' votes.
        """
        codes = np.array(self._call_members(self._predict_codes, X))
        votes = np.eye(self.n_classes)[codes].sum(axis=0)
        if not self._all_have("predict_proba"):
            return votes.argmax(axis=1)
        probas = np.array(self._call_members(self._predict_proba, X))
        proba = probas.mean(axis=0)
        follows = (probas.argmax(axis=2) == codes).all(axis=0)
        return np.where(follows, proba.argmax(axis=1), (votes + proba / 2).argmax(axis=1))

    def _all_have(self, method):
        return all(hasattr(member, method) for _, member in self.members)

    def _call_members(self, function, X):
        """Return what `function` returns for each member, called once for the same member."""
        results = {}
        for classes, member in self.members:
            if id(member) not in results:
                results[id(member)] = function(classes, member, X)
        return [results[id(member)] for _, member in self.members]

    def _predict_proba(self, classes, member, X):
        proba = check_proba(member.predict_proba(X), member, num_samples(X), len(classes))
        spread = np.zeros((len(proba), self.n_classes))
        spread[:, classes] = proba
        return spread

    def _predict_codes(self, classes, member, X):
        return classes[check_codes(member.predict(X), member, num_samples(X), len(classes))]

    def _compute_scores(self, classes, member, X):
        scores = np.asarray(member.decision_function(X), dtype=np.float64)
        if len(classes) == self.n_classes:
            return scores
        if scores.ndim == 1:
            scores = np.column_stack([-scores, scores])
        # A class that was not drawn has the lowest score of the row: others may average it.
        spread = np.repeat(scores.min(axis=1, keepdims=True), self.n_classes, axis=1)
        spread[:, classes] = scores
        return spread
