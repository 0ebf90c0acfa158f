"""Route of LogisticRegression: the cross-entropy with the probability rows, by L-BFGS. Exact.

The targets enter the loss linearly, by their moments ``X.T @ targets``. These are computed once, so
that each step costs as much as a step on hard labels.
"""

import warnings

import numpy as np
from scipy import optimize, sparse
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import validate_data

from .._class_weight import apply_class_weight
from .._fit_params import refuse_fit_params

# Number of scores (rows x classes) in a block of rows: it stays in the CPU's cache.
BLOCK_ENTRIES = 8192


def handles(estimator, targets, sample_weight):
    """Whether `estimator` is a LogisticRegression whose objective is a plain sum over samples."""
    if targets.ndim == 1 or type(estimator) is not LogisticRegression or estimator.dual:
        return False
    # The solver liblinear penalises the intercept, and fits one class against the rest.
    if getattr(estimator, "multi_class", "deprecated") not in ("deprecated", "auto"):
        return False
    l1 = _penalties(estimator)[1]
    return estimator.solver == "saga" or (estimator.solver != "liblinear" and l1 == 0)


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Minimise the cross-entropy with the rows plus the estimator's penalty."""
    estimator._validate_params()
    refuse_fit_params(estimator, fit_params)
    X = validate_data(estimator, X, accept_sparse="csr", dtype=[np.float64, np.float32], order="C")
    rows, weights = apply_class_weight(targets, sample_weight, estimator.class_weight)
    n_classes = rows.shape[1]
    binary = n_classes == 2
    l2, l1 = _penalties(estimator)
    coef, n_iter = _minimise(
        X,
        rows[:, 1:] if binary else rows,
        np.ones(len(rows)) if weights is None else weights,
        l2=l2,
        l1=l1,
        intercept=estimator.fit_intercept,
        tol=estimator.tol,
        max_iter=estimator.max_iter,
    )
    coef = coef.astype(X.dtype, copy=False)
    estimator.classes_ = np.arange(n_classes)
    estimator.n_iter_ = np.array([n_iter], dtype=np.int32)
    estimator.coef_ = np.ascontiguousarray(coef[: X.shape[1]].T)
    estimator.intercept_ = (
        coef[-1].copy() if estimator.fit_intercept else np.zeros(coef.shape[1], X.dtype)
    )
    return estimator


def _penalties(estimator):
    """Return the strengths of the L2 and L1 penalties, by the old or the new parameters."""
    penalty, ratio = getattr(estimator, "penalty", "deprecated"), estimator.l1_ratio
    if penalty is None:
        return 0.0, 0.0
    ratio = {"l2": 0.0, "l1": 1.0}.get(penalty, ratio) or 0.0
    return (1 - ratio) / estimator.C, ratio / estimator.C


