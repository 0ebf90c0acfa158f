import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.neural_network import MLPClassifier
from sklearn.utils.validation import has_fit_parameter

from sklearn_slr.soft_targets.routes import _mlp

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

TAKES_WEIGHTS = has_fit_parameter(MLPClassifier, "sample_weight")  # scikit-learn 1.7


def make_rows(n_classes):
    X, y = make_classification(200, 5, n_informative=4, n_redundant=0, n_classes=n_classes)
    P = np.random.default_rng(0).dirichlet(np.ones(n_classes), 200)
    return X, y, P


def fit(estimator, X, P, weight=None):
    return _mlp.fit(clone(estimator), X, P, sample_weight=weight, fit_params={}, seed=0)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_one_hot_rows_train_as_labels(n_classes, solver):
    X, y, _ = make_rows(n_classes)
    network = MLPClassifier((6,), solver=solver, max_iter=1000, tol=1e-2, random_state=0)
    hard, soft = clone(network).fit(X, y), fit(network, X, np.eye(n_classes)[y])
    np.testing.assert_allclose(soft.predict_proba(X), hard.predict_proba(X), atol=1e-8)
    assert type(soft) is MLPClassifier
    assert set(vars(soft)) == set(vars(hard))
    np.testing.assert_array_equal(soft.predict(X), hard.predict(X))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_it_recovers_the_mean_row(n_classes):
    P = make_rows(n_classes)[2]
    weight = np.random.default_rng(1).uniform(0.5, 2, 200) if TAKES_WEIGHTS else None
    constant = np.zeros((200, 2), dtype=np.float32)
    network = MLPClassifier((2,), solver="lbfgs", random_state=0)
    proba = fit(network, constant, P, weight).predict_proba(constant[:1])[0]
    np.testing.assert_allclose(proba, np.average(P, axis=0, weights=weight), atol=1e-3)


@pytest.mark.skipif(TAKES_WEIGHTS, reason="takes weights")
def test_old_versions_refuse_weights():
    X, _, P = make_rows(3)
    with pytest.raises(TypeError, match=r"MLPClassifier\.fit does not take it"):
        fit(MLPClassifier(), X, P, np.ones(200))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_early_stopping(n_classes):
    X, _, P = make_rows(n_classes)
    network = MLPClassifier((4,), early_stopping=True, n_iter_no_change=2, max_iter=20)
    proba = fit(network.set_params(random_state=0), X, P).predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
