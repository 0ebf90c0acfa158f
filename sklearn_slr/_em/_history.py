"""Measurements of each round, and the quality of the observed labels after all rounds."""

import numpy as np
from sklearn.metrics import accuracy_score, r2_score

from ..metrics import label_quality_scores
from ..metrics._kappa import nearest_cuts
from ..utils._arrays import unit_of

# Multiples of the MAD beyond which the prediction of a plain regression contradicts the label.
CONTRADICTION = 3.0


def measure_classes(codes, before, after, oof, first, weight=None):
    """Measure a round of a classification.

    Parameters
    ----------
    codes : ndarray of shape (n_samples,)
        Observed class indices; rows of -1 have no label and do not count.
    before, after, oof : ndarray of shape (n_samples, C)
        The labels before and after the round, and the pseudo-labels between.
    first : ndarray of shape (n_samples,)
        The most probable classes of the first round's pseudo-labels.
    weight : ndarray of shape (n_samples,), default=None
        Sample weights; they count as repeated rows.

    Returns
    -------
    dict of str to float
        `label_change`: mean total variation between the labels before and after; `agreement`:
        share of rows whose refined label is the observed one; `oof_score`: accuracy of the
        pseudo-labels against the observed labels; `agreement_gain`: its difference from the
        first round's, in standard errors; `over_chance` and `smallest_class_kept`: see the
        functions of these names.
    """
    known = codes >= 0
    weight_known = None if weight is None else weight[known]
    change = 0.5 * np.abs(after - before).sum(axis=1)
    return {
        "label_change": float(np.average(change, weights=weight)),
        "agreement": accuracy_score(
            codes[known], after.argmax(axis=1)[known], sample_weight=weight_known
        ),
        "oof_score": accuracy_score(
            codes[known], oof.argmax(axis=1)[known], sample_weight=weight_known
        ),
        "agreement_gain": agreement_gain(
            codes[known], first[known], oof.argmax(axis=1)[known], weight_known
        ),
        "over_chance": over_chance(codes[known], oof.argmax(axis=1)[known], weight_known),
        "smallest_class_kept": smallest_class_kept(codes[known], after[known], weight_known),
    }


def agreement_gain(codes, first, last, weight=None):
    """Return how much more `last` agrees with the labels than `first`, in standard errors.

    Only rows count where exactly one of the two agrees, as in McNemar's test [1]_.

    Parameters
    ----------
    codes, first, last : ndarray of int of shape (n_samples,)
        Observed and predicted class indices.
    weight : ndarray of shape (n_samples,), default=None
        How many rows each row stands for.

    Returns
    -------
    float
        The gain; 0 where both agree with the same rows.

    References
    ----------
    .. [1] McNemar: Note on the sampling error of the difference between correlated proportions
       or percentages. Psychometrika 12, 1947.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_slr._em._history import agreement_gain
    >>> agreement_gain(np.zeros(8), np.repeat([0, 1], 4), np.zeros(8))  # four rows more
    2.0
    """
    gained = (last == codes).astype(np.float64) - (first == codes)
    weight = np.ones(len(codes)) if weight is None else weight
    n_changed = weight @ np.abs(gained)
    return float(weight @ gained / np.sqrt(n_changed)) if n_changed > 0 else 0.0


def over_chance(codes, predicted, weight=None):
    """Return how much more predictions agree with the labels than by chance, in standard errors.

    By chance, predictions with the same shares of classes agree as in Cohen's kappa [1]_.

    Parameters
    ----------
    codes, predicted : ndarray of int of shape (n_samples,)
        Observed and predicted class indices.
    weight : ndarray of shape (n_samples,), default=None
        How many rows each row stands for.

    Returns
    -------
    float
        The difference; 0 where all predictions and labels are of one class.

    References
    ----------
    .. [1] Cohen: A coefficient of agreement for nominal scales. Educational and Psychological
       Measurement 20, 1960.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_slr._em._history import over_chance
    >>> codes = np.repeat([0, 1], 8)
    >>> over_chance(codes, codes), over_chance(codes, codes[::2].repeat(2) * 0)
    (4.0, 0.0)
    """
    weight = np.ones(len(codes)) if weight is None else weight
    n_rows, n_classes = weight.sum(), 1 + max(codes.max(), predicted.max())
    shares = [np.bincount(each, weight, n_classes) / n_rows for each in (codes, predicted)]
    expected = shares[0] @ shares[1]
    error = np.sqrt(expected * (1 - expected) / n_rows)
    return float((weight @ (codes == predicted) / n_rows - expected) / error) if error > 0 else 0.0


