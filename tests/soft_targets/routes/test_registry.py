import importlib
import pickle

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsOneClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklearn_slr.soft_targets._fit import fit_targets
from sklearn_slr.soft_targets.routes._registry import ORDER, choose_route, list_routes

HARD = np.eye(2)
SOFT = np.array([[0.7, 0.3], [0.2, 0.8]])
WEIGHT = np.array([1.0, 2.0])


def choose(*args):
    return choose_route(list_routes(fit_targets), *args).name


def test_no_route_but_two_handles_numbers():
    for name in ORDER:
        module = importlib.import_module(f"sklearn_slr.soft_targets.routes._{name}")
        assert name in ("net", "regression") or not module.handles(
            LogisticRegression(), WEIGHT, None
        )


@pytest.mark.parametrize(
    ("expected", "estimator", "targets", "weight"),
    [
        ("logistic", LogisticRegression(), SOFT, None),
        ("logistic", make_pipeline(StandardScaler(), LogisticRegression()), SOFT, None),
        ("hard", LogisticRegression(), HARD, WEIGHT),
        ("hard", KNeighborsClassifier(), HARD, None),
        ("neighbors", KNeighborsClassifier(), HARD, WEIGHT),
        ("regression", Ridge(), HARD[0], WEIGHT),
    ],
)
def test_the_first_that_handles_is_taken(expected, estimator, targets, weight):
    assert choose(estimator, targets, weight) == expected


@pytest.mark.parametrize("targets", [HARD, SOFT])
@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (GaussianNB(), "net"),
        (GaussianNB(), "hard"),
        (GaussianNB(), "regression"),
        (OneVsOneClassifier(LinearSVC()), "auto"),
    ],
)
def test_an_estimator_that_no_route_handles_is_refused(estimator, targets, name):
    kind = type(estimator).__name__
    with pytest.raises(
        TypeError, match=f"route='{name}' cannot train {kind}.*of 'net', 'logistic'"
    ):
        choose(estimator, targets, None, name)


def test_routes_can_be_sent_to_workers():
    assert pickle.loads(pickle.dumps(list_routes(fit_targets)))[0].name == "net"
