"""Class labels among the parameters of estimators, renamed to the indices that they are fitted on.

Estimators are trained on class indices, but users write parameters with their own labels: class
weights, sampling strategies, positive labels of thresholds and scorers, labels of outliers.
"""

import copy
import inspect
from collections.abc import Mapping

import numpy as np
from sklearn.metrics import get_scorer, get_scorer_names

from ._nets import is_net

# Parameters that hold one class label, by the name of the class, which need not be imported.
LABEL_PARAMETERS = {
    "DummyClassifier": "constant",
    "FixedThresholdClassifier": "pos_label",
    "RadiusNeighborsClassifier": "outlier_label",
}
KEYWORDS = ("most_frequent",)
# Parameters that hold a dict whose keys are labels, and grids that hold candidates for them.
LABEL_KEYS = ("class_weight", "class_weights", "sampling_strategy")
GRIDS = ("param_grid", "param_distributions")
# Parameters that hold one value for each class, in the order of the classes.
CLASS_ORDER = ("priors", "class_prior")


def rename_labels(estimator, classes, n_classes=None):
    """Rename the labels among an estimator's parameters to their indices among `classes`.

    Parameters
    ----------
    estimator : estimator
        A clone; its parameters are changed.
    classes : ndarray of shape (C,)
        The labels; class weights of other labels are dropped.
    n_classes : int, default=None
        If `classes` are some of the indices 0..n_classes-1: parameters with a value for each of
        these keep the values of `classes`.

    Returns
    -------
    estimator
        The same estimator.

    Raises
    ------
    ValueError
        If a parameter holds a label that is not one of the classes.
    """
    if not hasattr(estimator, "get_params"):
        return estimator
    index = {label: code for code, label in enumerate(classes.tolist())}
    params = estimator.get_params(deep=True)
    renamed = {}
    for name, value in params.items():
        owner, _, last = name.rpartition("__")
        owner = params.get(owner) if owner else estimator
        new = _rename(owner, last, value, name, index, classes, n_classes)
        if new is not value:
            renamed[name] = new
    return estimator.set_params(**renamed) if renamed else estimator


def _rename(owner, last, value, name, index, classes, n_classes):
    """Return the renamed value of one parameter, or the value itself."""
    if last in LABEL_KEYS:
        return _rename_keys(value, index)
    if last in GRIDS:
        return _rename_grid(value, index, classes)
    if _is_label(owner, last, value):
        if value not in index:
            raise ValueError(
                f"{name}={value!r} is not a class of the training rows; expected one of "
                f"{list(index)}."
            )
        return index[value]
    if last in CLASS_ORDER and n_classes is not None and value is not None:
        return _keep_entries(value, classes, n_classes)
    if _is_scorer(value) or (last == "scoring" and not _is_part_of_net(owner)):
        return _encode_scoring(value, index, classes)
    return value


def _rename_keys(value, index):
    if isinstance(value, dict):
        return {index[key]: weight for key, weight in value.items() if key in index}
    if isinstance(value, list) and value and all(each in index for each in value):
        return [index[each] for each in value]
    return value


def _rename_grid(grid, index, classes):
    """Rename the labels among the candidates of a search."""
    if isinstance(grid, list):
        return [_rename_grid(each, index, classes) for each in grid]
    if not isinstance(grid, Mapping):
        return grid
    rename = dict.fromkeys(LABEL_KEYS, _rename_keys)
    rename["pos_label"] = lambda value, index: index.get(value, value)
    rename["scoring"] = lambda value, index: _encode_scoring(value, index, classes)
    return {
        name: [rename[last](value, index) for value in values]
        if (last := name.rpartition("__")[2]) in rename and isinstance(values, (list, tuple))
        else values
        for name, values in grid.items()
    }


def _keep_entries(value, columns, n_classes):
    values = np.asarray(value, dtype=np.float64)
    if values.shape != (n_classes,):
        return value  # the estimator says what is wrong
    kept = values[columns]
    return kept / kept.sum() if kept.sum() > 0 else kept


def _is_label(owner, name, value):
    """Whether a parameter of `owner` holds one class label."""
    kinds = (k.__name__ for k in type(owner).__mro__ if k.__module__.startswith("sklearn."))
    named = any(LABEL_PARAMETERS.get(kind) == name for kind in kinds)
    return named and np.isscalar(value) and value not in KEYWORDS