def smallest_class_kept(codes, refined, weight=None):
    """Return the smallest ratio, over classes, of refined labels to observed ones.

    A class of five labels or more that is left with less than one counts as 0.

    Parameters
    ----------
    codes : ndarray of int of shape (n_samples,)
        Observed class indices.
    refined : ndarray of shape (n_samples, C)
        Refined labels.
    weight : ndarray of shape (n_samples,), default=None
        How many rows each row stands for.

    Returns
    -------
    float
        The smallest ratio among the classes that were observed.
    """
    weight = np.ones(len(codes)) if weight is None else weight
    observed = np.bincount(codes, weight, minlength=refined.shape[1])
    left = weight @ refined
    ratio = left[observed > 0] / observed[observed > 0]
    lost = (observed >= 5) & (left < 1)
    return 0.0 if lost.any() else float(ratio.min(initial=1.0))


def measure_numbers(y, before, after, oof, weight=None, *, grades=None):
    """Measure a round of a regression.

    `label_change` is the mean absolute step; `agreement` the share of rows whose refined label
    does not contradict the observed one; `oof_score` the R2 of the pseudo-labels against the
    observed labels. See `contradicts` for the parameters.
    """
    agree = ~contradicts(y, after, grades=grades)
    return {
        "label_change": float(np.average(np.abs(after - before), weights=weight)),
        "agreement": float(np.average(agree, weights=weight)),
        "oof_score": r2(y, oof, sample_weight=weight),
    }


def r2(y, predicted, *, sample_weight=None):
    """Return scikit-learn's R2, of numbers of any magnitude."""
    unit = unit_of(y, predicted)
    return r2_score(y * unit, predicted * unit, sample_weight=sample_weight)


def class_quality(codes, observed, mean_oof, refined):
    """Return the quality of observed labels, and which of them the models contradict.

    The quality is the geometric mean of the observed label's probability in two distributions.
    The refined labels know how classes are confused, but saturate where classes overlap; the
    averaged pseudo-labels do neither. The mean finds wrong labels as well as the better one.

    Parameters
    ----------
    codes : ndarray of shape (n_samples,)
        Observed class indices; -1 where there is none.
    observed : ndarray of shape (n_samples,) or (n_samples, C)
        Class indices or probability rows to judge.
    mean_oof : ndarray of shape (n_samples, C)
        Pseudo-labels averaged over rounds.
    refined : ndarray of shape (n_samples, C)
        The refined labels.

    Returns
    -------
    quality : ndarray of shape (n_samples,)
        How far the observed label is to be trusted, in [0, 1].
    issues : ndarray of bool of shape (n_samples,)
        Whether the most probable class of the averaged pseudo-labels is another one.
    """
    issues = (codes >= 0) & (mean_oof.argmax(axis=1) != codes)
    scores = [label_quality_scores(observed, each) for each in (mean_oof, refined)]
    return np.sqrt(scores[0] * scores[1]), issues


def number_quality(y, mean_oof, *, grades=None):
    """Return the quality exp(-abs(y - P) / MAD) of observed numbers, and the contradicted ones."""
    residuals = np.abs(y - mean_oof)
    return np.exp(-residuals / _scale(y, mean_oof)), contradicts(y, mean_oof, grades=grades)


def contradicts(y, predicted, *, grades=None):
    """Whether predictions contradict observed numbers.

    Parameters
    ----------
    y, predicted : ndarray of shape (n_samples,)
        Observed and predicted numbers.
    grades : ndarray of shape (G,), default=None
        Ascending grades: the nearest grade differs. Without: further away than 3 MAD.

    Returns
    -------
    ndarray of bool of shape (n_samples,)
        The contradicted rows.
    """
    if grades is None:
        return np.abs(y - predicted) > CONTRADICTION * _scale(y, predicted)
    return grades[np.searchsorted(nearest_cuts(grades), predicted, side="right")] != y


def _scale(y, predicted):
    """Median absolute deviation, kept above rounding error where most residuals are equal."""
    residuals = y - predicted
    mad = np.median(np.abs(residuals - np.median(residuals)))
    largest = max(np.abs(y).max(), np.abs(predicted).max())
    return max(mad, np.finfo(np.float64).eps * largest) or 1.0
