import pickle

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_slr.soft_targets import SoftTargetClassifier
from sklearn_slr.soft_targets.routes import _boosters_catboost, _weighted_rows

catboost = pytest.importorskip("catboost")
QUIET = {"verbose": 0, "allow_writing_files": False, "thread_count": 1, "random_state": 0}


def make_rows(n_classes=4):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    return X, rng.dirichlet(np.ones(n_classes) / 2, 200), rng.uniform(0.5, 2, 200)


def fit(estimator, X, P, weight=None):
    return _boosters_catboost.fit_catboost(estimator, X, P, weight, {})


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_leaves_hold_the_mean_row(n_classes):
    P, weight = make_rows(n_classes)[1:]
    group = np.repeat([0, 1], 100)
    plain = catboost.CatBoostClassifier(
        iterations=60, learning_rate=0.5, l2_leaf_reg=0, bootstrap_type="No", depth=1, **QUIET
    )
    proba = fit(plain, group[:, None].astype(float), P, weight).predict_proba([[0.0], [1.0]])
    for code in (0, 1):
        mean = np.average(P[group == code], axis=0, weights=weight[group == code])
        np.testing.assert_allclose(proba[code], mean, atol=1e-4)


def test_predictions_are_those_of_a_classifier():
    X, P, _ = make_rows()
    soft = fit(catboost.CatBoostClassifier(iterations=10, **QUIET), X, P)
    hard = catboost.CatBoostClassifier(iterations=10, **QUIET).fit(X, P.argmax(axis=1))
    proba = soft.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(soft.predict_log_proba(X)), proba)
    np.testing.assert_array_equal(soft.predict(X, prediction_type="Probability"), proba)
    np.testing.assert_allclose(np.exp(soft.predict(X, "LogProbability")), proba)
    assert soft.predict(X).shape == hard.predict(X).shape
    assert soft.predict(X[0]).shape == hard.predict(X[0]).shape
    np.testing.assert_array_equal(soft.predict(X)[:, 0], proba.argmax(axis=1))
    assert soft.score(X, P.argmax(axis=1)) == np.mean(proba.argmax(axis=1) == P.argmax(axis=1))
    raw = soft.predict(X, "RawFormulaVal")
    np.testing.assert_array_equal(raw.argmax(axis=1), proba.argmax(axis=1))
    again = pickle.loads(pickle.dumps(soft))
    assert type(again) is type(soft) is _boosters_catboost.SoftCatBoostClassifier
    np.testing.assert_array_equal(again.predict_proba(X), proba)
    assert clone(soft).get_params() == soft.get_params()


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("params", [{}, {"iterations": 50, "reg_lambda": 5.0}, {"eta": 0.2}])
def test_the_learning_rate_is_that_of_labels(n_classes, params):
    X, P, _ = make_rows(n_classes)
    params = {"iterations": 20, **params, **QUIET}
    hard = catboost.CatBoostClassifier(**params).fit(X, P.argmax(axis=1))
    soft = fit(catboost.CatBoostClassifier(**params), X, P)
    assert soft.learning_rate_ == pytest.approx(hard.learning_rate_, rel=1e-6)


def test_it_learns_as_well_as_weighted_rows():
    # Known probabilities, of which a training row shows a noisy version.
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1400, 4))
    truth = np.exp(X @ rng.normal(size=(4, 4)))
    truth /= truth.sum(axis=1, keepdims=True)
    P = np.array([rng.dirichlet(3 * row + 1e-3) for row in truth])
    plain = catboost.CatBoostClassifier(iterations=40, **QUIET)
    soft = SoftTargetClassifier(plain).fit(X[:400], P[:400])
    assert soft.route_ == "boosters"
    repeated = _weighted_rows.fit(
        clone(plain), X[:400], P[:400], sample_weight=None, fit_params={}, seed=0
    )

    def loss(model):
        return -np.mean((truth[400:] * np.log(model.predict_proba(X[400:]))).sum(axis=1))

    assert loss(soft) < loss(repeated)


def test_the_module_has_nothing_else():
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = _boosters_catboost.Nothing
