"""The estimators, and the soft targets that they learn from."""

import importlib.util

import numpy as np
from sklearn.datasets import make_classification
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

CLASSES = (3, 10, 100)


def make_estimators(n_classes):
    """Return the estimators; with many classes, fewer trees."""
    trees = 30 if n_classes <= 10 else 5
    found = [
        LogisticRegression(max_iter=500),
        RandomForestClassifier(trees),
        ExtraTreesClassifier(trees),
        DecisionTreeClassifier(),
        HistGradientBoostingClassifier(max_iter=trees, early_stopping=False),
        KNeighborsClassifier(20),
        MLPClassifier((64,), max_iter=20),
        GaussianNB(),
        LinearDiscriminantAnalysis(),
        VotingClassifier([("a", LogisticRegression()), ("b", GaussianNB())], voting="soft"),
    ]
    if importlib.util.find_spec("xgboost"):
        from xgboost import XGBClassifier

        found.append(XGBClassifier(n_estimators=trees, n_jobs=1))
    if importlib.util.find_spec("lightgbm"):
        from lightgbm import LGBMClassifier

        found.append(LGBMClassifier(n_estimators=trees, n_jobs=1, verbose=-1))
    if importlib.util.find_spec("catboost"):
        from catboost import CatBoostClassifier

        quiet = {"verbose": 0, "allow_writing_files": False, "thread_count": 1}
        found.append(CatBoostClassifier(iterations=trees, **quiet))
    return found


def make_problem(n_samples, n_classes, seed):
    """Return noisy training rows, their observed labels, soft targets, and a clean test set."""
    rng = np.random.default_rng(seed)
    X, y = make_classification(
        n_samples + 4000,
        50,
        n_informative=15,
        n_redundant=5,
        n_classes=n_classes,
        n_clusters_per_class=2 if n_classes < 50 else 1,
        class_sep=1.5,
        flip_y=0,
        random_state=seed,
    )
    X, X_test, truth, y_test = X[:n_samples], X[n_samples:], y[:n_samples], y[n_samples:]
    observed = np.where(rng.random(n_samples) < 0.2, rng.integers(n_classes, size=n_samples), truth)
    teacher = MLPClassifier((64,), max_iter=8, random_state=0)
    P = cross_val_predict(teacher, X, observed, cv=3, method="predict_proba")
    return X, observed, (np.eye(n_classes)[observed] + P) / 2, X_test, y_test
