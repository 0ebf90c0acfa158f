"""What meta-estimators do with the estimators inside, and with their own attributes."""

from sklearn.base import is_classifier, is_regressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils.validation import validate_data

from ._nets import final_step


def default_classifier():
    """Return the classifier that ``estimator=None`` means."""
    return LogisticRegression()


def default_regressor():
    """Return the regressor that ``estimator=None`` means."""
    # Ridge's own tolerance leaves its sparse solver far from the optimum (1e-3 of it).
    return Ridge(tol=1e-10)


def set_learned_attributes(estimator, X, learned):
    """Replace all learned attributes at once, when nothing can fail any more.

    Parameters
    ----------
    estimator : estimator
        The estimator whose `fit` ends; its constructor needs no arguments.
    X : indexable of length n_samples
        Inputs; the source of `n_features_in_` and `feature_names_in_`.
    learned : dict of str to object
        The other attributes.
    """
    inputs = type(estimator)()
    validate_data(inputs, X, skip_check_array=True)
    names = ("n_features_in_", "feature_names_in_")
    learned = {**{name: vars(inputs)[name] for name in names if name in vars(inputs)}, **learned}
    for name in [n for n in vars(estimator) if n.endswith("_") and not n.startswith("__")]:
        delattr(estimator, name)
    vars(estimator).update(learned)


def check_classifier(estimator, name):
    """Check that `estimator` predicts probabilities; `name` stands for it in errors."""
    last = final_step(estimator)
    kind = type(last).__name__
    if is_regressor(estimator):
        raise TypeError(
            f"{name} is the regressor {kind}; expected a classifier with predict_proba. Use "
            "SLRRegressor, or targets of shape (n_samples,), for numbers and grades."
        )
    # A stack predicts probabilities by a default final estimator, which only fit creates.
    stacks = getattr(last, "final_estimator", last) is None
    if not (hasattr(estimator, "predict_proba") or stacks):
        raise TypeError(
            f"{name} is {kind}, which has no predict_proba: labels are refined by probabilities. "
            f"Wrap it, as CalibratedClassifierCV({kind}()), or choose a probabilistic classifier."
        )


def check_regressor(estimator, name):
    """Check that `estimator` predicts numbers; `name` stands for it in errors."""
    kind = type(final_step(estimator)).__name__
    if is_classifier(estimator):
        raise TypeError(
            f"{name} is the classifier {kind}; expected a regressor. Use SLRClassifier, or "
            "probability rows of shape (n_samples, n_classes), for labels without order."
        )
    if not hasattr(estimator, "predict"):
        raise TypeError(f"{name} is {kind}, which has no predict; expected a regressor.")


def check_teachers(teachers, check):
    """Check a list of (name, estimator), every estimator by `check`."""
    if not teachers or not all(
        isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str) for item in teachers
    ):
        raise ValueError(
            f"teachers is {teachers!r}; expected a list of (name, estimator), e.g. "
            "[('knn', KNeighborsClassifier())], or None for the student alone."
        )
    for name, teacher in teachers:
        check(teacher, f"teachers: {name!r}")
