"""The average for grades, which stops where the grades are better left alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from ._average import AverageRefinement
from ._guards import find_harm_to_numbers


class OrdinalRefinement(AverageRefinement):
    """Average grades and their out-of-fold predictions, unless the grades are better left alone.

    Graders disagree by one grade: hardly any grade is far from its prediction, so that there are
    no outliers to be found, and the average of the paper is the better M step. Where models that
    learned refined grades predict the given ones less well than those of the first round, as those
    of grades that follow from the features do, the given ones are used.

    Parameters
    ----------
    n : float, "round" or callable, default=3.0
        See `AverageRefinement`.

    See Also
    --------
    AverageRefinement : The same M step, which only warns.
    RobustRefinement : For numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_slr import SLRRegressor
    >>> from sklearn_slr.refinement import OrdinalRefinement
    >>> X, y = load_diabetes(return_X_y=True)
    >>> grades = np.digitize(y, [100, 150, 200])
    >>> slr = SLRRegressor(
    ...     Ridge(0.1), refinement=OrdinalRefinement(), thresholds="kappa", random_state=0
    ... )
    >>> slr.fit(X, grades).n_rounds_
    3
    """

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
            As `RobustRefinement.review`.
        """
        return find_harm_to_numbers(history, n_rounds)
