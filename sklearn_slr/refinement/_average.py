"""The paper's M step: a weighted average of the current labels and the pseudo-labels."""

from collections.abc import Callable
from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from ..utils._sklearn import Interval, StrOptions
from ..utils._typing import Floats


class AverageRefinement(BaseEstimator):
    """Move every label a step towards its out-of-fold prediction.

    After round t the labels are ``L <- (n * L + P) / (n + 1)``, equation 4 of the paper [1]_,
    with P the out-of-fold predictions of the models that were trained on L.

    Parameters
    ----------
    n : float, "round" or callable, default=3.0
        Weight of the current labels against one of the pseudo-labels. 0 replaces the labels;
        "round" takes n = t, so that L is the running mean of the observed labels and all
        pseudo-labels; a callable gets the round t = 1, 2, ... and returns n >= 0.

    See Also
    --------
    PosteriorRefinement : Models the noise, and repairs more in a round.

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
            The labels L that this round's models were trained on.
        oof : ndarray of the same shape
            Their out-of-fold predictions P.
        round : int
            The round t = 1, 2, ...
        sample_weight : ndarray of shape (n_samples,), default=None
            Not used: rows are refined one by one.

        Returns
        -------
        ndarray of the same shape
            The refined labels.

        Raises
        ------
        ValueError
            If `n` is negative, not finite, or no number.
        """
        n = self._weight(round)
        refined = n * np.asarray(targets, dtype=np.float64)
        refined += oof
        refined /= n + 1.0
        return refined

    def _weight(self, round):
        if isinstance(self.n, str) and self.n == "round":
            return float(round)
        n = self.n(round) if callable(self.n) else self.n
        if not isinstance(n, Real) or not np.isfinite(n) or n < 0:
            source = f"n({round}) returned" if callable(self.n) else "n is"
            raise ValueError(
                f"AverageRefinement: {source} {n!r}; a number >= 0, 'round' or a callable of the "
                "round that returns a number >= 0 is wanted."
            )
        return float(n)
