"""Who can learn from which labels, and what to do if not."""

from sklearn.base import is_classifier, is_regressor

from ._nets import final_step


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


def rename_class_weights(estimator, classes):
    """Rename the keys of `class_weight` dicts from labels to their indices among `classes`.

    Estimators are trained on class indices, and users write weights by their labels.

    Parameters
    ----------
    estimator : estimator
        A clone, whose parameters may be set.
    classes : ndarray of shape (C,)
        The labels; a label that is missing here loses its weight.

    Returns
    -------
    estimator
        The same estimator.
    """
    if not hasattr(estimator, "get_params"):
        return estimator
    index = {label: code for code, label in enumerate(classes.tolist())}
    renamed = {
        name: {index[label]: weight for label, weight in value.items() if label in index}
        for name, value in estimator.get_params(deep=True).items()
        if (name == "class_weight" or name.endswith("__class_weight")) and isinstance(value, dict)
    }
    return estimator.set_params(**renamed) if renamed else estimator
