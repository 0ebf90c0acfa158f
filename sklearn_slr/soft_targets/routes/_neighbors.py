"""Route of nearest neighbours: the mean of the neighbours' probability rows. Exact."""

import warnings

import numpy as np
from scipy import sparse
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier

from ...utils._sklearn import neighbor_weights
from .._fit_params import refuse_fit_params


def handles(estimator, targets, sample_weight):
    """Whether `estimator` predicts by votes of nearest neighbours."""
    return targets.ndim == 2 and type(estimator) in SOFT_CLASSES


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Store the inputs as the estimator does, and probability rows instead of labels."""
    refuse_fit_params(estimator, fit_params)
    params = estimator.get_params(deep=False)
    fitted = SOFT_CLASSES[type(estimator)](**params).fit(X, targets.argmax(axis=1))
    weights = np.ones(len(targets)) if sample_weight is None else sample_weight
    fitted.votes_ = targets * weights[:, None]
    fitted.classes_ = np.arange(targets.shape[1])
    if getattr(fitted, "outlier_label", None) == "most_frequent":
        fitted.outlier_label_ = [int(fitted.votes_.sum(axis=0).argmax())]
    return fitted


def count_votes(neighbors, weights, votes):
    """Sum the votes of neighbours.

    Parameters
    ----------
    neighbors : sequence of n_queries arrays of int
        Indices of each query's neighbours.
    weights : sequence of n_queries arrays or None
        Weights of each query's neighbours; None gives all neighbours the same weight.
    votes : ndarray of shape (n_samples, k)
        Weighted probability rows of the training samples.

    Returns
    -------
    ndarray of shape (n_queries, k)
        Rows that sum to 1, or to 0 if all neighbours of a query have weight 0.
    """
    ends = np.cumsum([0, *(len(found) for found in neighbors)])
    if ends[-1] == 0:
        return np.zeros((len(neighbors), votes.shape[1]))
    data = np.ones(ends[-1]) if weights is None else np.concatenate(list(weights))
    indices = np.concatenate(list(neighbors)).astype(np.intp, copy=False)
    shape = (len(neighbors), len(votes))
    # A sparse product saves memory: no array has a row for every neighbour of every query.
    counts = sparse.csr_array((data.astype(float), indices, ends), shape=shape) @ votes
    totals = counts.sum(axis=1, keepdims=True)
    return counts / np.where(totals > 0, totals, 1)


class SoftKNeighborsClassifier(KNeighborsClassifier):
    """KNeighborsClassifier whose neighbours vote with probability rows."""

    def predict_proba(self, X):
        """Return the mean of the neighbours' rows, shape (n_queries, n_classes)."""
        distances, neighbors = self.kneighbors(X)
        return count_votes(neighbors, neighbor_weights(distances, self.weights), self.votes_)

    def predict(self, X):
        """Return the class with the most votes, shape (n_queries,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class SoftRadiusNeighborsClassifier(RadiusNeighborsClassifier):
    """RadiusNeighborsClassifier whose neighbours vote with probability rows."""

    def predict_proba(self, X):
        """Return the mean of the neighbours' rows, shape (n_queries, n_classes)."""
        distances, neighbors = self.radius_neighbors(X)
        outliers = np.array([len(found) == 0 for found in neighbors], dtype=bool)
        if outliers.any() and self.outlier_label_ is None:
            raise ValueError(
                f"No neighbors found for test samples {np.flatnonzero(outliers).tolist()}: use a "
                "larger radius, or set outlier_label."
            )
        weights = neighbor_weights(distances, self.weights)
        proba = count_votes(neighbors, weights, self.votes_)
        if outliers.any():
            _vote_for_outliers(proba, outliers, self.classes_, self.outlier_label_[0])
        return proba

    def predict(self, X):
        """Return the class with the most votes, or the outlier label, shape (n_queries,)."""
        proba = self.predict_proba(X)
        predicted = self.classes_[proba.argmax(axis=1)]
        without_votes = ~proba.any(axis=1)
        if without_votes.any():
            predicted[without_votes] = self.outlier_label_[0]
        return predicted


def _vote_for_outliers(proba, outliers, classes, label):
    if label in classes:
        proba[np.ix_(outliers, classes == label)] = 1.0
    else:
        warnings.warn(
            f"Outlier label {label!r} is not in training classes. All class probabilities of "
            "outliers will be assigned with 0."
        )


SOFT_CLASSES = {
    KNeighborsClassifier: SoftKNeighborsClassifier,
    RadiusNeighborsClassifier: SoftRadiusNeighborsClassifier,
}
