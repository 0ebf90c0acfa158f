"""What meta-estimators around one estimator share: its training on targets, routing, tags."""

import copy
from abc import ABCMeta, abstractmethod
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.utils import check_random_state
from sklearn.utils.metadata_routing import MetadataRouter
from sklearn.utils.validation import check_is_fitted, validate_data

from ..utils._estimators import rename_labels
from ..utils._inputs import as_indexable, check_lengths
from ..utils._labels import as_array, encode_known_labels, encode_labels
from ..utils._nets import final_step
from ..utils._random import derive_seed
from ..utils._routing import check_weight, make_router
from ..utils._sklearn import _fit_context, available_if, get_tags, process_routing, routing_enabled
from ..utils._typing import Floats
from ._fit import fit_targets


@dataclass(frozen=True)
class Task:
    """What one call of `fit` was given beside targets, encoded.

    Parameters
    ----------
    X : indexable of length n_samples
        The inputs.
    classes : ndarray of shape (C,) or None
        The labels behind the target columns; None for regression.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights of the rows.
    fit_params : dict
        Keywords of the estimator's `fit`.
    seed : int
        Seed of the whole call.
    """

    X: object
    classes: np.ndarray | None
    sample_weight: np.ndarray | None
    fit_params: dict[str, Any]
    seed: int

    def fit(self, estimator, targets, *, address=(), with_params=True, route="auto"):
        """Fit a clone of an estimator on target arrays.

        Parameters
        ----------
        estimator : estimator
            Whom to train; its class weights are written by the user's labels.
        targets : ndarray of shape (n_samples, C) or (n_samples,)
            Probability rows for a classifier, numbers for a regressor.
        address : tuple of int, default=()
            Tells apart the seeds of several fits; the last one, whose model predicts, has none.
        with_params : bool, default=True
            Whether the keywords of `fit` are meant for this estimator.
        route : str, default="auto"
            How it learns.

        Returns
        -------
        FittedTargets
            The fitted estimator.
        """
        estimator = clone(estimator)
        if self.classes is not None:
            rename_labels(estimator, self.classes)
        return fit_targets(
            estimator,
            self.X,
            targets,
            sample_weight=self.sample_weight,
            fit_params=self.fit_params if with_params else None,
            seed=derive_seed(self.seed, *address) if address else self.seed,
            route=route,
        )


class BaseTargetEstimator(MetaEstimatorMixin, BaseEstimator, metaclass=ABCMeta):
    """Meta-estimator whose one estimator learns from target arrays, without folds.

    `_learn` says from which: that is all the subclasses differ in.
    """

    def _fit(self, X, y, sample_weight, fit_params):
        """Fit; learned attributes are set together at the very end."""
        given, X = X, as_indexable(X)
        targets, classes = self._observe(y)
        n_samples = check_lengths(X, y=y, sample_weight=sample_weight)
        sample_weight = check_weight(sample_weight, n_samples)
        if routing_enabled():
            fit_params = dict(process_routing(self, "fit", **fit_params)["estimator"]["fit"])
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        task = Task(X, classes, sample_weight, fit_params, seed)
        fitted, learned = self._learn(task, targets)
        self._check_model(fitted.model)
        validate_data(self, given, skip_check_array=True)
        vars(self).update(_fitted=fitted, estimator_=fitted.model, **learned)
        if classes is not None:
            self.classes_ = classes
        return self

    @abstractmethod
    def _observe(self, y):
        """Encode observed labels; return the targets and the classes, or None."""

    @abstractmethod
    def _learn(self, task, observed):
        """Return what was fitted and a dict of learned attributes."""

    @abstractmethod
    def _inner(self):
        """Return the estimator, the default one where there is none."""

    def _check_model(self, model):
        """Check the fitted estimator."""

    def _checked(self):
        check_is_fitted(self)
        return self._fitted

    def get_metadata_routing(self) -> MetadataRouter:
        """Get the metadata routing: `estimator` for fit.

        Returns
        -------
        MetadataRouter
            The routing of this meta-estimator.
        """
        return make_router(self, self._inner())

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self._inner())
        tags.input_tags = copy.deepcopy(inner.input_tags)
        tags.non_deterministic = inner.non_deterministic
        return tags


def _decides(self):
    return hasattr(getattr(self, "estimator_", self._inner()), "decision_function")


class BaseTargetClassifier(ClassifierMixin, BaseTargetEstimator):
    """Meta-classifier whose one classifier learns from probability rows."""

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None, **fit_params: Any
    ) -> Self:
        """Fit the estimator to probability rows or labels.

        Parameters
        ----------
        X : indexable of length n_samples
            Whatever the estimator takes.
        y : array-like of shape (n_samples, C) or (n_samples,)
            Probability rows, non-negative and summing to 1, whose classes are a DataFrame's
            columns, else 0..C-1; or labels of any sortable kind.
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
        """Predict the class of each row.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples,)
            Class labels.
        """
        codes = self._checked().classify(as_indexable(X))
        return self.classes_[codes]

    def predict_proba(self, X: Any) -> Floats:
        """Predict the probability of each class.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples, C)
            Probabilities, columns in the order of `classes_`.
        """
        return self._checked().predict(as_indexable(X))

    def predict_log_proba(self, X: Any) -> Floats:
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples, C)
            Log-probabilities; -inf where the probability is zero.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    @available_if(_decides)
    def decision_function(self, X: Any) -> Floats:
        """Return the estimator's decision function.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, C)
            Scores, columns in the order of `classes_`.
        """
        return self._checked().decide(as_indexable(X))

    def score(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, C)
            True labels, or probability rows whose argmax counts.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        float
            Share of rows predicted right.
        """
        predicted = self.predict(X)
        labels = as_array(y, name="y")
        if labels.ndim == 2 and labels.shape[1] > 1:
            labels = self.classes_[encode_known_labels(y, self.classes_, name="y")]
        return accuracy_score(labels, predicted, sample_weight=sample_weight)

    def _observe(self, y):
        labels = encode_labels(y)
        return labels.rows, labels.classes

    def _inner(self):
        return LogisticRegression() if self.estimator is None else self.estimator

    def _check_model(self, model):
        if not hasattr(model, "predict_proba"):
            kind = type(final_step(model)).__name__
            raise TypeError(
                f"estimator is {kind}, which has no predict_proba: wrap it, as "
                f"CalibratedClassifierCV({kind}()), or choose a probabilistic classifier."
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self._inner()).classifier_tags
        if inner is not None:
            tags.classifier_tags.multi_class = inner.multi_class
            tags.classifier_tags.poor_score = inner.poor_score
        return tags
