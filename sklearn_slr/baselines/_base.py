"""Regressors whose one regressor learns from numbers made of the observed ones."""

from typing import Any, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.linear_model import Ridge

from ..soft_targets._base import BaseTargetEstimator
from ..utils._inputs import as_indexable
from ..utils._labels import check_numbers
from ..utils._sklearn import _fit_context


class BaseTargetRegressor(RegressorMixin, BaseTargetEstimator):
    """Meta-regressor whose one regressor learns from target numbers."""

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None, **fit_params: Any
    ) -> Self:
        """Fit the estimator to numbers made of the observed ones.

        Parameters
        ----------
        X : indexable of length n_samples
            Whatever the estimator takes.
        y : array-like of shape (n_samples,)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights that multiply the rows; rows of weight zero are left out.
        **fit_params : dict
            Keywords of the estimator's `fit`; arrays of length n_samples follow the rows. With
            metadata routing enabled they are routed.

        Returns
        -------
        self
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, fit_params)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the target of each row.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples,)
            Numbers.
        """
        return self._checked().predict(as_indexable(X))

    def _observe(self, y):
        return check_numbers(y), None

    def _inner(self):
        # Ridge's own tolerance leaves its sparse solver far from the optimum.
        return Ridge(tol=1e-10) if self.estimator is None else self.estimator