# Scorers


def _is_scorer(value):
    return hasattr(value, "_score_func") and hasattr(value, "_kwargs")


def _is_part_of_net(owner):
    """Whether scores belong to a net, whose labels are indices for its users, too."""
    return is_net(owner) or type(owner).__module__.startswith("skorch.")


def _encode_scoring(scoring, index, classes):
    """Return scoring that takes class indices and scores the labels that they stand for."""
    if scoring is None or np.array_equal(classes, np.arange(len(classes))):
        return scoring
    if isinstance(scoring, Mapping):
        return {name: _encode_scoring(each, index, classes) for name, each in scoring.items()}
    if isinstance(scoring, (list, tuple, set)):
        return {name: _encode_scoring(name, index, classes) for name in scoring}
    if isinstance(scoring, str):
        if scoring not in get_scorer_names():  # "loss", of an estimator that knows it
            return scoring
        scorer = get_scorer(scoring)
        depends = "pos_label" in inspect.signature(scorer._score_func).parameters
        return _encode_scorer(scorer, index, classes) if depends else scoring
    if _is_scorer(scoring):
        return _encode_scorer(scoring, index, classes)
    return DecodingScorer(scoring, classes) if callable(scoring) else scoring


def _encode_scorer(scorer, index, classes):
    """Return a copy of a scorer of scikit-learn, whose positive label is an index."""
    encoded, kwargs = copy.copy(scorer), dict(scorer._kwargs)
    parameters = inspect.signature(scorer._score_func).parameters
    takes_labels = getattr(scorer, "_response_method", "predict") == "predict"
    if "pos_label" in parameters and kwargs.get("average", "binary") == "binary":
        label = kwargs.get("pos_label", parameters["pos_label"].default)
        if label in index:
            kwargs["pos_label"] = index[label]
        elif "pos_label" in kwargs and label is not None:
            raise ValueError(
                f"The scorer {scorer!r} has pos_label={label!r}, which is not a class of the "
                f"training rows; expected one of {list(index)}."
            )
    encoded._kwargs = kwargs
    encoded._score_func = DecodingScore(scorer._score_func, classes, takes_labels)
    return encoded


class DecodingScore:
    """A score function that gets class indices and passes on the labels that they stand for.

    Parameters
    ----------
    score : callable
        ``score(y_true, y_pred, **keywords)``, on labels.
    classes : ndarray of shape (C,)
        The labels.
    takes_labels : bool
        Whether `y_pred` are class indices, not probabilities or decision values.
    """

    def __init__(self, score, classes, takes_labels):
        self.score, self.classes, self.takes_labels = score, classes, takes_labels
        self.__name__ = getattr(score, "__name__", type(score).__name__)
        self.__signature__ = inspect.signature(score)

    def __call__(self, y_true, y_pred, **keywords):
        label = keywords.get("pos_label")
        if label is not None:
            keywords["pos_label"] = self.classes[label].item()
        if self.takes_labels:
            y_pred = self.classes[np.asarray(y_pred)]
        return self.score(self.classes[np.asarray(y_true)], y_pred, **keywords)


class DecodingScorer:
    """A user's scorer, which sees labels where the estimator has class indices.

    Parameters
    ----------
    scorer : callable
        ``scorer(estimator, X, y)``.
    classes : ndarray of shape (C,)
        The labels.
    """

    def __init__(self, scorer, classes):
        self.scorer, self.classes = scorer, classes

    def __call__(self, estimator, X, y, **keywords):
        return self.scorer(
            _LabelView(estimator, self.classes), X, self.classes[np.asarray(y)], **keywords
        )


class _LabelView:
    """A fitted classifier of class indices that predicts labels; the rest is the classifier's."""

    def __init__(self, estimator, classes):
        self._estimator, self._labels = estimator, classes

    @property
    def classes_(self):
        return self._labels[np.asarray(self._estimator.classes_)]

    def predict(self, X):
        return self._labels[np.asarray(self._estimator.predict(X))]

    def __getattr__(self, name):
        if name in ("_estimator", "_labels"):
            raise AttributeError(name)
        return getattr(self._estimator, name)

    def __sklearn_tags__(self):
        return self._estimator.__sklearn_tags__()
