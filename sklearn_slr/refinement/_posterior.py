"""An M step that models the noise: the posterior of the true class given prediction and label."""

from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator

from ..utils._sklearn import Interval, StrOptions
from ._noise import count_transition, em_transition, posterior_labels


class PosteriorRefinement(BaseEstimator):
    """Replace every label by the posterior of its true class.

    The sharpened out-of-fold prediction ``p ~ P ** (1 / temperature)`` is the prior of the true
    class, a transition matrix T the probability of the observed label given the true one:
    ``L_i(c) ~ p_i(c) * T[c, observed_i]``. T is estimated anew every round. This is not in the
    paper; it repairs labels in one step that the average needs several rounds for, and leaves
    more of the right ones alone.

    Parameters
    ----------
    temperature : float > 0, default=0.5
        Below 1 the model is trusted over the labels; 1 to 2 the labels over the model, for
        problems that the model finds hard.
    transition : {"count", "em"} or array-like of shape (C, C), default="count"
        How T is estimated: by counts of (most probable class, observed class); by
        expectation-maximisation started there; or the matrix itself.
    smoothing : float in [0, 1), default=0.1
        The next round and the student train on ``(1 - smoothing) * L + smoothing / C``.

    See Also
    --------
    AverageRefinement : The paper's M step.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_slr.refinement import PosteriorRefinement
    >>> observed, P = np.array([[1.0, 0.0]]), np.array([[0.2, 0.8]])
    >>> step = PosteriorRefinement(temperature=1, transition=[[0.9, 0.1], [0.3, 0.7]])
    >>> refined, learned = step.refine(observed, observed, P, round=1)
    >>> refined.round(3)  # 0.2 * 0.9 against 0.8 * 0.3
    array([[0.429, 0.571]])
    """

    _parameter_constraints: dict = {
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "transition": [StrOptions({"count", "em"}), "array-like"],
        "smoothing": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, temperature=0.5, transition="count", smoothing=0.1):
        self.temperature = temperature
        self.transition = transition
        self.smoothing = smoothing

    def refine(self, observed, targets, oof, *, round, sample_weight=None):
        """Refine the labels once.

        Parameters
        ----------
        observed : ndarray of shape (n_samples, C)
            Observed probability rows; one-hot for labels.
        targets : ndarray of shape (n_samples, C)
            The current labels; not used, the posterior starts from the observed ones.
        oof : ndarray of shape (n_samples, C)
            Out-of-fold predictions P.
        round : int
            The round; not used.
        sample_weight : ndarray of shape (n_samples,), default=None
            Weights of the rows in the counts of T.

        Returns
        -------
        refined : ndarray of shape (n_samples, C)
            The refined labels.
        learned : dict
            `noise_matrix_`, the estimate of T.

        Raises
        ------
        ValueError
            If a parameter is out of range, or the targets are no probability rows.
        """
        if np.ndim(oof) != 2:
            raise ValueError(
                "PosteriorRefinement is for classification; numbers are refined by 'average'."
            )
        self._validate_params()
        proba = sharpen(oof, self.temperature)
        transition = self._transition(proba, observed, sample_weight)
        return posterior_labels(proba, observed, transition), {"noise_matrix_": transition}

    def training_targets(self, refined):
        """Return smoothed labels to train on.

        Parameters
        ----------
        refined : ndarray of shape (n_samples, C)
            The refined labels.

        Returns
        -------
        ndarray of shape (n_samples, C)
            ``(1 - smoothing) * refined + smoothing / C``.
        """
        return (1 - self.smoothing) * refined + self.smoothing / refined.shape[1]

    def _transition(self, proba, observed, weight):
        n_classes = proba.shape[1]
        if not isinstance(self.transition, str):
            matrix = np.asarray(self.transition, dtype=np.float64)
            shape = (n_classes, n_classes)
            if (
                matrix.shape != shape
                or np.any(matrix < 0)
                or np.any(np.abs(matrix.sum(axis=1) - 1) > 1e-6)
            ):
                raise ValueError(
                    f"transition is no matrix of shape {shape} with entries >= 0 and rows that "
                    "sum to 1: row c wanted is the distribution of the observed label where c is "
                    "true."
                )
            return matrix
        counted = count_transition(proba, observed, weight=weight)
        if self.transition == "count":
            return counted
        return em_transition(proba, observed, counted, weight=weight)


def sharpen(proba, temperature):
    """Return rows proportional to ``proba ** (1 / temperature)``.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, C)
        Probability rows.
    temperature : float > 0
        Below 1 sharpens, above 1 flattens.

    Returns
    -------
    ndarray of shape (n_samples, C)
        Probability rows.
    """
    # Relative to the largest entry, so that no power underflows in every column.
    powers = (proba / proba.max(axis=1, keepdims=True)) ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)
