"""An M step for numbers: labels that look wrong move to their predictions, others stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from ..utils._typing import Floats
from ._guards import find_harm_to_numbers
from ._residuals import explain_residuals, weighted_median


class RobustRefinement(BaseEstimator):
    """Move numbers that look wrong to their out-of-fold predictions, and leave the others alone.

    A label's residual comes from one of two distributions, the narrow one of right labels or the
    wide one of wrong ones. After each round the labels are ``L = q * y + (1 - q) * P``, with y the
    given labels, P the calibrated predictions, and q the probability that y is right. Unlike the
    average of the paper, it does not shrink right labels towards smooth predictions. Where
    models that learned refined labels predict the given ones less well than those of the first
    round, the given labels are used. This is not in the paper.

    Attributes
    ----------
    defaults : dict
        What `SLRRegressor` takes for ``n_rounds=None``, ``cv=None`` and ``final=None``: 3 rounds
        of 5 folds and one student, 16 fits.

    See Also
    --------
    AverageRefinement : The paper's M step.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_slr.refinement import RobustRefinement
    >>> P = np.arange(100.0)
    >>> y = P + np.sin(P)
    >>> y[40] = 400.0
    >>> labels, learned = RobustRefinement().refine(y, y, P, round=1)
    >>> labels[38:43].round()
    array([38., 40., 40., 41., 41.])
    >>> learned["outlier_share_"]
    0.01
    """

    _parameter_constraints: dict[str, Any] = {}

    defaults: Mapping[str, Any] = {"n_rounds": 3, "cv": 5, "final": "refit"}

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
        observed : ndarray of shape (n_samples,)
            The given numbers.
        targets : ndarray of shape (n_samples,)
            The labels that the models of this round were trained on; not used.
        oof : ndarray of shape (n_samples,)
            Out-of-fold predictions of these models.
        round : int
            The round t = 1, 2, ...; not used.
        sample_weight : ndarray of shape (n_samples,), default=None
            How many rows each row stands for.

        Returns
        -------
        refined : ndarray of shape (n_samples,)
            The refined labels.
        attributes : dict
            `noise_scale_`, the scale of the noise of right labels, the median over rows, about a
            standard deviation; `outlier_share_`, the share of labels that look wrong.

        Raises
        ------
        ValueError
            If the labels are not numbers, but classes.
        """
        if targets.ndim > 1:
            raise ValueError(
                f"RobustRefinement got labels of {targets.shape[1]} classes; it refines numbers: "
                "use it with SLRRegressor, and refinement='auto' with SLRClassifier."
            )
        found = explain_residuals(observed, oof, sample_weight)
        weight = np.ones(len(oof)) if sample_weight is None else sample_weight
        refined = found.right * observed + (1 - found.right) * found.expected
        return refined, {
            "noise_scale_": float(weighted_median(found.scale, weight)),
            "outlier_share_": found.outlier_share,
        }

    def review(self, history: Mapping[str, NDArray[Any]], n_rounds: int) -> dict[str, Any] | None:
        """Stop after a round that shows harm.

        Parameters
        ----------
        history : dict of str to ndarray
            What the rounds so far measured, as `SLRRegressor.history_`.
        n_rounds : int
            The number of rounds that will be run.

        Returns
        -------
        dict or None
            None to go on. Else `round`, 0: the given labels are to be used; `refinement`,
            ``"none"``; `reason`, a sentence; `harm`, True.
        """
        return find_harm_to_numbers(history, n_rounds)
