"""Answers of several annotators: vote shares, and a confusion matrix for each annotator."""

import numpy as np
from scipy import sparse
from scipy.special import logsumexp

# No prediction counts as less probable: answers can still make such a class likely.
LEAST = 1e-6
# Noise is fitted to so many probabilities: more of them would hardly change it.
N_PROBABILITIES = 2_000_000
# Bounds of an estimated temperature, and steps of Newton's method in each iteration.
COLDEST, HOTTEST, N_STEPS = 0.1, 10.0, 2


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


def annotator_posterior(
    proba, codes, labels, *, temperature=None, weight=None, n_iter=10, prior=5.0
):
    """Estimate the true classes and each annotator's confusion matrix by EM.

    This is the model of Dawid and Skene [1]_ with two changes: the prior of each row is the
    prediction of a model, at a temperature that is estimated with the matrices, and the matrices
    are shrunk to the pooled matrix of all annotators.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, C)
        Prior distribution of the true class, P.
    codes : ndarray of int of shape (n_samples, n_annotators)
        Answers as class indices; -1 where there is no answer.
    labels : ndarray of shape (n_samples, C)
        First estimate of the true classes, as probability rows.
    temperature : float > 0, default=None
        The prior is ``P ** (1 / temperature)``. None estimates it: as the likelihood of the
        answers has it, models are believed as far as the annotators bear them out.
    weight : ndarray of shape (n_samples,), default=None
        Sample weights.
    n_iter : int, default=10
        Number of iterations.
    prior : float, default=5.0
        Number of pseudo-answers per class that shrink each annotator's matrix.

    Returns
    -------
    posterior : ndarray of shape (n_samples, C)
        ``L_i(c) ~ P_i(c) ** (1 / temperature) * prod_a T_a[c, y_ia]``.
    confusion : ndarray of shape (n_annotators, C, C)
        ``T_a[c, j] ~ sum_i w_i L_i(c) [y_ia = j] + prior * pooled[c, j]``; rows sum to 1.
    pooled : ndarray of shape (C, C)
        The confusion matrix of all answers; rows sum to 1.
    temperature : float
        The temperature, given or estimated.

    References
    ----------
    .. [1] Dawid, Skene: Maximum Likelihood Estimation of Observer Error-Rates Using the EM
       Algorithm. Journal of the Royal Statistical Society C 28, 1979.
    """
    n_annotators, n_classes = codes.shape[1], proba.shape[1]
    answers = answer_matrix(codes, n_classes)
    log_proba = np.log(np.maximum(proba, LEAST))
    power = 1.0 if temperature is None else 1 / temperature
    for _ in range(n_iter):
        weighted = labels if weight is None else labels * weight[:, None]
        counts = (answers.T @ weighted).reshape(n_annotators, n_classes, n_classes)
        counts = counts.transpose(0, 2, 1)
        pooled = _normalize_rows(counts.sum(axis=0) + 0.5 * np.eye(n_classes) + 0.05)
        confusion = _normalize_rows(counts + prior * pooled)
        if temperature is None:
            power = _fit_power(log_proba, labels, power, weight)
        log_answer = np.log(confusion).transpose(0, 2, 1).reshape(-1, n_classes)
        labels = _softmax(power * log_proba + answers @ log_answer)
    return labels, confusion, pooled, 1 / power


