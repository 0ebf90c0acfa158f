"""Observed labels, what became of them, and how far they are to be trusted: what is shown."""

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
class Judged:
    """Observed labels and what the models make of them.

    Parameters
    ----------
    classes : ndarray of shape (C,) or None
        Classes or grades; None for a plain regression.
    observed : ndarray of shape (n_samples,)
        Indices into `classes`, -1 where there is no label; numbers without classes.
    refined : ndarray of shape (n_samples, C) or (n_samples,)
        Probability rows; numbers without classes.
    quality : ndarray of shape (n_samples,)
        How far the observed label is to be trusted, in [0, 1].
    """

    classes: np.ndarray | None
    observed: np.ndarray
    refined: np.ndarray
    quality: np.ndarray

    @property
    def proposed(self):
        """The most probable class of each row, as an index; without classes the number."""
        return self.refined if self.classes is None else self.refined.argmax(axis=1)

    def most_suspicious(self, limit=None):
        """Return the rows, the least trusted first; contradicted ones first among equals."""
        agrees = self.observed == self.proposed
        return np.lexsort((np.arange(len(agrees)), agrees, self.quality))[:limit]


def judge_estimator(estimator, X=None, y=None):
    """Judge labels by a fitted estimator.

    Parameters
    ----------
    estimator : estimator
        Fitted SLRClassifier or SLRRegressor, or Pipeline ending in one.
    X : indexable of length n_samples, default=None
        Inputs; only their number is read for the rows of training.
    y : array-like of shape (n_samples,), default=None
        Observed labels. None, or those given to `fit`: the rows of training, judged out of fold.
        Other labels: rows that the estimator was not trained on, judged by its predictions.

    Returns
    -------
    Judged
        The labels, rows in the order given.
    """
    check_is_fitted(estimator)
    model = final_step(estimator)
    if not hasattr(model, "refined_labels_"):
        raise TypeError(
            f"{type(model).__name__} has no refined_labels_; a fitted SLRClassifier or "
            "SLRRegressor is wanted (of a search, its best_estimator_), or use from_predictions."
        )
    classes = getattr(model, "classes_", getattr(model, "grades_", None))
    observed = _encode(model.observed_labels_, model, classes, encoded=True)
    given = observed if y is None else _encode(y, model, classes)
    if X is not None and num_samples(as_indexable(X)) != len(given):
        raise ValueError(
            f"X has {num_samples(as_indexable(X))} rows, but there are {len(given)} labels: pass "
            "the X of fit, or other rows together with their y."
        )
    if np.array_equal(given, observed):
        refined = _as_rows(model.refined_labels_, classes)
        return Judged(classes, observed, refined, model.label_quality_)
    if X is None:
        raise ValueError(
            f"y holds {len(given)} labels that are not those of training: pass their X as well."
        )
    if hasattr(model, "classes_"):
        refined = np.asarray(estimator.predict_proba(X))
        return Judged(classes, given, refined, label_quality_scores(given, refined))
    predicted = (estimator.predict if classes is None else estimator.decision_function)(X)
    values = given if classes is None else classes[given]
    quality = number_quality(values, predicted, grades=classes)[0]
    return Judged(classes, given, _as_rows(predicted, classes), quality)


def judge_predictions(observed, refined, *, classes=None, quality=None):
    """Judge labels by refined ones that are given.

    Parameters
    ----------
    observed : array-like of shape (n_samples,)
        Observed labels; numbers where `refined` is of one dimension.
    refined : array-like of shape (n_samples, C) or (n_samples,)
        Probability rows; numbers.
    classes : array-like of shape (C,), default=None
        Labels of the columns. None: the labels of `observed`, sorted.
    quality : array-like of shape (n_samples,), default=None
        How far each label is to be trusted. None: the probability of the observed label;
        of numbers as `SLRRegressor.label_quality_`.

    Returns
    -------
    Judged
        The labels, rows in the order given.
    """
    refined = as_array(refined, name="refined")
    check_consistent_length(observed, refined)
    if refined.ndim == 1:
        observed, refined = check_numbers(observed), check_numbers(refined, name="refined")
        found = number_quality(observed, refined)[0]
        classes = None
    else:
        refined = check_rows(refined, name="refined")
        if classes is None:
            classes = unique_labels(as_array(observed, name="observed"), name="observed")[0]
        classes = np.asarray(classes)
        if len(classes) != refined.shape[1]:
            raise ValueError(
                f"refined has {refined.shape[1]} columns, but there are {len(classes)} classes, "
                f"{classes.tolist()}: pass classes=, the label of each column."
            )
        observed = encode_known_labels(observed, classes, name="observed")
        found = label_quality_scores(observed, refined)
    if quality is not None:
        found = check_numbers(quality, name="quality")
        check_consistent_length(found, refined)
    return Judged(classes, observed, refined, found)


def _encode(y, model, classes, *, encoded=False):
    """Return labels as indices into classes; numbers without classes."""
    if classes is None:
        return check_numbers(y)
    if hasattr(model, "classes_") and encoded:
        return y
    if hasattr(model, "annotator_quality_") and as_array(y, name="y").ndim == 2:
        answered, _, votes = encode_answers(y)
        codes = encode_known_labels(answered, classes, name="y")
        return np.where(votes >= 0, codes[votes], -1)
    return encode_known_labels(y, classes, name="y")


def _as_rows(refined, classes):
    """Return probability rows; a number between two grades is shared out among these.

    The mean grade of such a row is the number, and its argmax the nearest grade.
    """
    if classes is None or refined.ndim == 2:
        return refined
    grades = classes.astype(np.float64)
    numbers = np.clip(refined, grades[0], grades[-1])
    upper = np.clip(np.searchsorted(grades, numbers), 1, len(grades) - 1)
    share = (numbers - grades[upper - 1]) / (grades[upper] - grades[upper - 1])
    rows = np.zeros((len(numbers), len(grades)))
    every = np.arange(len(numbers))
    rows[every, upper - 1], rows[every, upper] = 1 - share, share
    return rows
