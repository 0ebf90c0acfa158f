"""Prediction methods of meta-classifiers around fitted models that predict probability rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score

from ._inputs import as_indexable
from ._labels import as_array, encode_known_labels
from ._sklearn import available_if, get_tags
from ._typing import Floats


def _has_decision_function(self):
    models = getattr(self, "estimators_", None) or [
        getattr(self, "estimator_", self._get_estimator())
    ]
    return hasattr(models[0], "decision_function")


class ProbabilisticClassifierMixin(ClassifierMixin):
    """Meta-classifier that predicts by one fitted model, or by the mean of several.

    It has `classes_`; `_get_estimator`, which returns the unfitted estimator inside;
    `_get_fitted`, which checks that it is fitted and returns its list of FittedTargets; and
    `_predict_targets`, which returns their (mean) probabilities.
    """

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
        fitted = self._get_fitted()
        if len(fitted) == 1:
            return self.classes_[fitted[0].predict_codes(as_indexable(X))]
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

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
        return self._predict_targets(X)

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

    @available_if(_has_decision_function)
    def decision_function(self, X: Any) -> Floats:
        """Return the decision function of the student; log-odds where several predict.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, C)
            Scores, columns in the order of `classes_`. Where the mean of several students
            predicts: the logarithm of its probabilities; of two classes the difference of both.
        """
        fitted, X = self._get_fitted(), as_indexable(X)
        if len(fitted) == 1:
            return fitted[0].decision_function(X)
        # The mean of the students' decision functions would rank rows otherwise than the mean of
        # their probabilities, and could prefer another class than `predict`.
        scores = np.log(np.maximum(self.predict_proba(X), np.finfo(np.float64).tiny))
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def score(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, C)
            True labels, or probability rows, whose argmax is the label.
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

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self._get_estimator()).classifier_tags
        if inner is not None:
            tags.classifier_tags.multi_class = inner.multi_class
            tags.classifier_tags.poor_score = inner.poor_score
        return tags