def _minimise(X, rows, weights, *, l2, l1, intercept, tol, max_iter):
    """Return coefficients (n_features [+ 1], k) and the number of iterations."""
    objective = _Objective(X, rows, weights, l2=l2, intercept=intercept)
    size = objective.n_coefs * rows.shape[1]
    start, function, bounds = np.zeros(size), objective, None
    if l1 > 0:
        # With positive and negative parts, each >= 0, the absolute value is linear.
        function = _split_objective(objective, l1 / weights.sum())
        start = np.zeros(2 * size)
        is_intercept = (np.arange(size) // rows.shape[1]) >= X.shape[1]
        bounds = [(None, None) if free else (0, None) for free in is_intercept]
        bounds += [(0, 0) if free else (0, None) for free in is_intercept]
    result = optimize.minimize(
        function,
        start,
        method="L-BFGS-B",
        jac=True,
        bounds=bounds,
        options={
            "maxiter": max_iter,
            "maxls": 50,
            "gtol": tol,
            "ftol": 64 * np.finfo(float).eps,
        },
    )
    if result.status != 0:
        warnings.warn(
            f"lbfgs failed to converge after {result.nit} iteration(s): {result.message}. "
            f"Increase max_iter (now {max_iter}), or scale the data.",
            ConvergenceWarning,
        )
    solution = result.x if l1 == 0 else result.x[:size] - result.x[size:]
    return solution.reshape(objective.n_coefs, -1), min(result.nit, max_iter)


def _split_objective(objective, l1):
    """Return the objective with an L1 penalty, as a function of positive and negative parts."""

    def function(parts):
        plus, minus = np.split(parts, 2)
        n_penalised = objective.n_features * objective.n_columns
        value, gradient = objective(plus - minus)
        gradients = np.concatenate([gradient, -gradient])
        penalised = np.tile(np.arange(len(plus)) < n_penalised, 2)
        gradients[penalised] += l1
        return value + l1 * parts[penalised].sum(), gradients

    return function


class _Objective:
    """Mean soft cross-entropy of a linear model, and its gradient.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        The inputs.
    rows : ndarray of shape (n_samples, k)
        Probability rows; one column, the second class, makes a binary problem.
    weights : ndarray of shape (n_samples,)
        Weights of the rows.
    l2 : float
        Strength of the L2 penalty, 1 / C.
    intercept : bool
        Whether the last coefficient of a class is an intercept, which is not penalised.
    """

    def __init__(self, X, rows, weights, *, l2, intercept):
        self.n_features, self.n_columns = X.shape[1], rows.shape[1]
        self.n_coefs = self.n_features + int(intercept)
        self.total, self.l2 = weights.sum(), l2 / weights.sum()
        weighted_rows = (rows * weights[:, None]).astype(X.dtype, copy=False)
        self.moments = self._compute_moments(X, weighted_rows) / self.total
        # A slice of a sparse matrix is a copy; a dense block is a view.
        block = max(256, min(2048, BLOCK_ENTRIES // self.n_columns))
        starts = [0] if sparse.issparse(X) else range(0, X.shape[0], block)
        stops = [X.shape[0]] if sparse.issparse(X) else [s + block for s in starts]
        weights = (weights / self.total).astype(X.dtype, copy=False)[:, None]
        self.blocks = [
            (X if sparse.issparse(X) else X[a:b], weights[a:b])
            for a, b in zip(starts, stops, strict=True)
        ]
        self.dtype = X.dtype

    def __call__(self, flat):
        coefs = flat.reshape(self.n_coefs, self.n_columns)
        gradient, value = -self.moments, -np.vdot(coefs, self.moments)
        single = coefs.astype(self.dtype, copy=False)
        for X, weights in self.blocks:
            scores = X @ single[: self.n_features]
            if self.n_coefs > self.n_features:
                scores += single[-1]
            log_partition, proba = _log_partition(scores, weights)
            value += log_partition
            gradient += self._compute_moments(X, proba)
        penalised = coefs[: self.n_features]
        gradient[: self.n_features] += self.l2 * penalised
        return value + 0.5 * self.l2 * np.vdot(penalised, penalised), gradient.ravel()

    def _compute_moments(self, X, rows):
        moments = np.empty((self.n_coefs, self.n_columns))
        moments[: self.n_features] = X.T @ rows
        if self.n_coefs > self.n_features:
            moments[-1] = rows.sum(axis=0)
        return moments


def _log_partition(scores, weights):
    """Return the weighted sum of log partition functions, and the weighted probabilities.

    These are the gradient. They overwrite the scores.
    """
    if scores.shape[1] == 1:
        return float(np.vdot(weights, np.logaddexp(0, scores))), expit(scores) * weights
    highest = scores.max(axis=1, keepdims=True)
    scores -= highest
    np.exp(scores, out=scores)
    totals = scores.sum(axis=1, keepdims=True)
    scores *= weights / totals
    return float(np.vdot(weights, np.log(totals) + highest)), scores
