"""Base class of meta-regressors whose one regressor learns from changed target numbers."""

from __future__ import annotations

from typing import Any, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin

from ..soft_targets._base import BaseTargetEstimator
from ..utils._estimators import check_regressor, default_regressor
from ..utils._labels import check_numbers
from ..utils._sklearn import _fit_context


class BaseTargetRegressor(RegressorMixin, BaseTargetEstimator):
    """Meta-regressor whose one regressor learns from target numbers."""

    _default_estimator = staticmethod(default_regressor)
    _check_estimator = staticmethod(check_regressor)

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None, **fit_params: Any
    ) -> Self:
        """Fit the estimator to numbers that are computed from the observed ones.

        Parameters
        ----------
        X : indexable of length n_samples
            Anything that the estimator takes.
        y : array-like of shape (n_samples,)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights that multiply the rows; rows of weight zero are left out. With metadata
            routing enabled, an estimator that can request weights gets them only if it does.
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
        return self._predict_targets(X)

    def _encode_targets(self, y):
        return check_numbers(y), None
