import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier, export_text

from sklearn_slr.soft_targets.routes import _trees, _weighted_rows

TREES = [
    DecisionTreeClassifier(random_state=0),
    DecisionTreeClassifier(
        max_depth=4, ccp_alpha=0.003, min_impurity_decrease=0.002, random_state=0
    ),
    DecisionTreeClassifier(min_samples_leaf=7, max_leaf_nodes=12, random_state=0),
    ExtraTreeClassifier(max_depth=4, random_state=0),
    RandomForestClassifier(8, max_depth=5, random_state=0),
    ExtraTreesClassifier(8, max_depth=5, random_state=0),
]


def make_rows(n_classes):
    X, y = make_classification(
        300, 8, n_informative=6, n_classes=n_classes, random_state=0, shuffle=False
    )
    P = np.random.default_rng(0).dirichlet(np.ones(n_classes) / 2, 300)
    return X, y, (np.eye(n_classes)[y] + P) / 2


def fit(route, estimator, X, P, weight=None):
    return route.fit(clone(estimator), X, P, sample_weight=weight, fit_params={}, seed=0)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("estimator", TREES, ids=lambda e: type(e).__name__)
def test_one_hot_rows_grow_the_hard_trees(estimator, n_classes):
    X, y, _ = make_rows(n_classes)
    hard = clone(estimator).fit(X, y)
    soft = fit(_trees, estimator, X, np.eye(n_classes)[y])
    assert type(soft) is type(hard)
    np.testing.assert_allclose(soft.predict_proba(X), hard.predict_proba(X), atol=1e-12)
    np.testing.assert_allclose(soft.feature_importances_, hard.feature_importances_, atol=1e-12)
    np.testing.assert_array_equal(soft.apply(X), hard.apply(X))
    assert set(vars(hard)) == set(vars(soft))


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("params", [{}, {"class_weight": "balanced"}, {"ccp_alpha": 0.01}])
def test_a_tree_is_that_of_weighted_rows(n_classes, params):
    X, _, P = make_rows(n_classes)
    weight = np.random.default_rng(1).uniform(0.5, 2, len(X))
    tree = DecisionTreeClassifier(max_depth=4, random_state=0, **params)
    if params.get("class_weight"):  # trees count copies, not their weights
        weight = None
    soft, repeated = fit(_trees, tree, X, P, weight), fit(_weighted_rows, tree, X, P, weight)
    np.testing.assert_allclose(soft.predict_proba(X), repeated.predict_proba(X), atol=1e-10)
    ours, theirs = np.sort(soft.tree_.impurity), np.sort(repeated.tree_.impurity)
    np.testing.assert_allclose(ours, theirs, atol=1e-10)


def test_the_converted_forest_is_a_forest():
    X, y, P = make_rows(3)
    forest = RandomForestClassifier(40, oob_score=True, random_state=0, n_jobs=2)
    soft = fit(_trees, forest, X, P)
    assert soft.oob_decision_function_.shape == (300, 3)
    assert soft.oob_score_ == np.mean(
        soft.oob_decision_function_.argmax(axis=1) == P.argmax(axis=1)
    )
    assert not hasattr(soft, "oob_prediction_")
    assert isinstance(soft.estimators_[0], DecisionTreeClassifier)
    assert soft.estimators_[0].criterion == "gini"
    assert "class: " in export_text(soft.estimators_[0])
    again = pickle.loads(pickle.dumps(soft))
    np.testing.assert_allclose(again.predict_proba(X), soft.predict_proba(X))
    assert soft.score(X, y) > 0.9


def test_missing_values():
    X, _, P = make_rows(3)
    X = X.copy()
    X[::5, 0] = np.nan
    proba = fit(_trees, RandomForestClassifier(5, random_state=0), X, P).predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)


def test_what_is_left_to_weighted_rows():
    assert _trees.handles(RandomForestClassifier(), np.eye(2), None)
    assert not _trees.handles(RandomForestClassifier(criterion="entropy"), np.eye(2), None)
    assert not _trees.handles(DecisionTreeClassifier(monotonic_cst=[1]), np.eye(2), None)


def test_balanced_subsample_balances():
    X, _, P = make_rows(2)
    P = P * [0.9, 0.1]
    P = P / P.sum(axis=1, keepdims=True)
    plain = fit(_trees, RandomForestClassifier(10, max_depth=2, random_state=0), X, P)
    forest = RandomForestClassifier(
        10, max_depth=2, class_weight="balanced_subsample", random_state=0
    )
    balanced = fit(_trees, forest, X, P)
    assert balanced.predict_proba(X)[:, 1].mean() > 1.5 * plain.predict_proba(X)[:, 1].mean()
