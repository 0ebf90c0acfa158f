"""An M step that models the noise: the posterior of the true class given prediction and label."""

from __future__ import annotations

from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from ..utils._sklearn import Interval, StrOptions
from ..utils._typing import Floats, Matrix
from ._guards import GuardedRefinementMixin
from ._noise import count_transition, em_transition, posterior_labels


class SmoothedTargetsMixin:
    """Students train on labels that are smoothed by the parameter `smoothing`."""

    smoothing: float

    def training_targets(self, refined: Floats) -> Floats:
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
        return smooth(refined, self.smoothing)


class PosteriorRefinement(SmoothedTargetsMixin, GuardedRefinementMixin, BaseEstimator):
    """Replace each label by the posterior distribution of its true class.

    The sharpened out-of-fold prediction ``p ~ P ** (1 / temperature)`` is the prior of the true
    class. A transition matrix T gives the probability of the observed label given the true one:
    ``L_i(c) ~ p_i(c) * T[c, observed_i]``. T is estimated again in every round. This is not in
    the paper. It corrects labels in one round for which the average needs several, and it changes
    fewer right labels. Where the rounds show that labels become worse, it stops, uses the given
    labels, and warns.

    Parameters
    ----------
    temperature : float > 0, default=0.5
        A value below 1 gives the model more weight; 1 to 2 gives the labels more weight, for
        problems that are hard for the model.
    transition : {"count", "em"} or array-like of shape (C, C), default="count"
        How T is estimated. "count": from the counts of (most probable class, observed class).
        "em": by expectation-maximisation that starts from these counts. An array is T itself.
    smoothing : float in [0, 1), default=0.1
        The next round and the student train on ``(1 - smoothing) * L + smoothing / C``.

    See Also
    --------
    AutoRefinement : The same M step, where the rounds show that it helps.
    AverageRefinement : The paper's M step.
    AnnotatorRefinement : For the answers of several annotators.

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

    _parameter_constraints: dict[str, Any] = {
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "transition": [StrOptions({"count", "em"}), "array-like"],
        "smoothing": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        temperature: float = 0.5,
        transition: Literal["count", "em"] | Matrix = "count",
        smoothing: float = 0.1,
    ) -> None:
        self.temperature = temperature
        self.transition = transition
        self.smoothing = smoothing

    def initial_targets(self, observed: NDArray[Any], n_classes: int | None) -> Floats:
        """Return the first targets: the observed labels.

        Parameters
        ----------
        observed : ndarray of shape (n_samples, C)
            Observed probability rows; one-hot for labels.
        n_classes : int
            Number of classes C; None for regression.

        Returns
        -------
        ndarray of shape (n_samples, C)
            The same rows.

        Raises
        ------
        ValueError
            If the problem is regression.
        """
        check_classification(self, n_classes)
        return observed

    def refine(
        self,
        observed: NDArray[Any],
        targets: Floats,
        oof: Floats,
        *,
        round: int,
        sample_weight: Floats | None = None,
    ) -> tuple[Floats, dict[str, Any]]:
        """Refine the labels once.

        Parameters
        ----------
        observed : ndarray of shape (n_samples, C)
            Observed probability rows; one-hot for labels.
        targets : ndarray of shape (n_samples, C)
            The current labels; not used: each round starts from the observed labels.
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
            `noise_matrix_`, the estimate of T, and `temperature_`.

        Raises
        ------
        ValueError
            If a parameter is out of range.
        """
        self._validate_params()
        proba = sharpen(oof, self.temperature)
        transition = self._estimate_transition(proba, observed, sample_weight)
        learned = {"noise_matrix_": transition, "temperature_": float(self.temperature)}
        return posterior_labels(proba, observed, transition), learned

    def _estimate_transition(self, proba, observed, weight):
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
                    f"transition has shape {matrix.shape}; expected a matrix of shape {shape} with "
                    "entries >= 0 and rows that sum to 1: pass in row c the distribution of the "
                    "observed label where c is true."
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
        A value below 1 sharpens, a value above 1 flattens.

    Returns
    -------
    ndarray of shape (n_samples, C)
        Probability rows.
    """
    # Divided by the largest entry, so that a row never underflows to zeros.
    powers = (proba / proba.max(axis=1, keepdims=True)) ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def smooth(labels, smoothing):
    """Return ``(1 - smoothing) * labels + smoothing / C``.

    Parameters
    ----------
    labels : ndarray of shape (n_samples, C)
        Probability rows.
    smoothing : float in [0, 1)
        Share of the uniform distribution.

    Returns
    -------
    ndarray of shape (n_samples, C)
        Probability rows.
    """
    return (1 - smoothing) * labels + smoothing / labels.shape[1]


def check_classification(refinement, n_classes):
    """Refuse regression targets, which have no classes."""
    if n_classes is None:
        raise ValueError(
            f"{type(refinement).__name__} is for classification, but the targets are numbers: use "
            "refinement='average', or an object that refines targets of shape (n_samples,)."
        )
