"""Which numbers are wrong: residuals of out-of-fold predictions as inliers and outliers."""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from ..utils._arrays import unit_of

# Degrees of freedom of Student's t, for residuals of right and of wrong labels alike: tails are
# heavier than normal ones, and a label that lies further away is never likelier right.
DEGREES_OF_FREEDOM = 8.0
# Wrong labels lie so many times further away than right ones, at the least.
TIMES_WIDER = 1.5
# At least so many of the labels are right.
MAJORITY = 0.5
# EM ends after so many steps, or when scales and shares move by less than the tolerance.
MAX_ITER, TOL = 100, 1e-4
# Passes over calibration, scale and mixture, each of which needs the others.
N_PASSES = 3
# The scale at which log residuals are cut off, in median residuals: zeros have no logarithm.
SMALLEST = 1e-2
# Numbers below 1 differ by so much from rounding alone.
ROUNDING = 8 * np.finfo(np.float64).eps
# Median absolute value of a standard normal variable.
NORMAL_MEDIAN = 0.6745


@dataclass(frozen=True)
class Residuals:
    """Residuals of numbers, explained as those of right and of wrong labels.

    Parameters
    ----------
    expected : ndarray of shape (n_samples,)
        Calibrated predictions.
    scale : ndarray of shape (n_samples,)
        The scale of the noise of a right label, for each row.
    right : ndarray of shape (n_samples,)
        The probability that the label is right.
    outlier_share : float
        The share of labels that are likelier wrong than right.
    """

    expected: np.ndarray
    scale: np.ndarray
    right: np.ndarray
    outlier_share: float


def explain_residuals(y, predicted, weight=None):
    """Split labels into right and wrong ones, by their distance from out-of-fold predictions.

    Predictions are calibrated first, since those of smoothing models are drawn to the mean, and
    those of models that learned outliers are spread too far. The scale of the noise depends on the
    prediction, so that labels of a noisier range do not count as wrong. Standardized residuals are
    then a mixture of two Student's t distributions around zero, one wider than the other, by EM.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Observed numbers.
    predicted : ndarray of shape (n_samples,)
        Out-of-fold predictions.
    weight : ndarray of shape (n_samples,), default=None
        How many rows each row stands for.

    Returns
    -------
    Residuals
        What is right, what is wrong, and how sure that is.

    References
    ----------
    .. [1] Lange, Little, Taylor: Robust statistical modeling using the t distribution. Journal of
       the American Statistical Association 84, 1989.
    .. [2] Aitkin, Wilson: Mixture models, outliers, and the EM algorithm. Technometrics 22, 1980.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_slr.refinement._residuals import explain_residuals
    >>> rng = np.random.default_rng(0)
    >>> predicted = rng.normal(size=200)
    >>> y = predicted + 0.1 * rng.normal(size=200)
    >>> y[:10] += 3
    >>> residuals = explain_residuals(y, predicted)
    >>> bool(residuals.right[:10].max() < 0.01), bool(np.median(residuals.right) > 0.9)
    (True, True)
    >>> round(residuals.outlier_share, 2)
    0.06
    """
    unit = unit_of(y, predicted)
    y, predicted = y * unit, predicted * unit
    weight = np.ones(len(y)) if weight is None or not weight.any() else weight
    right = _within(y - predicted, weight)
    for _ in range(N_PASSES):
        expected = calibrate_numbers(y, predicted, weight * right)
        residuals = y - expected
        residuals[np.abs(residuals) < ROUNDING] = 0.0
        relative = _relative_scale(residuals, predicted, weight)
        right, scale = _separate(residuals / relative, weight)
    share = float(weight @ (right < 0.5) / weight.sum())
    return Residuals(expected / unit, relative * scale / unit, right, share)


def calibrate_numbers(y, predicted, weight):
    """Return the increasing line through predictions that fits the labels best."""
    total = weight.sum()
    mean, center = weight @ y / total, weight @ predicted / total
    variance = weight @ (predicted - center) ** 2
    if variance == 0:
        return np.full_like(predicted, mean)
    slope = max(0.0, weight @ ((predicted - center) * (y - mean)) / variance)
    return mean + slope * (predicted - center)


def weighted_median(values, weight):
    """Return the smallest value at or below which lies half of the weight."""
    order = np.argsort(values)
    below = np.cumsum(weight[order])
    return values[order[min(np.searchsorted(below, 0.5 * below[-1]), len(values) - 1)]]


def _within(residuals, weight):
    """Weigh residuals that are far from the others less, as Huber does."""
    distance = np.abs(residuals)
    limit = 2 * weighted_median(distance, weight)
    return limit / np.maximum(distance, limit) if limit > 0 else (distance == 0).astype(float)


def _relative_scale(residuals, predicted, weight):
    """Return how the scale depends on the prediction: e to a parabola in the prediction's rank.

    It is fitted to the logarithms of the residuals, in which outliers hardly count.
    """
    distance = np.abs(residuals)
    smallest = SMALLEST * weighted_median(distance, weight)
    if smallest == 0:
        return np.ones(len(residuals))
    _, group = np.unique(predicted, return_inverse=True)
    shares = np.bincount(group, weight) / weight.sum()
    rank = (np.cumsum(shares) - 0.5 * shares - 0.5)[group]  # in [-1/2, 1/2]
    terms = np.column_stack([np.ones(len(rank)), rank, rank**2 - 1 / 12])
    root = np.sqrt(weight)
    logs = np.log(np.maximum(distance, smallest))
    coefficients = np.linalg.lstsq(terms * root[:, None], logs * root, rcond=None)[0]
    return np.exp(terms[:, 1:] @ coefficients[1:])


def _separate(residuals, weight):
    """Fit the mixture; return the probability of being right, and the scale of right labels."""
    total = weight.sum()
    spread = np.sqrt(weight @ residuals**2 / total)
    if spread == 0:
        return np.ones(len(residuals)), 0.0
    # Where most labels are predicted exactly, the median is zero.
    narrow = weighted_median(np.abs(residuals), weight) / NORMAL_MEDIAN or spread
    wide = max(TIMES_WIDER * narrow, spread)
    share, before = 0.9, np.zeros(3)
    smallest = np.finfo(np.float64).eps * narrow
    for _ in range(MAX_ITER):
        near, far = residuals / narrow, residuals / wide
        inner, outer = share * _density(near) / narrow, (1 - share) * _density(far) / wide
        right = inner / (inner + outer)
        share = np.clip(weight @ right / total, MAJORITY, 1 - 1e-6)
        narrow = max(_fit_scale(residuals, near, weight * right), smallest)
        wide = max(_fit_scale(residuals, far, weight * (1 - right)), TIMES_WIDER * narrow)
        now = np.array([np.log(narrow), np.log(wide), share])
        if np.abs(now - before).max() < TOL:
            break
        before = now
    return right, narrow


def _density(standardized):
    """Return Student's density."""
    nu = DEGREES_OF_FREEDOM
    constant = np.exp(gammaln((nu + 1) / 2) - gammaln(nu / 2)) / np.sqrt(nu * np.pi)
    return constant * (1 + standardized**2 / nu) ** (-(nu + 1) / 2)


def _fit_scale(residuals, standardized, weight):
    nu, total = DEGREES_OF_FREEDOM, weight.sum()
    squares = (nu + 1) / (nu + standardized**2) * residuals**2
    return np.sqrt(weight @ squares / total) if total > 0 else 0.0
