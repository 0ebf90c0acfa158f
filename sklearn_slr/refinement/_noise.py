"""How observed labels arise from true ones: the noise transition matrix."""

import numpy as np


def count_transition(proba, observed, *, weight=None):
    """Estimate P(observed = column | true = row) by counts of confident predictions.

    A row counts for its most probable class. Half a count on the diagonal and 0.05 everywhere
    keep rare classes apart and every entry positive.

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

    The true class of a row is hidden; `proba` is its distribution before the observed label is
    looked at. Each row of the matrix is shrunk, by `prior` pseudo-counts, towards the symmetric
    matrix with the start's mean diagonal, or classes that the models confuse would drift apart.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, C)
        Out-of-fold probabilities of the true class.
    observed : ndarray of shape (n_samples, C)
        Observed probability rows.
    start : ndarray of shape (C, C)
        First estimate, e.g. by counts.
    weight : ndarray of shape (n_samples,), default=None
        Sample weights.
    n_iter : int, default=15
        Iterations.
    prior : float, default=5.0
        Pseudo-counts a class.

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
    """Return the distribution of the true class after the observed label is looked at.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, C)
        Distribution before, p.
    observed : ndarray of shape (n_samples, C)
        Observed probability rows y.
    transition : ndarray of shape (C, C)
        T[c, j] = P(observed = j | true = c).

    Returns
    -------
    ndarray of shape (n_samples, C)
        L[i, c] ~ p[i, c] * sum_j y[i, j] T[c, j]; where that is zero everywhere, p itself.
    """
    joint = observed @ transition.T
    joint *= proba
    total = joint.sum(axis=1)
    impossible = ~(total > 0)
    joint[impossible], total[impossible] = proba[impossible], 1
    joint /= total[:, None]
    return joint


def log_determinant(proba, observed, *, weight=None):
    """Score predictions against noisy labels so that class-conditional noise changes no order.

    The joint distribution J of (most probable class, observed class) is the one with the true
    class times the transition matrix of the noise. Its determinant is a product, so that the
    noise adds the same constant to ``log |det J|`` of every prediction [1]_; accuracy against
    noisy labels has no such property. A third of a uniform diagonal is added to J, or one class
    that is hardly ever predicted would decide alone.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, C)
        Predictions of models that have not seen the rows' labels.
    observed : ndarray of shape (n_samples, C)
        Observed probability rows.
    weight : ndarray of shape (n_samples,), default=None
        Sample weights.

    Returns
    -------
    float
        ``log |det(J + 0.3 / C I)|``; higher is better.

    References
    ----------
    .. [1] Xu, Cao, Kong, Wang: L_DMI: A Novel Information-theoretic Loss Function for Training
       Deep Nets Robust to Label Noise. NeurIPS 2019, theorem 4.1.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_slr.refinement._noise import log_determinant
    >>> observed = np.eye(2)[[0, 0, 1, 1]]
    >>> sure, guess = np.eye(2)[[0, 0, 1, 1]], np.eye(2)[[0, 1, 0, 1]]
    >>> log_determinant(sure, observed) > log_determinant(guess, observed)
    True
    """
    n_classes = observed.shape[1]
    joint = np.zeros((n_classes, n_classes))
    rows = observed if weight is None else observed * weight[:, None]
    np.add.at(joint, proba.argmax(axis=1), rows)
    joint = joint / joint.sum() + 0.3 / n_classes * np.eye(n_classes)
    return float(np.linalg.slogdet(joint)[1])
