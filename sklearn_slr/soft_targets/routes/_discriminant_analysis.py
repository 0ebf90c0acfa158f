"""Route of linear and quadratic discriminant analysis: weighted moments. Exact.

Each sample counts in every class, by its probability there times its sample weight: these products
are the `weights` ``(n_samples, n_classes)`` below.
"""

import numbers
import warnings

import numpy as np
from scipy import linalg
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.utils.validation import validate_data

from ...utils._sklearn import SCATTER_BY_FREEDOM
from .._fit_params import refuse_fit_params


def handles(estimator, targets, sample_weight):
    """Whether `estimator` uses weighted covariances, with a fixed shrinkage at most."""
    shrinkage = getattr(estimator, "shrinkage", None)
    return (
        targets.ndim == 2
        and type(estimator) in FITS
        and getattr(estimator, "covariance_estimator", None) is None
        and (shrinkage is None or isinstance(shrinkage, numbers.Real))
        and not (shrinkage is not None and getattr(estimator, "solver", "svd") == "svd")
    )


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Compute priors and means of the classes, then what the kind of analysis needs."""
    estimator._validate_params()
    refuse_fit_params(estimator, fit_params)
    weights = targets if sample_weight is None else targets * sample_weight[:, None]
    X = validate_data(estimator, X, ensure_min_samples=2, dtype=[np.float64, np.float32])
    counts = weights.sum(axis=0)
    estimator.classes_ = np.arange(len(counts))
    estimator.priors_ = _check_priors(estimator, counts)
    estimator.means_ = weights.T @ X / counts[:, None]
    FITS[type(estimator)](estimator, X, weights)
    return estimator


def _check_priors(estimator, counts):
    if estimator.priors is None:
        return counts / counts.sum()
    priors = np.asarray(estimator.priors, dtype=np.float64)
    if np.any(priors < 0):
        raise ValueError("priors must be non-negative")
    if abs(priors.sum() - 1) > 1e-5:
        warnings.warn("The priors do not sum to 1. Renormalizing", UserWarning)
        priors = priors / priors.sum()
    return priors


def _covariance(X, weights, shrinkage=None):
    """Return the covariance of rows with weights (n_samples,), shrunk towards a sphere."""
    used = np.flatnonzero(weights)
    if len(used) < len(X):
        X, weights = X[used], weights[used]
    weights = weights / weights.sum()
    centered = X - weights @ X
    centered *= np.sqrt(weights)[:, None]
    return _shrink(centered.T @ centered, shrinkage)


def _shrink(covariance, shrinkage):
    if not shrinkage:
        return covariance
    sphere = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    return (1 - shrinkage) * covariance + shrinkage * sphere


def _scatter_scale(total, n_means):
    """Return the factor of mean squares for solver="svd", in this version of scikit-learn."""
    # There is no unbiased estimate if the total weight is not above the number of means.
    return total / (total - n_means) if SCATTER_BY_FREEDOM and total > n_means else 1.0


def _within_covariance(X, weights, means, priors):
    """Return the mean of the classes' covariances, weighted by `priors`."""
    center = X.mean(axis=0)
    centered, means = X - center, means - center
    weights = weights @ (priors / weights.sum(axis=0))
    centered *= np.sqrt(weights)[:, None]
    return centered.T @ centered - (means.T * priors) @ means


def _fit_linear(lda, X, weights):
    n_classes, n_features = lda.means_.shape
    limit = min(n_classes - 1, n_features)
    lda._max_components = limit if lda.n_components is None else lda.n_components
    if lda._max_components > limit:
        raise ValueError("n_components cannot be larger than min(n_features, n_classes - 1).")
    lda._n_features_out = lda._max_components
    SOLVERS[lda.solver](lda, X, weights)
    if n_classes == 2:
        lda.coef_ = np.diff(lda.coef_, axis=0)
        lda.intercept_ = np.diff(lda.intercept_)
    lda.coef_ = lda.coef_.astype(X.dtype, copy=False)
    lda.intercept_ = lda.intercept_.astype(X.dtype, copy=False)


