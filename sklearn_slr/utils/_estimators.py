"""Who can learn from which labels, and what to do if not."""

import numpy as np
from sklearn.base import is_classifier, is_regressor

from ._nets import final_step

# Parameters that are one class label, of scikit-learn's classes, which are not loaded to find out.
LABELS = {
    "DummyClassifier": "constant",
    "FixedThresholdClassifier": "pos_label",
    "RadiusNeighborsClassifier": "outlier_label",
}
KEYWORDS = ("most_frequent",)


def check_classifier(estimator, name):
    """Check that `estimator` gives probabilities; `name` is what errors call it."""
    last = final_step(estimator)
    kind = type(last).__name__
    if is_regressor(estimator):
        raise TypeError(
            f"{name} is the regressor {kind}; a classifier with predict_proba is wanted. Use "
            "SLRRegressor, or targets of shape (n_samples,), for numbers and grades."
        )
    # A stack gets its probabilities from a default final estimator that it makes in fit.
    stacks = getattr(last, "final_estimator", last) is None
    if not (hasattr(estimator, "predict_proba") or stacks):
        raise TypeError(
            f"{name} is {kind}, which has no predict_proba: labels are refined by probabilities. "
            f"Wrap it, as CalibratedClassifierCV({kind}()), or choose a probabilistic classifier."
        )


def check_regressor(estimator, name):
    """Check that `estimator` predicts numbers; `name` is what errors call it."""
    kind = type(final_step(estimator)).__name__
    if is_classifier(estimator):
        raise TypeError(
            f"{name} is the classifier {kind}; a regressor is wanted. Use SLRClassifier, or "
            "probability rows of shape (n_samples, n_classes), for labels without order."
        )
    if not hasattr(estimator, "predict"):
        raise TypeError(f"{name} is {kind}, which has no predict; a regressor is wanted.")


def check_teachers(teachers, check):
    """Check a list of (name, estimator), every estimator by `check`."""
    if not teachers or not all(
        isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str) for item in teachers
    ):
        raise ValueError(
            f"teachers is {teachers!r}; a list of (name, estimator) is wanted, e.g. "
            "[('knn', KNeighborsClassifier())], or None for the student alone."
        )
    for name, teacher in teachers:
        check(teacher, f"teachers: {name!r}")


def rename_labels(estimator, classes):
    """Rename the labels among an estimator's parameters to their indices among `classes`.

    Estimators are trained on class indices, and users write parameters by their labels: class
    weights, the label of outliers, of positives, a constant.

    Parameters
    ----------
    estimator : estimator
        A clone, whose parameters may be set.
    classes : ndarray of shape (C,)
        The labels; a label that is missing here loses its class weight.

    Returns
    -------
    estimator
        The same estimator.

    Raises
    ------
    ValueError
        If a parameter that is one label is none of the classes.
    """
    if not hasattr(estimator, "get_params"):
        return estimator
    index = {label: code for code, label in enumerate(classes.tolist())}
    params = estimator.get_params(deep=True)
    renamed = {}
    for name, value in params.items():
        owner, _, last = name.rpartition("__")
        if last in ("class_weight", "class_weights") and isinstance(value, dict):
            renamed[name] = {index[key]: weight for key, weight in value.items() if key in index}
        elif _is_label(params.get(owner) if owner else estimator, last, value):
            if value not in index:
                raise ValueError(
                    f"{name}={value!r} is no class of the training rows, which are {list(index)}: "
                    "set it to one of these."
                )
            renamed[name] = index[value]
    return estimator.set_params(**renamed) if renamed else estimator


def _is_label(owner, name, value):
    """Whether a parameter of `owner` is one class label."""
    kinds = (k.__name__ for k in type(owner).__mro__ if k.__module__.startswith("sklearn."))
    named = any(LABELS.get(kind) == name for kind in kinds)
    return named and np.isscalar(value) and value not in KEYWORDS
