"""Fit an estimator on targets as they are, with weights where it takes them."""

from sklearn.utils.validation import has_fit_parameter

from ...utils._sklearn import BaseSearchCV


def takes_weights(estimator):
    """Whether `estimator.fit` takes `sample_weight`; a search takes what its estimator takes."""
    if isinstance(estimator, BaseSearchCV):
        return takes_weights(estimator.estimator)
    return hasattr(estimator, "fit") and has_fit_parameter(estimator, "sample_weight")


def fit_hard(estimator, X, y, sample_weight, fit_params):
    """Fit `estimator` on class indices or numbers `y`, passing weights where there are any."""
    if sample_weight is not None:
        if not takes_weights(estimator):
            raise TypeError(
                f"sample_weight was given, but {type(estimator).__name__}.fit takes none: leave "
                "sample_weight out, or use an estimator that takes weights."
            )
        fit_params = {**fit_params, "sample_weight": sample_weight}
    estimator.fit(X, y, **fit_params)
    return estimator  # some forget to return themselves