def _set_covariance(lda, X, weights):
    covariance = _within_covariance(X, weights, lda.means_, lda.priors_)
    lda.covariance_ = _shrink(covariance, lda.shrinkage)


def _set_intercept(lda):
    lda.intercept_ = -0.5 * (lda.means_ * lda.coef_).sum(axis=1) + np.log(lda.priors_)


def _solve_lsqr(lda, X, weights):
    """Solve a least squares problem for the coefficients."""
    _set_covariance(lda, X, weights)
    lda.coef_ = linalg.lstsq(lda.covariance_, lda.means_.T)[0].T
    _set_intercept(lda)


def _solve_eigen(lda, X, weights):
    """Maximise the Rayleigh quotient of the scatter between classes to that within."""
    _set_covariance(lda, X, weights)
    total = _covariance(X, weights.sum(axis=1), lda.shrinkage)
    values, vectors = linalg.eigh(total - lda.covariance_, lda.covariance_)
    order = np.argsort(values)[::-1]
    values = values[order]
    lda.explained_variance_ratio_ = (values / values.sum())[: lda._max_components]
    lda.scalings_ = vectors[:, order]
    lda.coef_ = lda.means_ @ lda.scalings_ @ lda.scalings_.T
    _set_intercept(lda)


def _solve_svd(lda, X, weights):
    """Whiten the scatter within classes, then rotate to the axes of the class means.

    scikit-learn decomposes the centred rows; the eigenvalues of their scatter are the squares of
    the singular values.
    """
    counts = weights.sum(axis=0)
    within = _within_covariance(X, weights, lda.means_, counts / counts.sum())
    if lda.store_covariance:
        lda.covariance_ = _within_covariance(X, weights, lda.means_, lda.priors_)
    lda.xbar_ = lda.priors_ @ lda.means_
    std = np.sqrt(np.maximum(np.diag(within), 0))
    std[std == 0] = 1.0
    scale = _scatter_scale(counts.sum(), len(counts))
    values, vectors = linalg.eigh(scale * within / np.outer(std, std))
    kept = np.flatnonzero(values > lda.tol**2)[::-1]
    whitening = vectors[:, kept] / std[:, None] / np.sqrt(values[kept])
    between = np.sqrt(lda.priors_)[:, None] * (lda.means_ - lda.xbar_)
    _, spread, axes = linalg.svd(between @ whitening, full_matrices=False)
    lda.explained_variance_ratio_ = (spread**2 / (spread**2).sum())[: lda._max_components]
    rank = np.count_nonzero(spread > lda.tol * spread[0])
    lda.scalings_ = whitening @ axes.T[:, :rank]
    coef = (lda.means_ - lda.xbar_) @ lda.scalings_
    lda.coef_ = coef @ lda.scalings_.T
    lda.intercept_ = -0.5 * (coef**2).sum(axis=1) + np.log(lda.priors_) - lda.coef_ @ lda.xbar_


def _fit_quadratic(qda, X, weights):
    shrinkage = getattr(qda, "shrinkage", None)
    qda.scalings_, qda.rotations_ = [], []
    covariances = []
    for k in range(weights.shape[1]):
        values, vectors = linalg.eigh(_covariance(X, weights[:, k], shrinkage))
        values, vectors = values[::-1], vectors[:, ::-1]
        if getattr(qda, "solver", "svd") == "svd":
            values = values * _scatter_scale(weights[:, k].sum(), 1)
            values = (1 - qda.reg_param) * values + qda.reg_param
        if np.any(values <= qda.tol):
            raise linalg.LinAlgError(
                f"The covariance matrix of class {k} is not full rank: raise reg_param (or the "
                "shrinkage of solver='eigen'), or drop collinear features."
            )
        qda.scalings_.append(values)
        qda.rotations_.append(vectors)
        covariances.append((vectors * values) @ vectors.T)
    if qda.store_covariance:
        qda.covariance_ = covariances


FITS = {
    LinearDiscriminantAnalysis: _fit_linear,
    QuadraticDiscriminantAnalysis: _fit_quadratic,
}
SOLVERS = {"svd": _solve_svd, "lsqr": _solve_lsqr, "eigen": _solve_eigen}
