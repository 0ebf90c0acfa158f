import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils.validation import has_fit_parameter

from sklearn_slr.soft_targets.routes import _hist_gradient_boosting, _weighted_rows

EXACT_TYPE = HistGradientBoostingClassifier


def make_rows(n_classes, n_samples=600):
    X, y = make_classification(
        n_samples, 6, n_informative=5, n_redundant=0, n_classes=n_classes, random_state=0
    )
    X[::7, 1] = np.nan
    P = np.random.default_rng(0).dirichlet(np.ones(n_classes), n_samples)
    return X, y, (np.eye(n_classes)[y] + P) / 2


def fit(route, estimator, X, P, weight=None, **fit_params):
    return route.fit(clone(estimator), X, P, sample_weight=weight, fit_params=fit_params, seed=0)


@pytest.mark.parametrize(
    ("n_classes", "weighted", "params"),
    [(2, False, {"class_weight": "balanced"}), (3, True, {"max_depth": 2}), (3, False, {})],
)
def test_one_hot_rows_grow_the_hard_trees(n_classes, weighted, params):
    X, y, _ = make_rows(n_classes)
    weight = np.random.default_rng(1).uniform(0.5, 2, len(X)) if weighted else None
    estimator = EXACT_TYPE(max_iter=8, **params)
    hard = clone(estimator).fit(X, y, sample_weight=weight)
    soft = fit(_hist_gradient_boosting, estimator, X, np.eye(n_classes)[y], weight)
    assert type(soft) is EXACT_TYPE
    np.testing.assert_allclose(soft.predict_proba(X), hard.predict_proba(X), atol=1e-6)
    assert soft.get_params() == hard.get_params()
    assert type(soft._loss) is type(hard._loss)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_same_trees_as_weighted_rows_where_bins_and_leaves_do_not_count_rows(n_classes):
    X, _, P = make_rows(n_classes)
    X = np.round(X, 1)  # fewer values than bins
    estimator = EXACT_TYPE(max_iter=8, max_leaf_nodes=6, min_samples_leaf=1)
    soft = fit(_hist_gradient_boosting, estimator, X, P)
    repeated = fit(_weighted_rows, estimator, X, P)
    np.testing.assert_allclose(soft.predict_proba(X), repeated.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("validation_fraction", [0.2, None])
def test_early_stopping_sees_rows_not_copies(n_classes, validation_fraction):
    X, _, P = make_rows(n_classes, n_samples=1000)
    P = np.random.default_rng(2).permutation(P)  # nothing to learn
    estimator = EXACT_TYPE(
        max_iter=60,
        early_stopping=True,
        n_iter_no_change=4,
        validation_fraction=validation_fraction,
        random_state=0,
    )
    soft = fit(_hist_gradient_boosting, estimator, X, P, np.full(len(X), 0.5))
    if validation_fraction:
        assert soft.n_iter_ < 15
        assert np.all(soft.validation_score_ < 0)
    start = -(P.mean(axis=0) * np.log(P.mean(axis=0))).sum()
    assert soft.train_score_[0] == pytest.approx(-start, abs=0.02)


def test_categories_and_names():
    X, _, P = make_rows(3)
    frame = pd.DataFrame(X, columns=list("abcdef"))
    frame["a"] = pd.Categorical(np.where(np.nan_to_num(X[:, 0]) > 0, "up", "down"))
    soft = fit(_hist_gradient_boosting, EXACT_TYPE(max_iter=5), frame, P)
    assert soft.feature_names_in_.tolist() == list("abcdef")
    assert soft.is_categorical_.tolist() == [True] + [False] * 5
    np.testing.assert_allclose(soft.predict_proba(frame).sum(axis=1), 1)


@pytest.mark.skipif(not has_fit_parameter(EXACT_TYPE, "X_val"), reason="scikit-learn 1.6")
def test_validation_sets_go_with_weighted_rows():
    X, y, P = make_rows(3)
    estimator = EXACT_TYPE(max_iter=4, early_stopping=True)
    model = fit(_hist_gradient_boosting, estimator, X, P, X_val=X[:50], y_val=y[:50])
    assert len(model.validation_score_)


def test_what_is_left_to_others():
    handles = _hist_gradient_boosting.handles
    assert handles(EXACT_TYPE(), np.eye(2), None)
    assert not handles(EXACT_TYPE(scoring="accuracy"), np.eye(2), None)
    assert handles(EXACT_TYPE(scoring="accuracy", early_stopping=False), np.eye(2), None)
    assert not _weighted_rows.handles(EXACT_TYPE(scoring="accuracy"), np.eye(2), None)
