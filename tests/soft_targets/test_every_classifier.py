"""Every classifier of scikit-learn, and the three boosting libraries, on soft targets."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC
from sklearn.utils import all_estimators

from sklearn_slr.metrics import soft_log_loss
from sklearn_slr.soft_targets import SoftTargetClassifier

N_TRAIN = 300
LABELS = np.array(["a", "b", "c"])

IS_NEW = hasattr(LogisticRegressionCV(), "use_legacy_attributes")
PARAMS = {
    "BaggingClassifier": {"estimator": LogisticRegression(), "n_estimators": 5},
    "CategoricalNB": {"min_categories": 10},
    "CalibratedClassifierCV": {"estimator": LinearSVC(), "cv": 3},
    "ExtraTreesClassifier": {"n_estimators": 20},
    "FixedThresholdClassifier": {"estimator": LogisticRegression()},
    "GradientBoostingClassifier": {"n_estimators": 20},
    "HistGradientBoostingClassifier": {"max_iter": 20},
    "LogisticRegressionCV": {
        "Cs": 3,
        "cv": 3,
        "scoring": "neg_log_loss",
        # What scikit-learn 1.8 began to warn of, where it is left at its default.
        **({"l1_ratios": (0,), "use_legacy_attributes": False} if IS_NEW else {}),
    },
    "MLPClassifier": {"solver": "lbfgs", "hidden_layer_sizes": (8,), "max_iter": 2000},
    "OneVsRestClassifier": {"estimator": LogisticRegression()},
    "QuadraticDiscriminantAnalysis": {"reg_param": 0.1},
    "RadiusNeighborsClassifier": {"radius": 1.5, "outlier_label": "most_frequent"},
    "RandomForestClassifier": {"n_estimators": 20},
    "SGDClassifier": {"loss": "log_loss"},
    "StackingClassifier": {
        "estimators": [("nb", GaussianNB()), ("linear", LogisticRegression())],
        "cv": 3,
    },
    "TunedThresholdClassifierCV": {"estimator": LogisticRegression()},
    "VotingClassifier": {
        "estimators": [("nb", GaussianNB()), ("linear", LogisticRegression())],
        "voting": "soft",
    },
    "XGBClassifier": {"n_estimators": 20, "n_jobs": 1},
    "LGBMClassifier": {"n_estimators": 20, "n_jobs": 1, "verbose": -1},
    "CatBoostClassifier": {
        "iterations": 20,
        "verbose": 0,
        "allow_writing_files": False,
        "thread_count": 1,
    },
}
COUNTS = ("BernoulliNB", "CategoricalNB", "ComplementNB", "MultinomialNB")
LIBRARIES = {
    "XGBClassifier": "xgboost",
    "LGBMClassifier": "lightgbm",
    "CatBoostClassifier": "catboost",
}

# Nothing to learn from: no probabilities come out.
WITHOUT_PROBABILITIES = {
    "ClassifierChain": "several outputs",
    "FixedThresholdClassifier": "two classes only",
    "LinearSVC": "no predict_proba",
    "MultiOutputClassifier": "several outputs",
    "NuSVC": "no predict_proba by default",
    "OneVsOneClassifier": "no predict_proba",
    "OutputCodeClassifier": "no predict_proba",
    "PassiveAggressiveClassifier": "no predict_proba",
    "Perceptron": "no predict_proba",
    "RidgeClassifier": "no predict_proba",
    "RidgeClassifierCV": "no predict_proba",
    "SVC": "no predict_proba by default",
    "SelfTrainingClassifier": "learns from missing labels",
    "TunedThresholdClassifierCV": "two classes only",
}
# Learns, but its probabilities are not better for it.
NOT_BETTER = {
    "AdaBoostClassifier": "probabilities of boosted votes are near uniform, whatever the targets",
    "ComplementNB": "its scores are weights against classes, not probabilities",
    "DummyClassifier": "one distribution for all rows: noise of the sample decides",
    "GaussianProcessClassifier": "smooths hard labels by itself; drawn labels are noisier",
    "MultinomialNB": "features that are no counts: the model is wrong, whatever the targets",
}
# One-hot rows give the plain fit up to rounding or draws.
NOT_THE_HARD_FIT = {
    "BaggingClassifier": "rows are drawn by weight, which takes other random numbers",
    "CatBoostClassifier": "of more than two classes, binary cross-entropies are summed",
    "ExtraTreesClassifier": "equally good splits are told apart by rounding",
}
# Turning the classes round changes more than the order of columns.
ORDER_MATTERS = {
    "BaggingClassifier": "draws copies of rows",
    "CalibratedClassifierCV": "splits are stratified class by class",
    "DecisionTreeClassifier": "equally good splits are told apart by rounding",
    "ExtraTreeClassifier": "equally good splits are told apart by rounding",
    "ExtraTreesClassifier": "equally good splits are told apart by rounding",
    "GradientBoostingClassifier": "equally good splits are told apart by rounding",
    "LogisticRegressionCV": "splits are stratified class by class",
    "MLPClassifier": "initial weights are drawn class by class",
    "RandomForestClassifier": "equally good splits are told apart by rounding",
    "SGDClassifier": "visits copies in a shuffled order",
    "StackingClassifier": "splits are stratified class by class",
}

NAMES = [
    *(name for name, _ in all_estimators("classifier") if name not in WITHOUT_PROBABILITIES),
    *LIBRARIES,
]


def make_classifier(name):
    if name in LIBRARIES:
        kind = getattr(pytest.importorskip(LIBRARIES[name]), name)
    else:
        kind = dict(all_estimators("classifier"))[name]
    estimator = kind(**PARAMS.get(name, {}))
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=0)
    return estimator


def make_problem(name="", n_classes=3):
    """Inputs with known class probabilities: softmax scores, curved in one feature."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_TRAIN + 500, 4))
    scores = 1.5 * X @ rng.normal(size=(4, n_classes)) / 2
    scores[:, 0] += X[:, 1] ** 2 - 1
    P = np.exp(scores)
    P /= P.sum(axis=1, keepdims=True)
    if name in COUNTS:
        X = np.clip(np.round(2 * X + 4), 0, 9)
    return X[:N_TRAIN], P[:N_TRAIN], X[N_TRAIN:], P[N_TRAIN:]


