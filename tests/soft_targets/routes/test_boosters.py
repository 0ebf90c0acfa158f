import importlib
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, make_classification

from sklearn_slr import SLRClassifier
from sklearn_slr.soft_targets import SoftTargetClassifier
from sklearn_slr.soft_targets.routes import _boosters, _weighted_rows

PARAMS = {
    "xgboost.XGBClassifier": {"n_estimators": 8, "n_jobs": 1, "max_depth": 3},
    "lightgbm.LGBMClassifier": {"n_estimators": 8, "n_jobs": 1, "verbose": -1},
    "catboost.CatBoostClassifier": {
        "iterations": 8,
        "verbose": 0,
        "allow_writing_files": False,
        "thread_count": 1,
        "random_state": 0,
    },
}
EVERY = pytest.mark.parametrize("name", PARAMS)


def make(name, **params):
    module, kind = name.split(".")
    return getattr(pytest.importorskip(module), kind)(**PARAMS[name], **params)


def make_rows(n_classes, n_samples=400):
    X, y = make_classification(
        n_samples, 6, n_informative=5, n_redundant=0, n_classes=n_classes, random_state=0
    )
    P = np.random.default_rng(0).dirichlet(np.ones(n_classes), n_samples)
    return X, y, (np.eye(n_classes)[y] + P) / 2, np.random.default_rng(1).uniform(0.5, 2, n_samples)


def fit(route, estimator, X, P, weight=None, **fit_params):
    return route.fit(clone(estimator), X, P, sample_weight=weight, fit_params=fit_params, seed=0)


@EVERY
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_one_hot_rows_boost_as_labels(name, n_classes, weighted):
    X, y, _, weight = make_rows(n_classes)
    weight = weight if weighted else None
    hard = make(name).fit(X, y, sample_weight=weight)
    soft = fit(_boosters, make(name), X, np.eye(n_classes)[y], weight)
    assert isinstance(soft, type(hard))
    np.testing.assert_array_equal(soft.classes_, np.arange(n_classes))
    if name.startswith("catboost") and n_classes > 2:  # another loss: as good, not the same
        right = np.mean(hard.predict(X)[:, 0] == y)
        assert soft.score(X, y) == pytest.approx(right, abs=0.05)
        return
    np.testing.assert_allclose(soft.predict_proba(X), hard.predict_proba(X), atol=1e-5)
    np.testing.assert_array_equal(soft.predict(X), hard.predict(X))


@EVERY
@pytest.mark.parametrize("n_classes", [2, 3])
def test_soft_rows_learn_as_weighted_rows_and_survive_pickling(name, n_classes):
    X, _, P, weight = make_rows(n_classes)
    soft = fit(_boosters, make(name), X, P, weight)
    repeated = fit(_weighted_rows, make(name), X, P, weight).predict_proba(X)
    proba = soft.predict_proba(X)
    np.testing.assert_allclose(pickle.loads(pickle.dumps(soft)).predict_proba(X), proba, atol=1e-7)
    # Bins and leaves of LightGBM and CatBoost count rows, so that copies count more.
    tolerance = 1e-5 if name.startswith("xgboost") else 0.1
    assert np.abs(proba - repeated).mean() < tolerance
    learned = {key: value for key, value in soft.get_params().items() if not callable(value)}
    assert set(learned) >= set(make(name).get_params())


@EVERY
@pytest.mark.parametrize("n_classes", [2, 3])
def test_no_row_is_copied(name, n_classes, monkeypatch):
    X, _, P, _ = make_rows(n_classes)
    estimator, lengths = make(name), []
    kind = type(estimator)
    plain = kind.fit

    def spy(self, X, *args, **kwargs):
        lengths.append(X.shape)
        return plain(self, X, *args, **kwargs)

    monkeypatch.setattr(kind, "fit", spy)
    fit(_boosters, estimator, X, P)
    assert (len(X), X.shape[1]) in lengths  # a probe of CatBoost has one feature
    assert max(lengths) == X.shape


