"""What the rounds say for or against the labels that their models learned.

The models of a round predict rows that they have not seen. If refined labels are better than the
given ones, models that learned them say more about the given labels than those of round 1.
"""

import numpy as np

from ..refinement._answers import answer_log_likelihood, some_rows
from ..refinement._residuals import explain_residuals
from ..utils._arrays import unit_of

# Rows whose labels lie further away than so many scales from all predictions say nothing about
# which of them are better: with wrong labels of any size, squares would speak of these alone.
FAR = 8.0


def explain_labels(oof, answers, weight=None):
    """Return how well predictions explain the observed labels, row by row.

    Parameters
    ----------
    oof : ndarray of shape (n_samples, C)
        Out-of-fold predictions.
    answers : ndarray of int of shape (n_samples, n_annotators)
        Observed class indices; -1 where there is none.
    weight : ndarray of shape (n_samples,), default=None
        How many rows each row stands for.

    Returns
    -------
    log_likelihood : ndarray of shape (n_measured,)
        The log-likelihood of each row's labels: see `answer_log_likelihood`.
    rows : slice
        The rows measured: all, or every second, third ... of a large problem.
    """
    rows = some_rows(oof.shape)
    weight = None if weight is None else weight[rows]
    return answer_log_likelihood(oof[rows], answers[rows], weight=weight), rows


def in_errors(gained, weight=None):
    """Return the sum of paired differences, in standard errors of a sum with mean zero.

    Parameters
    ----------
    gained : ndarray of shape (n_samples,)
        The differences.
    weight : ndarray of shape (n_samples,), default=None
        How many rows each row stands for.

    Returns
    -------
    float
        0 where nothing differs.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_slr._em._evidence import in_errors
    >>> in_errors(np.array([1, 1, 1, -1, 0]))
    1.0
    """
    weight = np.ones(len(gained)) if weight is None else weight
    variance = weight @ gained**2
    return float(weight @ gained / np.sqrt(variance)) if variance > 0 else 0.0


def agreement_gain(codes, first, last, weight=None):
    """Return how much more `last` agrees with the labels than `first`, in standard errors.

    Only rows count where one of the two agrees with more labels, as in McNemar's test [1]_.

    Parameters
    ----------
    codes : ndarray of int of shape (n_samples,) or (n_samples, n_annotators)
        Observed class indices; -1 where there is none.
    first, last : ndarray of int of shape (n_samples,)
        Predicted class indices.
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
    >>> from sklearn_slr._em._evidence import agreement_gain
    >>> agreement_gain(np.zeros(8), np.repeat([0, 1], 4), np.zeros(8))  # four rows more
    2.0
    """
    codes = codes.reshape(len(codes), -1)
    gained = (last[:, None] == codes).sum(axis=1, dtype=np.float64)
    return in_errors(gained - (first[:, None] == codes).sum(axis=1), weight)


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
    >>> from sklearn_slr._em._evidence import over_chance
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


def loss_gain(y, first, last, weight=None):
    """Return how much smaller the squared errors of `last` are than those of `first`.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Observed numbers.
    first, last : ndarray of shape (n_samples,)
        Out-of-fold predictions. Rows that are far from both do not count: see `FAR`.
    weight : ndarray of shape (n_samples,), default=None
        How many rows each row stands for.

    Returns
    -------
    float
        The gain in standard errors; 0 where nothing differs.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_slr._em._evidence import loss_gain
    >>> y = np.array([1.0, -1.0, 1.0, -1.0, 1e6])
    >>> loss_gain(y, np.zeros(5), y.clip(-1, 1))
    2.0
    """
    unit = unit_of(y, first, last)
    y, first, last = y * unit, first * unit, last * unit
    near, losses = np.zeros(len(y), dtype=bool), []
    for predicted in (first, last):
        found = explain_residuals(y, predicted, weight)
        near |= np.abs(y - found.expected) <= FAR * found.scale
        losses.append((y - predicted) ** 2)
    return in_errors(np.where(near, losses[0] - losses[1], 0.0), weight)
