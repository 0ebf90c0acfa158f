"""LabelComparison: observed and refined labels of the same rows, for all displays of labels."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from .._em._history import number_quality
from ..metrics import label_quality_scores
from ..utils._answers import encode_answers
from ..utils._inputs import as_indexable
from ..utils._labels import as_array, check_numbers, check_rows, encode_known_labels, unique_labels
from ..utils._nets import final_step
from ..utils._sklearn import num_samples


@dataclass(frozen=True)
class LabelComparison:
    """Observed and refined labels of the same rows.

    Parameters
    ----------
    classes : ndarray of shape (C,) or None
        Classes or grades; None for plain regression.
    observed : ndarray of shape (n_samples,)
        Indices into `classes`, -1 where there is no label; numbers if `classes` is None.
    refined : ndarray of shape (n_samples, C) or (n_samples,)
        Probability rows; numbers if `classes` is None.
    quality : ndarray of shape (n_samples,)
        Quality of the observed labels, in [0, 1].
    """

    classes: np.ndarray | None
    observed: np.ndarray
    refined: np.ndarray
    quality: np.ndarray

    @property
    def proposed(self):
        """The index of the most probable class of each row; the number if there are no classes."""
        return self.refined if self.classes is None else self.refined.argmax(axis=1)

    def most_suspicious(self, limit=None):
        """Return rows by ascending quality; among equals, changed labels come first."""
        agrees = self.observed == self.proposed
        return np.lexsort((np.arange(len(agrees)), agrees, self.quality))[:limit]

    @classmethod
    def from_estimator(cls, estimator, X=None, y=None):
        """Compare labels with those that a fitted estimator refines or predicts.

        Parameters
        ----------
        estimator : estimator
            Fitted SLRClassifier or SLRRegressor, or Pipeline ending in one.
        X : indexable of length n_samples, default=None
            Inputs. For training rows, only their number is used.
        y : array-like of shape (n_samples,), default=None
            Observed labels. None, or the labels passed to `fit`: the training rows, compared with
            their refined labels. Other labels: new rows, compared with predictions.

        Returns
        -------
        LabelComparison
            The labels, with rows in the order given.
        """
        check_is_fitted(estimator)
        model = final_step(estimator)
        if not hasattr(model, "refined_labels_"):
            raise TypeError(
                f"{type(model).__name__} has no refined_labels_; expected a fitted SLRClassifier "
                "or SLRRegressor: pass the best_estimator_ of a search, or use from_predictions."
            )
        classes = getattr(model, "classes_", getattr(model, "grades_", None))
        training = _encode_training_labels(model, classes)
        observed = training if y is None else _encode_labels(y, model, classes)
        if X is not None and num_samples(as_indexable(X)) != len(observed):
            raise ValueError(
                f"X has {num_samples(as_indexable(X))} rows, but there are {len(observed)} labels: "
                "pass the X of fit, or other rows together with their y."
            )
        if np.array_equal(observed, training):
            refined = _as_probability_rows(model.refined_labels_, classes)
            return cls(classes, training, refined, model.label_quality_)
        if X is None:
            raise ValueError(
                f"y holds {len(observed)} labels that are not the training labels: pass X as well."
            )
        if hasattr(model, "classes_"):
            refined = np.asarray(estimator.predict_proba(X))
            return cls(classes, observed, refined, label_quality_scores(observed, refined))
        predicted = (estimator.predict if classes is None else estimator.decision_function)(X)
        values = observed if classes is None else classes[observed]
        quality = number_quality(values, predicted, grades=classes)[0]
        return cls(classes, observed, _as_probability_rows(predicted, classes), quality)

    @classmethod
    def from_predictions(cls, observed, refined, *, classes=None, quality=None):
        """Compare observed labels with given refined labels.

        Parameters
        ----------
        observed : array-like of shape (n_samples,)
            Observed labels; numbers if `refined` has one dimension.
        refined : array-like of shape (n_samples, C) or (n_samples,)
            Probability rows; or numbers.
        classes : array-like of shape (C,), default=None
            Labels of the columns. None: the labels in `observed`, sorted.
        quality : array-like of shape (n_samples,), default=None
            Quality of the observed labels. None: the probability of the observed label; for
            numbers as `SLRRegressor.label_quality_`.

        Returns
        -------
        LabelComparison
            The labels, with rows in the order given.
        """
        refined = as_array(refined, name="refined")
        check_consistent_length(observed, refined)
        if refined.ndim == 1:
            observed, refined = check_numbers(observed), check_numbers(refined, name="refined")
            default_quality = number_quality(observed, refined)[0]
            classes = None
        else:
            refined = check_rows(refined, name="refined")
            if classes is None:
                classes = unique_labels(as_array(observed, name="observed"), name="observed")[0]
            classes = np.asarray(classes)
            if len(classes) != refined.shape[1]:
                raise ValueError(
                    f"refined has {refined.shape[1]} columns, but there are {len(classes)} "
                    f"classes, {classes.tolist()}: pass classes=, the label of each column."
                )
            observed = encode_known_labels(observed, classes, name="observed")
            default_quality = label_quality_scores(observed, refined)
        if quality is None:
            return cls(classes, observed, refined, default_quality)
        quality = check_numbers(quality, name="quality")
        check_consistent_length(quality, refined)
        return cls(classes, observed, refined, quality)


def _encode_training_labels(model, classes):
    """Return the training labels; a classifier stores them as class indices."""
    labels = model.observed_labels_
    return labels if hasattr(model, "classes_") else _encode_labels(labels, model, classes)


def _encode_labels(y, model, classes):
    """Return labels as indices into classes; numbers if there are no classes."""
    if classes is None:
        return check_numbers(y)
    if hasattr(model, "annotator_quality_") and as_array(y, name="y").ndim == 2:
        answered, _, votes = encode_answers(y)
        codes = encode_known_labels(answered, classes, name="y")
        return np.where(votes >= 0, codes[votes], -1)
    return encode_known_labels(y, classes, name="y")


def _as_probability_rows(refined, classes):
    """Return probability rows; a number is divided between its two neighbouring grades.

    The mean grade of such a row is the number, and its argmax is the nearest grade.
    """
    if classes is None or refined.ndim == 2:
        return refined
    grades = classes.astype(np.float64)
    numbers = np.clip(refined, grades[0], grades[-1])
    upper = np.clip(np.searchsorted(grades, numbers), 1, len(grades) - 1)
    upper_share = (numbers - grades[upper - 1]) / (grades[upper] - grades[upper - 1])
    proba = np.zeros((len(numbers), len(grades)))
    rows = np.arange(len(numbers))
    proba[rows, upper - 1], proba[rows, upper] = 1 - upper_share, upper_share
    return proba
