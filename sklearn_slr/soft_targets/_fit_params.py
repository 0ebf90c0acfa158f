"""What is passed to an estimator's `fit`."""

from sklearn.utils.validation import has_fit_parameter

from ..utils._sklearn import BaseSearchCV


def takes_weights(estimator):
    """Whether `estimator.fit` takes `sample_weight`; a search takes what its estimator takes."""
    if isinstance(estimator, BaseSearchCV):
        return takes_weights(estimator.estimator)
    return hasattr(estimator, "fit") and has_fit_parameter(estimator, "sample_weight")


def add_weights(estimator, fit_params, sample_weight):
    """Return the keywords of `estimator.fit` with the sample weights, if there are any."""
    if sample_weight is None:
        return fit_params
    if not takes_weights(estimator):
        raise TypeError(
            f"sample_weight was given, but {type(estimator).__name__}.fit does not take it: leave "
            "sample_weight out, or use an estimator that takes it."
        )
    return {**fit_params, "sample_weight": sample_weight}


def refuse_fit_params(estimator, fit_params):
    """Raise the error that Python raises if `fit` does not know a keyword."""
    if fit_params:
        raise TypeError(
            f"{type(estimator).__name__}.fit() got an unexpected keyword argument "
            f"{next(iter(fit_params))!r}"
        )
