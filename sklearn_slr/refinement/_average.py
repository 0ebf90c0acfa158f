"""The paper's M step: a weighted average of the current labels and the pseudo-labels."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from ..utils._sklearn import Interval, StrOptions
from ..utils._typing import Floats
from ._guards import find_harm, find_harm_to_numbers


class AverageRefinement(BaseEstimator):
    """Average the current labels and their out-of-fold predictions.

    After round t the labels are ``L <- (n * L + P) / (n + 1)``, equation 4 of the paper [1]_.
    P are the out-of-fold predictions of the models trained on L. Where the rounds show that labels
    become worse, it goes on, and warns in the end.

    Parameters
    ----------
    n : float, "round" or callable, default=3.0
        Weight of the current labels; the pseudo-labels have weight 1. 0 replaces the labels.
        "round" means n = t: L is then the running mean of the observed labels and all
        pseudo-labels. A callable gets the round t = 1, 2, ... and returns n >= 0.

    See Also
    --------
    PosteriorRefinement : Models the noise, and corrects more labels in each round.

    References
    ----------
    .. [1] Fang, Yang, Ni: Stochastic Label Refinery: Toward Better Target Label Distribution,
       section II.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_slr.refinement import AverageRefinement
    >>> L, P = np.array([[1.0, 0.0]]), np.array([[0.2, 0.8]])
    >>> AverageRefinement(n=3).refine(L, L, P, round=1)
    array([[0.8, 0.2]])
    """

    _parameter_constraints: dict[str, Any] = {
        "n": [Interval(Real, 0, None, closed="left"), StrOptions({"round"}), callable]
    }

    def __init__(self, n: float | Literal["round"] | Callable[[int], float] = 3.0) -> None:
        self.n = n

    def refine(
        self,
        observed: NDArray[Any],
        targets: Floats,
        oof: Floats,
        *,
        round: int,
        sample_weight: Floats | None = None,
    ) -> Floats:
        """Refine the labels once.

        Parameters
        ----------
        observed : ndarray of shape (n_samples, C) or (n_samples,)
            The given labels; not used.
        targets : ndarray of shape (n_samples, C) or (n_samples,)
            The labels L that the models of this round were trained on.
        oof : ndarray of the same shape
            Out-of-fold predictions P of these models.
        round : int
            The round t = 1, 2, ...
        sample_weight : ndarray of shape (n_samples,), default=None
            Not used: each row is refined on its own.

        Returns
        -------
        ndarray of the same shape
            The refined labels.

        Raises
        ------
        ValueError
            If `n` is negative, not finite, or not a number.
        """
        n = self._get_n(round)
        refined = n * np.asarray(targets, dtype=np.float64)
        refined += oof
        refined /= n + 1.0
        return refined

    def review(self, history: Mapping[str, NDArray[Any]], n_rounds: int) -> dict[str, Any] | None:
        """Warn after the last round if the rounds show harm.

        Parameters
        ----------
        history : dict of str to ndarray
            What the rounds so far measured, as `SLRClassifier.history_`.
        n_rounds : int
            The number of rounds that will be run.

        Returns
        -------
        None
            It goes on.
        """
        find, better = find_harm, "auto"
        if "loss_gain" in history:
            find, better = find_harm_to_numbers, "robust"
        elif "agreement_gain" not in history:  # nothing was measured
            return None
        if len(history["round"]) == n_rounds and (harm := find(history, n_rounds)):
            why = harm["reason"].partition(", as ")[2]
            warnings.warn(
                f"The average changed labels, although {why} refinement={better!r} takes care not "
                "to.",
                UserWarning,
            )
        return None

    def _get_n(self, round):
        if isinstance(self.n, str) and self.n == "round":
            return float(round)
        n = self.n(round) if callable(self.n) else self.n
        if not isinstance(n, Real) or not np.isfinite(n) or n < 0:
            source = f"n({round}) returned" if callable(self.n) else "n is"
            raise ValueError(
                f"AverageRefinement: {source} {n!r}; expected a number >= 0, 'round', or a "
                "callable that takes the round and returns a number >= 0."
            )
        return float(n)
