"""How observed labels arise from true ones: the noise transition matrix."""

import numpy as np


def count_transition(proba, observed, *, weight=None):
    """Estimate P(observed = column | true = row) by counts of confident predictions.

    Each row counts towards its most probable class. To each count 0.05 is added, so that all
    entries are positive, and 0.5 more on the diagonal, so that rare classes stay distinct.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, C)
        Out-of-fold probabilities of the true class.
    observed : ndarray of shape (n_samples, C)
        Observed probability rows.
    weight : ndarray of shape (n_samples,), default=None
        Sample weights.

    Returns
    -------
    ndarray of shape (C, C)
        Transition matrix; rows sum to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_slr.refinement._noise import count_transition
    >>> P = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    >>> count_transition(P, np.eye(2)[[0, 1, 1]]).round(3)
    array([[0.596, 0.404],
           [0.031, 0.969]])
    """
    n_classes = observed.shape[1]
    counts = np.zeros((n_classes, n_classes))
    rows = observed if weight is None else observed * weight[:, None]
    np.add.at(counts, proba.argmax(axis=1), rows)
    counts += 0.5 * np.eye(n_classes) + 0.05
    return counts / counts.sum(axis=1, keepdims=True)


def em_transition(proba, observed, start, *, weight=None, n_iter=15, prior=5.0):
    """Estimate P(observed = column | true = row) by expectation-maximisation.

    The true class of a row is hidden; `proba` is its prior distribution. Each row of the matrix
    is shrunk, by `prior` pseudo-counts, to the symmetric matrix with the mean diagonal of
    `start`. Without this, the estimates of classes that the models confuse would diverge.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, C)
        Out-of-fold probabilities of the true class.
    observed : ndarray of shape (n_samples, C)
        Observed probability rows.
    start : ndarray of shape (C, C)
        First estimate of the matrix, e.g. by `count_transition`.
    weight : ndarray of shape (n_samples,), default=None
        Sample weights.
    n_iter : int, default=15
        Number of iterations.
    prior : float, default=5.0
        Number of pseudo-counts per class.

    Returns
    -------
    ndarray of shape (C, C)
        Transition matrix; rows sum to 1.
    """
    n_classes = len(start)
    diagonal = np.mean(np.diag(start))
    symmetric = np.full((n_classes, n_classes), (1 - diagonal) / (n_classes - 1))
    np.fill_diagonal(symmetric, diagonal)
    rows = observed if weight is None else observed * weight[:, None]
    transition = start
    for _ in range(n_iter):
        counts = posterior_labels(proba, observed, transition).T @ rows + prior * symmetric
        transition = counts / counts.sum(axis=1, keepdims=True)
    return transition


def posterior_labels(proba, observed, transition):
    """Return the posterior distribution of the true class given the observed label.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, C)
        Prior distribution of the true class, p.
    observed : ndarray of shape (n_samples, C)
        Observed probability rows y.
    transition : ndarray of shape (C, C)
        T[c, j] = P(observed = j | true = c).

    Returns
    -------
    ndarray of shape (n_samples, C)
        L[i, c] ~ p[i, c] * sum_j y[i, j] T[c, j]; p[i] if that is zero for every class.
    """
    joint = observed @ transition.T
    joint *= proba
    total = joint.sum(axis=1)
    impossible = ~(total > 0)
    joint[impossible], total[impossible] = proba[impossible], 1
    joint /= total[:, None]
    return joint
