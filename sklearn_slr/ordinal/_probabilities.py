"""Probabilities of grades, given scores: an ordered logit of out-of-fold scores.

It extends Platt's calibration to more than two classes: P(grade > g) is a logistic function of
the score, with the same slope for every g. So each row of probabilities is non-negative and sums
to 1, and a higher score never makes a higher grade less likely.
"""

import numpy as np
from scipy.special import expit, logit

# Share of the likelihood that goes to one pseudo-row per grade, at the mean score. It keeps
# grades without a row possible, and the slope of separable grades finite.
_PRIOR_SHARE = 1e-3
_MAX_STEPS = 200


def fit_ordered_logit(scores, codes, n_grades, sample_weight=None, *, unit=1.0):
    """Fit an ordered logit to scores of models that were not trained on these rows.

    Parameters
    ----------
    scores : ndarray of shape (n_samples,)
        Out-of-fold scores.
    codes : ndarray of int of shape (n_samples,)
        Index of each row's grade.
    n_grades : int
        Number of grades, at least 2; a grade without rows keeps a small probability.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weights >= 0, not all zero.
    unit : float, default=1.0
        Factor that scales the grades to a magnitude of about 1.

    Returns
    -------
    dict of str to float or ndarray
        The arguments of `predict_ordered_logit` that maximise the likelihood; the problem is
        convex.
    """
    weight = np.ones(len(scores)) if sample_weight is None else sample_weight
    used = weight > 0
    scores, codes, weight = scores[used] * unit, codes[used], weight[used] / weight[used].sum()
    center = float(weight @ scores)
    scale = float(np.sqrt(weight @ (scores - center) ** 2))
    # Scores that differ only by rounding errors carry no information about grades.
    scale = scale if scale > 1e-12 * max(1.0, abs(center)) else np.inf
    standard = np.concatenate([(scores - center) / scale, np.zeros(n_grades)])
    codes = np.concatenate([codes, np.arange(n_grades)])
    weight = np.concatenate(
        [(1 - _PRIOR_SHARE) * weight, np.full(n_grades, _PRIOR_SHARE / n_grades)]
    )
    shares = np.bincount(codes, weights=weight)
    flat = np.append(logit(np.cumsum(shares)[:-1]), 0.0)
    found = _minimize_log_loss(flat, standard, codes, weight)
    # The problem is convex: if the best slope is negative, the best slope >= 0 is 0.
    found = found if found[-1] > 0 else flat
    return {
        "center": center / unit,
        "scale": scale / unit,
        "slope": float(found[-1]),
        "intercepts": found[:-1],
    }


def predict_ordered_logit(scores, center, scale, slope, intercepts):
    """Predict the probabilities of grades.

    Parameters
    ----------
    scores : ndarray of shape (n_samples,)
        Scores.
    center, scale : float
        Scores are standardised to ``(scores - center) / scale``.
    slope : float
        Slope of the standardised score, >= 0.
    intercepts : ndarray of shape (n_grades - 1,)
        Ascending: P(grade <= g) = expit(intercepts[g] - slope * standardised score).

    Returns
    -------
    ndarray of shape (n_samples, n_grades)
        Probability rows.
    """
    standard = (scores - center) / scale
    logits = intercepts - slope * standard[:, None]
    lowest, highest = np.full((len(scores), 1), -np.inf), np.full((len(scores), 1), np.inf)
    proba = _expit_difference(np.hstack([lowest, logits]), np.hstack([logits, highest]))
    return proba / proba.sum(axis=1, keepdims=True)


def _minimize_log_loss(parameters, standard, codes, weight):
    """Minimise the log-loss in (intercepts, slope) by Newton's method with a line search."""
    value, gradient, hessian = _log_loss(parameters, standard, codes, weight)
    for _ in range(_MAX_STEPS):
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
    proba = np.maximum(_expit_difference(lower, upper), 1e-300)
    # First and second derivatives of log(proba) in lower and upper; all are 0 at infinite ends.
    d_lower = -expit(lower) * expit(-lower) / proba
    d_upper = expit(upper) * expit(-upper) / proba
    dd_lower = weight * (d_lower**2 - d_lower * (expit(-lower) - expit(lower)))
    dd_upper = weight * (d_upper**2 - d_upper * (expit(-upper) - expit(upper)))
    dd_both = weight * d_lower * d_upper

    def sum_by_edge(at_lower, at_upper):
        below = np.bincount(codes, at_lower, len(edges))
        return (below + np.bincount(codes + 1, at_upper, len(edges)))[1:-1]

    gradient = np.append(
        sum_by_edge(-weight * d_lower, -weight * d_upper),
        (weight * standard) @ (d_lower + d_upper),
    )
    hessian = np.zeros((len(gradient), len(gradient)))
    hessian[:-1, :-1] = np.diag(sum_by_edge(dd_lower, dd_upper))
    off_diagonal = np.bincount(codes, dd_both, len(edges) - 1)[1:-1]
    rows = np.arange(len(off_diagonal))
    hessian[rows, rows + 1] = hessian[rows + 1, rows] = off_diagonal
    hessian[-1, :-1] = hessian[:-1, -1] = -sum_by_edge(
        standard * (dd_lower + dd_both), standard * (dd_upper + dd_both)
    )
    hessian[-1, -1] = standard**2 @ (dd_lower + 2 * dd_both + dd_upper) + 1e-12
    return -weight @ np.log(proba), gradient, hessian


def _expit_difference(lower, upper):
    """Return expit(upper) - expit(lower), without cancellation where both are near 1."""
    flip = np.maximum(lower, -1e300) + np.minimum(upper, 1e300) > 0
    low, high = np.where(flip, -upper, lower), np.where(flip, -lower, upper)
    return expit(high) - expit(low)