def test_xgboost_is_exact_in_classes_of_their_own_weight():
    X, _, P, weight = make_rows(2)
    heavy = make("xgboost.XGBClassifier", scale_pos_weight=3.0)
    soft, repeated = fit(_boosters, heavy, X, P, weight), fit(_weighted_rows, heavy, X, P, weight)
    np.testing.assert_allclose(soft.predict_proba(X), repeated.predict_proba(X), atol=1e-5)
    assert soft.scale_pos_weight == 3.0


def test_lightgbm_balances_classes():
    X, _, P, _ = make_rows(3)
    balanced = make("lightgbm.LGBMClassifier", class_weight="balanced")
    P = P * [0.1, 1, 1]
    P /= P.sum(axis=1, keepdims=True)
    plain = fit(_boosters, make("lightgbm.LGBMClassifier"), X, P).predict_proba(X)
    model = fit(_boosters, balanced, X, P)
    assert model.predict_proba(X)[:, 0].mean() > 2 * plain[:, 0].mean()
    assert model.class_weight == "balanced"
    named = fit(_boosters, balanced, X, P, categorical_feature=[0])
    np.testing.assert_allclose(named.predict_proba(X).sum(axis=1), 1)


def test_too_few_rows_for_lightgbm_features():
    X, _, P, _ = make_rows(3, n_samples=20)
    model = fit(_boosters, make("lightgbm.LGBMClassifier"), X, P)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("inputs", ["rare", "constant", "few", "no gain"])
def test_lightgbm_without_a_feature_to_split_predicts_the_mean_row(inputs, n_classes):
    X, _, P, weight = make_rows(n_classes)
    params = {"min_split_gain": 1e9} if inputs == "no gain" else {}
    if inputs == "few":
        X, P, weight = X[:35], P[:35], weight[:35]
    elif inputs != "no gain":
        X = (np.random.default_rng(0).random(X.shape) < 0.02) * float(inputs == "rare")
    model = fit(_boosters, make("lightgbm.LGBMClassifier", **params), X, P, weight)
    expected = np.average(P, axis=0, weights=weight)
    np.testing.assert_allclose(model.predict_proba(X), np.tile(expected, (len(X), 1)), atol=1e-6)
    assert model.min_child_samples == 20


def test_lightgbm_in_folds_too_small_to_split():
    X, y = load_iris(return_X_y=True)
    X, y = X[::3], y[::3]
    slr = SLRClassifier(make("lightgbm.LGBMClassifier"), refinement="posterior", random_state=0)
    assert slr.fit(X, y).score(X, y) > 0.6
    soft = SoftTargetClassifier(make("lightgbm.LGBMClassifier"), random_state=0)
    soft.fit(X, 0.999 * np.eye(3)[y] + 0.001 / 3)
    plain = make("lightgbm.LGBMClassifier").fit(X, y)
    np.testing.assert_array_equal(soft.predict(X), plain.predict(X))


def test_other_errors_of_a_library_are_raised():
    X, _, P, _ = make_rows(2)
    lightgbm = pytest.importorskip("lightgbm")
    with pytest.raises(lightgbm.basic.LightGBMError):
        fit(_boosters, make("lightgbm.LGBMClassifier", num_leaves=0), X, P)


def test_validation_sets_go_with_weighted_rows():
    X, y, P, _ = make_rows(3)
    model = fit(_boosters, make("xgboost.XGBClassifier"), X, P, eval_set=[(X, y)], verbose=False)
    assert "validation_0" in model.evals_result()


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("xgboost.XGBClassifier", {"booster": "dart"}),
        ("xgboost.XGBClassifier", {"early_stopping_rounds": 3}),
        ("lightgbm.LGBMClassifier", {"boosting_type": "dart"}),
        ("lightgbm.LGBMClassifier", {"is_unbalance": True}),
        ("catboost.CatBoostClassifier", {"auto_class_weights": "Balanced"}),
    ],
)
def test_what_is_left_to_weighted_rows(name, params):
    assert _boosters.handles(make(name), np.eye(2), None)
    assert not _boosters.handles(make(name, **params), np.eye(2), None)


def test_only_the_libraries_own_classes_are_handled():
    xgboost = pytest.importorskip("xgboost")
    assert importlib.util.find_spec("xgboost")
    assert not _boosters.handles(xgboost.XGBRFClassifier(), np.eye(2), None)
    assert not _boosters.handles(object(), np.eye(2), None)
