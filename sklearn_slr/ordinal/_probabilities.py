"""Probabilities of grades, given scores: an ordered logit of out-of-fold scores.

It is Platt's calibration for more than two classes: P(grade > g) is a logistic function of the
score whose slope is the same for every g. Hence rows are on the simplex by construction, and
higher scores never make higher grades less likely.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

# Smallest distance of neighbouring intercepts, so that every grade keeps some probability.
_SMALLEST_STEP = 1e-6
# Weight of slope**2 against the mean log-loss: keeps separable grades from an infinite slope.
_PENALTY = 1e-6


@dataclass(frozen=True)
class GradeModel:
    """Probabilities of grades, given scores.

    Parameters
    ----------
    center, scale : float
        What scores are standardised by.
    slope : float
        Slope of the standardised score, >= 0.
    intercepts : ndarray of shape (n_grades - 1,)
        Ascending: P(grade <= g) = expit(intercepts[g] - slope * score).
    """

    center: float
    scale: float
    slope: float
    intercepts: np.ndarray

    def predict(self, scores):
        """Return the probabilities of the grades, shape (n_samples, n_grades)."""
        standard = (scores - self.center) / self.scale
        logits = self.intercepts - self.slope * standard[:, None]
        lowest, highest = np.full((len(scores), 1), -np.inf), np.full((len(scores), 1), np.inf)
        proba = _mass_between(
            np.hstack([lowest, logits]),
            np.hstack([logits, highest]),
        )
        return proba / proba.sum(axis=1, keepdims=True)


def fit_grade_model(scores, codes, n_grades, sample_weight=None):
    """Fit the probabilities of grades on scores of models that have not seen the rows.

    Parameters
    ----------
    scores : ndarray of shape (n_samples,)
        Out-of-fold scores.
    codes : ndarray of int of shape (n_samples,)
        Index of each row's grade.
    n_grades : int
        Number of grades, at least 2; one without a row keeps a small probability.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weights >= 0, not all zero.

    Returns
    -------
    GradeModel
        The probabilities that maximise the likelihood; the problem is convex.
    """
    weight = np.ones(len(scores)) if sample_weight is None else sample_weight
    used = weight > 0
    scores, codes, weight = scores[used], codes[used], weight[used] / weight[used].sum()
    center = float(weight @ scores)
    scale = float(np.sqrt(weight @ (scores - center) ** 2))
    # Scores that differ by rounding alone say nothing about grades.
    scale = scale if scale > 1e-12 * max(1.0, abs(center)) else np.inf
    standard = (scores - center) / scale
    shares = np.bincount(codes, weights=weight, minlength=n_grades) + 0.5 / len(scores)
    start = logit(np.cumsum(shares / shares.sum())[:-1])
    steps = np.maximum(np.diff(start), _SMALLEST_STEP)
    found = minimize(
        _log_loss,
        np.concatenate([start[:1], steps, [1.0]]),
        args=(standard, codes, weight),
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None)] + [(_SMALLEST_STEP, None)] * (n_grades - 2) + [(0.0, None)],
        options={"maxiter": 500},
    )
    return GradeModel(center, scale, float(found.x[-1]), np.cumsum(found.x[:-1]))


def _log_loss(parameters, standard, codes, weight):
    """Return mean log-loss and its gradient in (first intercept, steps, slope)."""
    intercepts, slope = np.cumsum(parameters[:-1]), parameters[-1]
    edges = np.concatenate([[-np.inf], intercepts, [np.inf]])
    lower = edges[codes] - slope * standard
    upper = edges[codes + 1] - slope * standard
    mass = np.maximum(_mass_between(lower, upper), 1e-300)
    # Derivatives of -log(mass) by its upper and its lower end; 0 at infinite ends.
    by_upper = -weight * expit(upper) * expit(-upper) / mass
    by_lower = weight * expit(lower) * expit(-lower) / mass
    n_edges = len(edges)
    by_edge = np.bincount(codes, by_lower, n_edges) + np.bincount(codes + 1, by_upper, n_edges)
    # A step moves its intercept and all later ones.
    by_step = np.cumsum(by_edge[1:-1][::-1])[::-1]
    by_slope = -standard @ (by_lower + by_upper) + 2 * _PENALTY * slope
    value = -weight @ np.log(mass) + _PENALTY * slope**2
    return value, np.concatenate([by_step, [by_slope]])


def _mass_between(lower, upper):
    """Return expit(upper) - expit(lower), without cancellation where both are near 1."""
    flip = np.maximum(lower, -1e300) + np.minimum(upper, 1e300) > 0
    low, high = np.where(flip, -upper, lower), np.where(flip, -lower, upper)
    return expit(high) - expit(low)
