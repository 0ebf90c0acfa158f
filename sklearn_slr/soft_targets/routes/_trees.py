"""Route of trees and forests: one regression tree on all columns of the probability rows. Exact.

Summed over the columns, the decrease in squared error of a split is the decrease in Gini impurity
of the weighted rows: the splits are the same, and no row is copied. Leaves hold the mean row. The
regression trees are then converted to classification trees, so that all that scikit-learn offers
for fitted trees and forests works.

Nodes of soft rows are never pure, so that trees grow deeper, and every split reads every column:
many classes cost more. Cheaper ways learn less from the rows. Trees grown on the most probable
labels, with mean rows in the leaves, are further from known probabilities; drawn labels and random
projections of the columns have a worse log-loss or accuracy.
"""

import numpy as np
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from .._class_weight import apply_class_weight

TREES = {
    DecisionTreeClassifier: DecisionTreeRegressor,
    ExtraTreeClassifier: ExtraTreeRegressor,
}
FORESTS = {
    RandomForestClassifier: (RandomForestRegressor, DecisionTreeClassifier),
    ExtraTreesClassifier: (ExtraTreesRegressor, ExtraTreeClassifier),
}


def handles(estimator, targets, sample_weight):
    """Whether `estimator` is a tree or forest that splits by Gini impurity."""
    return (
        targets.ndim == 2
        and (type(estimator) in TREES or type(estimator) in FORESTS)
        and estimator.criterion == "gini"
        and estimator.monotonic_cst is None
    )


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Grow regression trees on the probability rows, and convert them to the classifier's."""
    estimator._validate_params()
    n_classes = targets.shape[1]
    rows, weights = apply_class_weight(
        targets, sample_weight, _class_weight(estimator), counts_weighted=False
    )
    is_forest = type(estimator) in FORESTS
    kind = FORESTS[type(estimator)][0] if is_forest else TREES[type(estimator)]
    regressor = kind(**_regression_params(estimator, kind, n_classes))
    # Two columns hold the same information twice.
    columns = rows[:, 1] if n_classes == 2 else rows
    regressor.fit(X, columns, sample_weight=weights, **fit_params)
    if not is_forest:
        return _convert_tree(estimator, regressor, n_classes)
    return _convert_forest(estimator, regressor, n_classes, targets)


def _class_weight(estimator):
    """Return the class weights; the counts of a bootstrap are close to those of all samples."""
    balanced = estimator.class_weight == "balanced_subsample"
    return "balanced" if balanced else estimator.class_weight


def _regression_params(estimator, kind, n_classes):
    """Translate the classifier's parameters to those of a regressor on its rows.

    The classifier's `max_features` is kept ("sqrt" for forests, where regressors take all).
    Thresholds on Gini impurity become thresholds on squared error, which is 1 / n_classes of it.
    """
    params = estimator.get_params(deep=False)
    params = {name: params[name] for name in kind().get_params(deep=False)}
    params["criterion"] = "squared_error"
    params["min_impurity_decrease"] = estimator.min_impurity_decrease / n_classes
    params["ccp_alpha"] = estimator.ccp_alpha / n_classes
    return params


def _get_learned(regressor):
    """Return the learned attributes of a regressor."""
    params = {*regressor.get_params(deep=False), "estimator", "estimator_params"}
    return {name: value for name, value in vars(regressor).items() if name not in params}


def _convert_tree(classifier, regressor, n_classes):
    """Give a classification tree the structure and the leaves of a regression tree."""
    vars(classifier).update(_get_learned(regressor))
    classifier.n_outputs_ = 1
    classifier.classes_ = np.arange(n_classes)
    classifier.n_classes_ = np.intp(n_classes)
    grown = regressor.tree_
    state = grown.__getstate__()
    values = state["values"].reshape(len(state["values"]), 1, -1)
    if n_classes == 2:
        values = np.concatenate([1 - values, values], axis=2)
    # Means of rounded rows can leave [0, 1] by one unit in the last place. Multiples of 2**-44 add
    # up without error over hundreds of trees: classes that are equally likely stay so.
    values = np.ascontiguousarray(np.round(np.clip(values, 0, 1) * 2.0**44) / 2.0**44)
    nodes = state["nodes"].copy()
    nodes["impurity"] = 1 - (values**2).sum(axis=(1, 2))
    tree = type(grown)(grown.n_features, np.array([n_classes], dtype=np.intp), 1)
    tree.__setstate__({**state, "nodes": nodes, "values": values})
    classifier.tree_ = tree
    return classifier


def _convert_forest(classifier, regressor, n_classes, targets):
    """Give a classification forest the trees of a regression forest."""
    learned = _get_learned(regressor)
    tree_kind = FORESTS[type(classifier)][1]
    shared = set(tree_kind().get_params()) & set(regressor.estimators_[0].get_params())
    grown = learned.pop("estimators_")
    trees = []
    while grown:
        # Regression trees are freed one by one: leaves of many classes are large.
        tree = grown.pop(0)
        params = {name: getattr(tree, name) for name in shared}
        params |= {
            "criterion": classifier.criterion,
            "ccp_alpha": classifier.ccp_alpha,
            "min_impurity_decrease": classifier.min_impurity_decrease,
        }
        trees.append(_convert_tree(tree_kind(**params), tree, n_classes))
    vars(classifier).update(learned)
    classifier.estimator_ = tree_kind()
    classifier.estimators_ = trees
    classifier.n_outputs_ = 1
    classifier.classes_ = np.arange(n_classes)
    classifier.n_classes_ = np.intp(n_classes)
    if classifier.oob_score:
        _set_oob(classifier, learned["oob_prediction_"], targets)
    return classifier


def _set_oob(classifier, proba, targets):
    """Set out-of-bag probabilities, and their score on the most probable labels."""
    vars(classifier).pop("oob_prediction_")
    if proba.ndim == 1:
        proba = np.column_stack([1 - proba, proba])
    codes, predicted = targets.argmax(axis=1), proba.argmax(axis=1)
    score = classifier.oob_score
    classifier.oob_decision_function_ = proba
    classifier.oob_score_ = (
        score(codes, predicted) if callable(score) else float(np.mean(codes == predicted))
    )