def test_all_names_are_accounted_for():
    known = {name for name, _ in all_estimators("classifier")}
    assert set(WITHOUT_PROBABILITIES) <= known
    assert set(NOT_BETTER) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_learns_the_probabilities(name):
    X, P, X_test, P_test = make_problem(name)
    estimator = make_classifier(name)
    soft = SoftTargetClassifier(estimator, random_state=0).fit(X, P)
    hard = clone(estimator).fit(X, P.argmax(axis=1))
    proba = soft.predict_proba(X_test)
    assert np.all(proba >= 0)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    better = soft_log_loss(P_test, proba) < soft_log_loss(P_test, hard.predict_proba(X_test))
    assert better or name in NOT_BETTER


@pytest.mark.parametrize("name", NAMES)
def test_one_hot_rows_give_the_hard_fit(name):
    X, P, X_test, _ = make_problem(name)
    estimator = make_classifier(name)
    codes = P.argmax(axis=1)
    hard = clone(estimator).fit(X, codes).predict_proba(X_test)
    plain = SoftTargetClassifier(estimator, random_state=0).fit(X, np.eye(3)[codes])
    assert plain.route_ == "hard"
    np.testing.assert_allclose(plain.predict_proba(X_test), hard, atol=1e-12)
    route = SoftTargetClassifier(estimator, random_state=0).fit(X, P).route_
    by_route = SoftTargetClassifier(estimator, route=route, random_state=0)
    by_route.fit(X, np.eye(3)[codes])
    if name not in NOT_THE_HARD_FIT:
        np.testing.assert_allclose(by_route.predict_proba(X_test), hard, atol=2e-5)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LIBRARIES])
def test_labels_may_be_strings_and_classes_in_any_order(name):
    X, P, X_test, _ = make_problem(name)
    estimator = make_classifier(name)
    soft = SoftTargetClassifier(estimator, random_state=0)
    proba = soft.fit(X, P).predict_proba(X_test)
    named = clone(soft).fit(X, pd.DataFrame(P, columns=LABELS))
    assert named.classes_.tolist() == LABELS.tolist()
    np.testing.assert_array_equal(named.predict_proba(X_test), proba)
    assert set(named.predict(X_test)) <= set(LABELS)
    # Labels are drawn in the order of the classes.
    if named.route_ != "label_draws" and name not in ORDER_MATTERS:
        order = [2, 0, 1]
        turned = clone(soft).fit(X, pd.DataFrame(P[:, order], columns=LABELS[order]))
        assert turned.classes_.tolist() == LABELS[order].tolist()
        np.testing.assert_allclose(turned.predict_proba(X_test), proba[:, order], atol=1e-3)


def test_boosting_libraries_are_not_imported():
    code = (
        "import sys; from sklearn_slr.soft_targets import SoftTargetClassifier; "
        "SoftTargetClassifier().fit([[0.0], [1.0]], [[0.8, 0.2], [0.3, 0.7]]); "
        "assert not {'xgboost', 'lightgbm', 'catboost'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