def label_posterior(proba, codes, *, weight=None):
    """Return the distribution of the true class, given predictions and one label a row.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, C)
        Predictions P.
    codes : ndarray of int of shape (n_samples,)
        Class indices of the labels; -1 where there is none.
    weight : ndarray of shape (n_samples,), default=None
        Sample weights.

    Returns
    -------
    ndarray of shape (n_samples, C)
        Probability rows: see `annotator_posterior`.
    """
    rows = some_rows(proba.shape)
    subset = None if weight is None else weight[rows]
    _, confusion, _, temperature = _fit_noise(proba[rows], codes[rows, None], subset)
    # A last row for rows without a label.
    log_label = np.vstack([np.log(confusion[0]).T, np.zeros(proba.shape[1])])
    posterior = np.empty(proba.shape)
    n_rows = max(1, N_PROBABILITIES // proba.shape[1])
    for block in (slice(i, i + n_rows) for i in range(0, len(proba), n_rows)):
        scores = np.log(np.maximum(proba[block], LEAST)) / temperature
        posterior[block] = _softmax(scores + log_label[codes[block]])
    return posterior


def some_rows(shape):
    """Return the rows that noise is fitted to: all, or every second, third ... of many.

    Parameters
    ----------
    shape : tuple
        Shape (n_samples, C) of predictions.

    Returns
    -------
    slice
        Rows.
    """
    n_samples, n_classes = shape
    return slice(None, None, -(-n_samples * n_classes // N_PROBABILITIES))


def _fit_noise(proba, codes, weight):
    """Fit temperature and confusion matrices, and begin as if predictions were right."""
    start = np.eye(proba.shape[1])[proba.argmax(axis=1)]
    return annotator_posterior(proba, codes, start, weight=weight)


def answer_log_likelihood(proba, codes, *, weight=None):
    """Return the log-likelihood of answers, given predictions and the noise that suits them.

    Temperature and confusion matrices are those of `annotator_posterior`, so that predictions
    that are too modest or too sure, or mix up names, are not worse for it.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, C)
        Predictions P.
    codes : ndarray of int of shape (n_samples, n_annotators)
        Answers as class indices; -1 where there is no answer.
    weight : ndarray of shape (n_samples,), default=None
        Sample weights.

    Returns
    -------
    ndarray of shape (n_samples,)
        ``log sum_c p_i(c) prod_a T_a[c, y_ia]`` with p ~ P ** (1 / temperature).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_slr.refinement._answers import answer_log_likelihood
    >>> codes = np.array([[0], [1]] * 50)
    >>> right, guess = np.eye(2)[[0, 1] * 50], np.eye(2)[[0, 0, 1, 1] * 25]
    >>> likelihoods = [answer_log_likelihood(proba, codes) for proba in (right, guess)]
    >>> np.exp(np.mean(likelihoods, axis=1)).round(2)
    array([1. , 0.5])
    """
    n_classes = proba.shape[1]
    _, confusion, _, temperature = _fit_noise(proba, codes, weight)
    scores = np.log(np.maximum(proba, LEAST)) / temperature
    log_answer = np.log(confusion).transpose(0, 2, 1).reshape(-1, n_classes)
    joint = scores + answer_matrix(codes, n_classes) @ log_answer
    return logsumexp(joint, axis=1) - logsumexp(scores, axis=1)


def share_right(labels, codes, *, weight=None):
    """Return the mean probability that an annotator's answers are right, on the rows answered.

    Parameters
    ----------
    labels : ndarray of shape (n_samples, C)
        Probability rows of the true classes.
    codes : ndarray of int of shape (n_samples, n_annotators)
        Answers as class indices; -1 where there is no answer.
    weight : ndarray of shape (n_samples,), default=None
        Sample weights.

    Returns
    -------
    ndarray of shape (n_annotators,)
        NaN for annotators without an answer.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_slr.refinement._answers import share_right
    >>> share_right(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([[0, 1, -1], [-1, 1, -1]]))
    array([0.9 , 0.35,  nan])
    """
    answered = codes >= 0
    right = np.take_along_axis(labels, np.where(answered, codes, 0), axis=1)
    share = answered if weight is None else answered * weight[:, None]
    total = share.sum(axis=0)
    return np.divide(
        (share * right).sum(axis=0), total, out=np.full(total.shape, np.nan), where=total > 0
    )


def _fit_power(log_proba, labels, power, weight):
    """Return the power of predictions that are closest to `labels` in cross-entropy.

    The cross-entropy is convex in the power: Newton's method, in steps of a factor of 2 at most.
    """
    for _ in range(N_STEPS):
        proba = _softmax(power * log_proba)
        mean = (proba * log_proba).sum(axis=1)
        slope = (labels * log_proba).sum(axis=1) - mean
        bend = (proba * log_proba**2).sum(axis=1) - mean**2
        slope, bend = np.average(slope, weights=weight), np.average(bend, weights=weight)
        step = slope / bend if bend > 0 else 0.0
        power = np.clip(power + step, power / 2, 2 * power)
    return float(np.clip(power, 1 / HOTTEST, 1 / COLDEST))


def _softmax(scores):
    return _normalize_rows(np.exp(scores - scores.max(axis=1, keepdims=True)))


def _normalize_rows(rows):
    return rows / rows.sum(axis=-1, keepdims=True)
