"""Base classes of meta-estimators around one estimator, which is fitted to target arrays."""

from __future__ import annotations

import copy
from abc import ABCMeta, abstractmethod
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.metadata_routing import MetadataRouter
from sklearn.utils.validation import check_is_fitted

from ..utils._classifier_mixin import ProbabilisticClassifierMixin
from ..utils._estimators import (
    check_classifier,
    default_classifier,
    set_learned_attributes,
)
from ..utils._inputs import as_indexable, check_lengths
from ..utils._label_keywords import encode_label_keywords
from ..utils._label_parameters import rename_labels
from ..utils._labels import encode_labels
from ..utils._nets import final_step
from ..utils._random import derive_seed
from ..utils._routing import can_request_weights, make_router, route_fit
from ..utils._sklearn import _fit_context, get_tags
from ._fit import fit_targets


def fit_clone(estimator, targets, *, X, classes, seed, key=(), **options):
    """Fit a clone of an estimator on target arrays; one of the fits of a meta-estimator.

    Parameters
    ----------
    estimator : estimator
        Cloned, never changed; its class weights are written with the user's labels,
        as are validation sets in `fit_params`.
    targets : ndarray of shape (n_samples, C) or (n_samples,)
        Probability rows for a classifier, numbers for a regressor.
    X : indexable of length n_samples
        The inputs.
    classes : ndarray of shape (C,) or None
        The labels behind the target columns; None for regression.
    seed : int
        Seed of the meta-estimator's `fit`.
    key : tuple of int, default=()
        Makes the seeds of several fits different. The last fit, whose model predicts, has none.
    **options : dict
        `sample_weight`, `fit_params` and `route` of `fit_targets`.

    Returns
    -------
    FittedTargets
        The fitted estimator.
    """
    estimator = clone(estimator)
    if classes is not None:
        rename_labels(estimator, classes)
        keywords = options.get("fit_params") or {}
        options["fit_params"] = encode_label_keywords(keywords, classes)
    seed = derive_seed(seed, *key) if key else seed
    return fit_targets(estimator, X, targets, seed=seed, **options)


class BaseTargetEstimator(MetaEstimatorMixin, BaseEstimator, metaclass=ABCMeta):
    """Meta-estimator whose one estimator learns from target arrays, without folds.

    Subclasses differ in `_fit_models`, which makes the targets and fits the estimator to them.
    `_default_estimator` returns what ``estimator=None`` means.
    """

    def _fit(self, X, y, sample_weight, fit_params):
        """Fit; learned attributes are set together at the very end."""
        given, X = X, as_indexable(X)
        observed, classes = self._encode_targets(y)
        n_samples = check_lengths(X, y=y, sample_weight=sample_weight)
        own_weight, sample_weight, _, fit_params = route_fit(
            self, n_samples, sample_weight, None, fit_params
        )
        if own_weight is not None and not can_request_weights(self._get_estimator()):
            sample_weight = own_weight  # routes apply them, as by draws of rows or in a loss
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        options = {"sample_weight": sample_weight, "fit_params": fit_params}
        fit_model = partial(fit_clone, X=X, classes=classes, seed=seed, **options)
        fitted, learned = self._fit_models(fit_model, X, observed)
        self._check_fitted_model(fitted.model)
        learned = {"_fitted": fitted, "estimator_": fitted.model, **learned}
        if classes is not None:
            learned["classes_"] = classes
        set_learned_attributes(self, given, learned)
        return self

    @abstractmethod
    def _encode_targets(self, y):
        """Encode observed labels; return the targets, and the classes or None."""

    @abstractmethod
    def _fit_models(self, fit_model, X, observed):
        """Fit with `fit_model(estimator, targets)`.

        Return the FittedTargets that predicts and a dict of learned attributes.
        """

    def _check_fitted_model(self, model):
        """Check the fitted estimator."""

    def _get_estimator(self):
        return self._default_estimator() if self.estimator is None else self.estimator

    def _get_fitted(self):
        check_is_fitted(self)
        return [self._fitted]

    def _predict_targets(self, X):
        (fitted,) = self._get_fitted()
        return fitted.predict(as_indexable(X))

    def get_metadata_routing(self) -> MetadataRouter:
        """Get the metadata routing: `estimator` for fit.

        Returns
        -------
        MetadataRouter
            The routing of this meta-estimator.
        """
        return make_router(self, self._get_estimator())

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self._get_estimator())
        tags.input_tags = copy.deepcopy(inner.input_tags)
        tags.non_deterministic = inner.non_deterministic
        return tags


class BaseTargetClassifier(ProbabilisticClassifierMixin, BaseTargetEstimator):
    """Meta-classifier whose one classifier learns from probability rows."""

    _default_estimator = staticmethod(default_classifier)
    _check_estimator = staticmethod(check_classifier)

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None, **fit_params: Any
    ) -> Self:
        """Fit the estimator to probability rows or labels.

        Parameters
        ----------
        X : indexable of length n_samples
            Anything that the estimator takes.
        y : array-like of shape (n_samples, C) or (n_samples,)
            Probability rows, non-negative and summing to 1, whose classes are a DataFrame's
            columns, else 0..C-1; or labels of any sortable kind.
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

    def _encode_targets(self, y):
        classes, rows, _ = encode_labels(y)
        return rows, classes

    def _check_fitted_model(self, model):
        if not hasattr(model, "predict_proba"):
            kind = type(final_step(model)).__name__
            raise TypeError(
                f"estimator is {kind}, which has no predict_proba: wrap it, as "
                f"CalibratedClassifierCV({kind}()), or choose a probabilistic classifier."
            )
