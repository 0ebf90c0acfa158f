"""Probabilities of grades, given scores: an ordered logit of out-of-fold scores.

It is Platt's calibration for more than two classes: P(grade > g) is a logistic function of the
score whose slope is the same for every g. Hence rows are on the simplex by construction, and
higher scores never make higher grades less likely.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

# Share of the likelihood that goes to one mean-scored row of every grade: keeps grades without
# a row possible, and the slope of separable grades finite.
_PRIOR = 1e-3
_MOST_STEPS = 200


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


def fit_grade_model(scores, codes, n_grades, sample_weight=None, *, unit=1.0):
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
    unit : float, default=1.0
        What brings the grades to a magnitude of about 1.

    Returns
    -------
    GradeModel
        The probabilities that maximise the likelihood; the problem is convex.
    """
    weight = np.ones(len(scores)) if sample_weight is None else sample_weight
    used = weight > 0
    scores, codes, weight = scores[used] * unit, codes[used], weight[used] / weight[used].sum()
    center = float(weight @ scores)
    scale = float(np.sqrt(weight @ (scores - center) ** 2))
    # Scores that differ by rounding alone say nothing about grades.
    scale = scale if scale > 1e-12 * max(1.0, abs(center)) else np.inf
    standard = np.concatenate([(scores - center) / scale, np.zeros(n_grades)])
    codes = np.concatenate([codes, np.arange(n_grades)])
    weight = np.concatenate([(1 - _PRIOR) * weight, np.full(n_grades, _PRIOR / n_grades)])
    shares = np.bincount(codes, weights=weight)
    ignorant = np.append(logit(np.cumsum(shares)[:-1]), 0.0)
    found = _newton(ignorant, standard, codes, weight)
    # The problem is convex: where the best slope is negative, the best one >= 0 is 0.
    found = found if found[-1] > 0 else ignorant
    return GradeModel(center / unit, scale / unit, float(found[-1]), found[:-1])


def _newton(parameters, standard, codes, weight):
    """Minimise the log-loss in (intercepts, slope) by Newton's method with shortened steps."""
    value, gradient, hessian = _log_loss(parameters, standard, codes, weight)
    for _ in range(_MOST_STEPS):
        step = np.linalg.solve(hessian, -gradient)
        descent = -gradient @ step
        length = 1.0
        while length > 1e-10:
            trial = parameters + length * step
            if np.all(np.diff(trial[:-1]) > 0):
                found = _log_loss(trial, standard, codes, weight)
                if found[0] <= value - 1e-4 * length * descent + 1e-15:
                    break
            length /= 2
        else:
            break
        parameters, (value, gradient, hessian) = trial, found
        if descent < 1e-18:
            break
    return parameters


def _log_loss(parameters, standard, codes, weight):
    """Return the mean log-loss, its gradient and its Hessian in (intercepts, slope)."""
    edges = np.concatenate([[-np.inf], parameters[:-1], [np.inf]])
    lower = edges[codes] - parameters[-1] * standard
    upper = edges[codes + 1] - parameters[-1] * standard
    mass = np.maximum(_mass_between(lower, upper), 1e-300)
    # Derivatives of log(mass) by its lower and its upper end; all are 0 at infinite ends.
    by_lower = -expit(lower) * expit(-lower) / mass
    by_upper = expit(upper) * expit(-upper) / mass
    curve_lower = weight * (by_lower**2 - by_lower * (expit(-lower) - expit(lower)))
    curve_upper = weight * (by_upper**2 - by_upper * (expit(-upper) - expit(upper)))
    curve_both = weight * by_lower * by_upper

    def by_edge(at_lower, at_upper):
        below = np.bincount(codes, at_lower, len(edges))
        return (below + np.bincount(codes + 1, at_upper, len(edges)))[1:-1]

    gradient = np.append(
        by_edge(-weight * by_lower, -weight * by_upper),
        (weight * standard) @ (by_lower + by_upper),
    )
    hessian = np.zeros((len(gradient), len(gradient)))
    hessian[:-1, :-1] = np.diag(by_edge(curve_lower, curve_upper))
    beside = np.bincount(codes, curve_both, len(edges) - 1)[1:-1]
    rows = np.arange(len(beside))
    hessian[rows, rows + 1] = hessian[rows + 1, rows] = beside
    hessian[-1, :-1] = hessian[:-1, -1] = -by_edge(
        standard * (curve_lower + curve_both), standard * (curve_upper + curve_both)
    )
    hessian[-1, -1] = standard**2 @ (curve_lower + 2 * curve_both + curve_upper) + 1e-12
    return -weight @ np.log(mass), gradient, hessian


def _mass_between(lower, upper):
    """Return expit(upper) - expit(lower), without cancellation where both are near 1."""
    flip = np.maximum(lower, -1e300) + np.minimum(upper, 1e300) > 0
    low, high = np.where(flip, -upper, lower), np.where(flip, -lower, upper)
    return expit(high) - expit(low)
