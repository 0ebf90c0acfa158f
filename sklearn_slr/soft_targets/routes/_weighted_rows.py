"""Route of classifiers that take `sample_weight`: each row is repeated once per class.

The weight of a copy is the probability of its class. The weighted log-loss of the copies is the
cross-entropy with the probability rows, so that the route is exact for any estimator that minimises
a sum over samples. Others would count the copies: an average over rows shrinks the step of every
copy, one-vs-one would train each pair on the rows of all classes, and boosting or resampling would
see all classes in all rows. So the route takes only classes that are known to add up weighted rows.
"""

import numbers

import numpy as np

from ...utils._sklearn import get_tags, index_method_params, safe_indexing
from .._class_weight import apply_class_weight
from .._fit_params import takes_weights

# Package -> classes that add up weighted rows, if the estimators inside them do; so do their
# subclasses of other packages.
SUMS_ROWS = {
    "lightgbm": {"LGBMClassifier"},
    "sklearn": {
        "BernoulliNB",
        "CalibratedClassifierCV",
        "CategoricalNB",
        "ComplementNB",
        "DecisionTreeClassifier",
        "DummyClassifier",
        "ExtraTreeClassifier",
        "ExtraTreesClassifier",
        "FrozenEstimator",
        "GaussianNB",
        "GradientBoostingClassifier",
        "GridSearchCV",
        "HistGradientBoostingClassifier",
        "LinearSVC",
        "LogisticRegression",
        "LogisticRegressionCV",
        "MultinomialNB",
        "RandomForestClassifier",
        "RandomizedSearchCV",
        "RidgeClassifier",
    },
    "xgboost": {"XGBClassifier", "XGBRFClassifier"},
}
# With these, rows are drawn, split or counted whatever their weights are.
COUNTING_FLAGS = ("bootstrap", "is_unbalance", "unbalance", "unbalanced_sets")
# Minimal numbers of rows, with the values that mean the same for rows and for copies.
ROW_COUNTS = {
    "min_child_samples": 1,
    "min_data": 1,
    "min_data_in_leaf": 1,
    "min_data_per_leaf": 1,
    "min_samples_leaf": 1,
    "min_samples_split": 2,
}
# A search over these would undo what is set here for each of its candidates.
NOT_SEARCHED = {*COUNTING_FLAGS, *ROW_COUNTS, "class_weight", "early_stopping", "estimator"}
# The weight of copies of probability 0, where every row needs the same number of copies.
TINY = 1e-12


def handles(estimator, targets, sample_weight):
    """Whether `estimator` takes sample weights, and adds up weighted rows.

    An inner split for early stopping could put copies of a row into both sets.
    """
    return (
        targets.ndim == 2
        and takes_weights(estimator)
        and not get_tags(estimator).input_tags.pairwise
        and _sums_rows(estimator, class_weights=(None, "balanced"))
    )


def _sums_rows(estimator, class_weights=(None,)):
    """Whether `estimator`, and each estimator inside it, is known to add up weighted rows."""
    # A subclass passes weights on to its base, unless it draws rows.
    kinds = [(kind.__module__.partition(".")[0], kind) for kind in type(estimator).__mro__]
    package, kind = next((pair for pair in kinds if pair[0] in SUMS_ROWS), ("", object))
    if kind.__name__ not in SUMS_ROWS.get(package, ()):
        return False
    params = estimator.get_params(deep=False)
    weight = params.get("class_weight")
    return (
        not holds_out_rows(estimator)
        and "sampling_strategy" not in params
        and not any(params.get(name) in (True,) for name in COUNTING_FLAGS)
        and (isinstance(weight, dict) or weight in class_weights)
        and NOT_SEARCHED.isdisjoint(_list_searched(params))
        and (
            type(estimator).__name__ == "FrozenEstimator"
            or all(_sums_rows(value) for value in params.values() if hasattr(value, "fit"))
        )
    )


def _list_searched(params):
    """Return the last part of the names that a search varies; "estimator" varies everything."""
    grids = params.get("param_grid", params.get("param_distributions", ()))
    grids = [grids] if hasattr(grids, "keys") else grids
    return {name.rpartition("__")[2] for grid in grids for name in grid}


def holds_out_rows(estimator):
    """Whether `estimator.fit` holds out rows for early stopping."""
    params = estimator.get_params(deep=False)
    if type(estimator).__name__ == "GradientBoostingClassifier":
        return params["n_iter_no_change"] is not None
    return params.get("early_stopping", False) not in (False, None)


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Fit on one weighted row for each sample and class of positive probability."""
    targets, sample_weight = _balance_classes(estimator, targets, sample_weight)
    targets, counts = fill_copies(estimator, targets)
    rows, classes = np.nonzero(targets)
    weights = targets[rows, classes]
    if sample_weight is not None:
        weights = weights * sample_weight[rows]
    fit_params = index_method_params(targets, fit_params, rows)
    estimator.set_params(**{name: count * targets.shape[1] for name, count in counts.items()})
    estimator.fit(safe_indexing(X, rows), classes, **{**fit_params, "sample_weight": weights})
    if not hasattr(estimator, "is_fitted"):  # CatBoost refuses, once it is fitted
        estimator.set_params(**counts)
    return estimator


def fill_copies(estimator, targets):
    """Make every row have a copy for each class, if a parameter counts rows.

    Parameters
    ----------
    estimator : estimator
        The estimator, whose parameters are read.
    targets : ndarray of shape (n_samples, k)
        Probability rows.

    Returns
    -------
    targets : ndarray of shape (n_samples, k)
        The rows; if a parameter counts rows, without zeros.
    counts : dict
        The parameters that count rows, with their values; empty if none makes a difference.
    """
    params = estimator.get_params(deep=True)
    counts = {
        name: value
        for name, value in params.items()
        if name.rpartition("__")[2] in ROW_COUNTS and isinstance(value, numbers.Integral)
    }
    if all(value <= ROW_COUNTS[name.rpartition("__")[2]] for name, value in counts.items()):
        return targets, {}
    return np.maximum(targets, TINY), counts


def _balance_classes(estimator, targets, sample_weight):
    """Balance classes by weight: many estimators would count copies and ignore their weights."""
    if estimator.get_params(deep=False).get("class_weight") != "balanced":
        return targets, sample_weight
    estimator.set_params(class_weight=None)
    return apply_class_weight(targets, sample_weight, "balanced")
