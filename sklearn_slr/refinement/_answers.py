"""Answers of several annotators: vote shares, and a confusion matrix for each annotator."""

import numpy as np
from scipy import sparse


def answer_matrix(codes, n_classes):
    """Return one indicator column for each pair of an annotator and an answer.

    Parameters
    ----------
    codes : ndarray of int of shape (n_samples, n_annotators)
        Class indices; -1 where there is no answer.
    n_classes : int
        Number of classes C.

    Returns
    -------
    csr_array of shape (n_samples, n_annotators * C)
        Entry (i, a * C + j) is 1 where annotator a answered j on row i. It stores as many entries
        as there are answers, so many annotators with few answers each need little memory.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_slr.refinement._answers import answer_matrix
    >>> answer_matrix(np.array([[0, -1], [1, 0]]), 2).toarray()
    array([[1., 0., 0., 0.],
           [0., 1., 1., 0.]])
    """
    n_samples, n_annotators = codes.shape
    rows, annotators = np.nonzero(codes >= 0)
    columns = annotators * n_classes + codes[rows, annotators]
    shape = (n_samples, n_annotators * n_classes)
    return sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)


def vote_shares(codes, n_classes):
    """Return the vote share of each class in each row; rows without an answer are uniform.

    Parameters
    ----------
    codes : ndarray of int of shape (n_samples, n_annotators)
        Class indices; -1 where there is no answer.
    n_classes : int
        Number of classes C.

    Returns
    -------
    ndarray of shape (n_samples, C)
        Probability rows.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_slr.refinement._answers import vote_shares
    >>> vote_shares(np.array([[0, 0, 1, 1], [1, 1, 1, -1], [-1, -1, -1, -1]]), 2)
    array([[0.5, 0.5],
           [0. , 1. ],
           [0.5, 0.5]])
    """
    answers = answer_matrix(codes, n_classes)
    votes = answers @ np.tile(np.eye(n_classes), (codes.shape[1], 1))
    total = votes.sum(axis=1, keepdims=True)
    return np.divide(votes, total, out=np.full(votes.shape, 1 / n_classes), where=total > 0)


def annotator_posterior(proba, codes, labels, *, weight=None, n_iter=10, prior=5.0):
    """Estimate the true classes and each annotator's confusion matrix by EM.

    This is the model of Dawid and Skene [1]_ with two changes: the prior of each row is the
    prediction of a model, and the matrices are shrunk to the pooled matrix of all annotators.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, C)
        Prior distribution of the true class, P.
    codes : ndarray of int of shape (n_samples, n_annotators)
        Answers as class indices; -1 where there is no answer.
    labels : ndarray of shape (n_samples, C)
        First estimate of the true classes, as probability rows.
    weight : ndarray of shape (n_samples,), default=None
        Sample weights.
    n_iter : int, default=10
        Number of iterations.
    prior : float, default=5.0
        Number of pseudo-answers per class that shrink each annotator's matrix.

    Returns
    -------
    posterior : ndarray of shape (n_samples, C)
        ``L_i(c) ~ P_i(c) * prod_a T_a[c, y_ia]``.
    confusion : ndarray of shape (n_annotators, C, C)
        ``T_a[c, j] ~ sum_i w_i L_i(c) [y_ia = j] + prior * pooled[c, j]``; rows sum to 1.
    pooled : ndarray of shape (C, C)
        The confusion matrix of all answers; rows sum to 1.

    References
    ----------
    .. [1] Dawid, Skene: Maximum Likelihood Estimation of Observer Error-Rates Using the EM
       Algorithm. Journal of the Royal Statistical Society C 28, 1979.
    """
    n_annotators, n_classes = codes.shape[1], proba.shape[1]
    answers = answer_matrix(codes, n_classes)
    # Answers can still make a class likely if the model gives it a probability of 0.
    log_proba = np.log(np.maximum(proba, np.finfo(np.float64).tiny))
    for _ in range(n_iter):
        weighted = labels if weight is None else labels * weight[:, None]
        counts = (answers.T @ weighted).reshape(n_annotators, n_classes, n_classes)
        counts = counts.transpose(0, 2, 1)
        pooled = _normalize_rows(counts.sum(axis=0) + 0.5 * np.eye(n_classes) + 0.05)
        confusion = _normalize_rows(counts + prior * pooled)
        log_answer = np.log(confusion).transpose(0, 2, 1).reshape(-1, n_classes)
        joint = log_proba + answers @ log_answer
        labels = _normalize_rows(np.exp(joint - joint.max(axis=1, keepdims=True)))
    return labels, confusion, pooled


def _normalize_rows(rows):
    return rows / rows.sum(axis=-1, keepdims=True)
