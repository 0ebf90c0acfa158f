"""Targets close to one-hot give the quality of the hard fit, for every classifier."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits, make_classification
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, SGDClassifier
from sklearn.metrics import accuracy_score, recall_score
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import MinMaxScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators

from sklearn_slr.soft_targets import SoftTargetClassifier

N_TRAIN = 300
TREE = DecisionTreeClassifier(max_depth=6, random_state=0)
NB = ("nb", GaussianNB(var_smoothing=0.1))
LINEAR = ("linear", LogisticRegression(C=0.1))
SGD = SGDClassifier(alpha=0.1, random_state=0)
# What scikit-learn 1.8 began to warn of, where it is left at its default.
IS_NEW = hasattr(LogisticRegressionCV(), "use_legacy_attributes")
NEW = {"l1_ratios": (0,), "use_legacy_attributes": False} if IS_NEW else {}
CATBOOST = {"verbose": 0, "allow_writing_files": False, "thread_count": 1, "random_state": 0}

# Class -> settings at two strengths of regularisation; no setting where there is nothing to set.
SETTINGS = {
    "AdaBoostClassifier": [
        {"estimator": TREE, "n_estimators": 15},
        {"estimator": TREE, "n_estimators": 15, "learning_rate": 0.1},
    ],
    "BaggingClassifier": [{"estimator": TREE, "max_samples": 0.3}, {"estimator": SGD}],
    "BernoulliNB": [{"binarize": 0.5}, {"binarize": 0.5, "alpha": 30.0}],
    "CalibratedClassifierCV": [{"estimator": SGD, "cv": 3}, {"estimator": TREE, "cv": 3}],
    "CategoricalNB": [{"min_categories": 17}, {"min_categories": 17, "alpha": 30.0}],
    "ComplementNB": [{}, {"alpha": 30.0}],
    "DecisionTreeClassifier": [
        {"criterion": "entropy", "min_samples_leaf": 20},
        {"max_depth": 5},
    ],
    "DummyClassifier": [{}],
    "ExtraTreeClassifier": [{"max_depth": 4}, {"criterion": "entropy", "min_samples_leaf": 20}],
    "ExtraTreesClassifier": [
        {"max_depth": 4, "n_estimators": 50},
        {"criterion": "entropy", "min_samples_leaf": 20, "n_estimators": 50},
    ],
    "GaussianNB": [{"var_smoothing": 0.1}, {"var_smoothing": 1.0}],
    "GaussianProcessClassifier": [{"optimizer": None}],
    "GradientBoostingClassifier": [
        {"n_estimators": 8, "min_samples_leaf": 20},
        {"n_estimators": 8, "max_depth": 2, "learning_rate": 0.05},
    ],
    "HistGradientBoostingClassifier": [
        {"max_iter": 10, "min_samples_leaf": 60},
        {"max_iter": 10, "l2_regularization": 30.0, "scoring": "accuracy", "early_stopping": True},
    ],
    "KNeighborsClassifier": [{}, {"n_neighbors": 30}],
    "LabelPropagation": [{"gamma": 1.0}, {"gamma": 0.1}],
    "LabelSpreading": [{"gamma": 1.0}, {"gamma": 1.0, "alpha": 0.8}],
    "LinearDiscriminantAnalysis": [
        {"solver": "lsqr", "shrinkage": 0.1},
        {"solver": "lsqr", "shrinkage": 0.9},
    ],
    "LinearSVC": [{"C": 0.001}, {"C": 1.0}],
    "LogisticRegression": [{"C": 0.001}, {"C": 1.0}],
    "LogisticRegressionCV": [
        {"Cs": [C], "cv": 3, "scoring": "neg_log_loss", **NEW} for C in (0.001, 1.0)
    ],
    "MLPClassifier": [
        {"hidden_layer_sizes": (20,), "alpha": alpha, "max_iter": 60} for alpha in (0.001, 30.0)
    ],
    "MultinomialNB": [{}, {"alpha": 30.0}],
    "NearestCentroid": [{}, {"shrink_threshold": 3.0}],
    "NuSVC": [{"nu": 0.1}, {"nu": 0.5}],
    "OneVsOneClassifier": [{"estimator": SGD}],
    "OneVsRestClassifier": [
        {"estimator": SGD},
        {"estimator": SGDClassifier("log_loss", alpha=0.3)},
    ],
    "PassiveAggressiveClassifier": [{"C": 0.001}, {"C": 1.0}],
    "Perceptron": [{"penalty": "l2", "alpha": 0.001}, {"penalty": "l1", "alpha": 0.01}],
    "QuadraticDiscriminantAnalysis": [{"reg_param": 0.1}, {"reg_param": 0.9}],
    "RadiusNeighborsClassifier": [
        {"radius": radius, "outlier_label": "most_frequent"} for radius in (2.0, 3.0)
    ],
    "RandomForestClassifier": [
        {"max_depth": 4, "n_estimators": 50},
        {"criterion": "entropy", "min_samples_leaf": 20, "n_estimators": 50},
    ],
    "RidgeClassifier": [{"alpha": 1.0}, {"alpha": 1000.0}],
    "RidgeClassifierCV": [{"alphas": [1.0]}, {"alphas": [1000.0]}],
    "SGDClassifier": [{"loss": "log_loss", "alpha": 0.3}, {"loss": "modified_huber"}],
    "SVC": [{"C": 0.1}, {"C": 1.0}],
    "SelfTrainingClassifier": [{"estimator": GaussianNB(var_smoothing=0.1)}],
    "StackingClassifier": [
        {"estimators": [NB, ("sgd", SGD)], "final_estimator": LINEAR[1], "cv": 3}
    ],
    "VotingClassifier": [
        {"estimators": [NB, LINEAR, ("tree", TREE)], "voting": "soft"},
        {"estimators": [NB, ("sgd", SGDClassifier("log_loss", alpha=0.3))], "voting": "soft"},
    ],
    "xgboost.XGBClassifier": [
        {"n_estimators": 10, "max_depth": 3, "reg_lambda": 100.0, "n_jobs": 1},
        {"n_estimators": 10, "booster": "dart", "min_child_weight": 10, "n_jobs": 1},
    ],
    "xgboost.XGBRFClassifier": [
        {"n_estimators": 10, "n_jobs": 1},
        {"n_estimators": 10, "min_child_weight": 10, "n_jobs": 1},
    ],
    "lightgbm.LGBMClassifier": [
        {"n_estimators": 10, "min_child_samples": 60, "verbose": -1, "n_jobs": 1},
        {"n_estimators": 10, "boosting_type": "dart", "verbose": -1, "n_jobs": 1},
    ],
    "catboost.CatBoostClassifier": [
        {"iterations": 20, "l2_leaf_reg": 30.0, **CATBOOST},
        {"iterations": 20, "auto_class_weights": "Balanced", **CATBOOST},
    ],
    "imblearn.ensemble.BalancedBaggingClassifier": [{"estimator": TREE}, {"estimator": SGD}],
    "imblearn.ensemble.BalancedRandomForestClassifier": [
        {"n_estimators": 30},
        {"n_estimators": 30, "min_samples_leaf": 10},
    ],
    "imblearn.ensemble.EasyEnsembleClassifier": [{"estimator": SGD, "n_estimators": 5}],
    "imblearn.ensemble.RUSBoostClassifier": [
        {"estimator": TREE, "n_estimators": 15},
        {"estimator": TREE, "n_estimators": 15, "learning_rate": 0.1},
    ],
}
# They do not learn one label per row.
LEFT_OUT = {
    "ClassifierChain": "several outputs",
    "FixedThresholdClassifier": "two classes only",
    "MultiOutputClassifier": "several outputs",
    "OutputCodeClassifier": "neither probabilities nor scores",
    "TunedThresholdClassifierCV": "two classes only",
}
COUNTS = ("BernoulliNB", "CategoricalNB", "ComplementNB", "MultinomialNB")
# Case -> the reason why its accuracies differ by more than TOLERANCE; at most four.
EXCEPTIONS: dict[str, str] = {}
TOLERANCE = 0.03
SAMPLE = (
    "AdaBoostClassifier-0",
    "CalibratedClassifierCV-0",
    "DecisionTreeClassifier-0",
    "GradientBoostingClassifier-0",
    "LinearSVC-0",
    "Perceptron-1",
    "SGDClassifier-0",
    "VotingClassifier-1",
    "imblearn.ensemble.RUSBoostClassifier-0",
    "lightgbm.LGBMClassifier-1",
    "xgboost.XGBClassifier-1",
)
CASES = [f"{name}-{strength}" for name, each in SETTINGS.items() for strength in range(len(each))]


def make_estimator(case):
    name, _, strength = case.rpartition("-")
    module, _, kind = name.rpartition(".")
    known = getattr(pytest.importorskip(module), kind) if module else None
    known = known or dict(all_estimators("classifier"))[kind]
    estimator = known(**SETTINGS[name][int(strength)])
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=0)
    return (
        estimator
        if hasattr(estimator, "predict_proba")
        else CalibratedClassifierCV(estimator, cv=3)
    )


def make_problem(case):
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))[: 3 * N_TRAIN]
    X, y = X[order], y[order]
    if not case.startswith(COUNTS):
        X = MinMaxScaler((-1, 1)).fit(X[:N_TRAIN]).transform(X)
    if case.startswith("Quadratic"):  # needs more rows than features in each class
        X = PCA(8).fit(X[:N_TRAIN]).transform(X)
    return X[:N_TRAIN], y[:N_TRAIN], X[N_TRAIN:], y[N_TRAIN:]


def soften(y):
    """Return rows close to one-hot."""
    n_classes = y.max() + 1
    return 0.999 * np.eye(n_classes)[y] + 0.001 / n_classes


def test_every_classifier_has_settings():
    names = {name for name, _ in all_estimators("classifier")}
    assert names <= {*SETTINGS, *LEFT_OUT}
    assert set(SAMPLE) <= set(CASES)
    assert set(EXCEPTIONS) <= set(CASES)
    assert len(EXCEPTIONS) <= 4


@pytest.mark.parametrize(
    "case",
    [
        case if case in SAMPLE else pytest.param(case, marks=pytest.mark.exhaustive)
        for case in CASES
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_near_hard_targets_give_the_quality_of_the_hard_fit(case):
    X, y, X_test, y_test = make_problem(case)
    estimator = make_estimator(case)
    hard = accuracy_score(y_test, clone(estimator).fit(X, y).predict(X_test))
    soft = SoftTargetClassifier(estimator, random_state=0).fit(X, soften(y))
    right = accuracy_score(y_test, soft.predict(X_test))
    assert case in EXCEPTIONS or right >= hard - TOLERANCE, (soft.route_, right, hard)


RARE = {
    "imblearn.ensemble.BalancedRandomForestClassifier": {"n_estimators": 30},
    "imblearn.ensemble.BalancedBaggingClassifier": {"estimator": TREE},
    "imblearn.ensemble.EasyEnsembleClassifier": {"estimator": TREE, "n_estimators": 5},
    "imblearn.ensemble.RUSBoostClassifier": {"estimator": TREE, "n_estimators": 30},
}


@pytest.mark.parametrize("name", RARE)
@pytest.mark.filterwarnings("ignore")
def test_resampling_still_finds_the_rare_class(name):
    module, _, kind = name.rpartition(".")
    estimator = getattr(pytest.importorskip(module), kind)(**RARE[name], random_state=0)
    X, y = make_classification(4000, 8, weights=[0.9], class_sep=0.6, flip_y=0, random_state=0)
    hard = clone(estimator).fit(X[:1000], y[:1000]).predict(X[1000:])
    soft = SoftTargetClassifier(estimator, random_state=0).fit(X[:1000], soften(y[:1000]))
    expected = recall_score(y[1000:], hard)
    assert recall_score(y[1000:], soft.predict(X[1000:])) == pytest.approx(expected, abs=0.05)
