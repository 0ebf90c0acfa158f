import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from sklearn_slr.soft_targets.routes import _logistic, _weighted_rows

EXACT = {"tol": 1e-8, "max_iter": 10_000}
# Until scikit-learn 1.7, `l1_ratio` counts only where the penalty is named.
MIXED = {"penalty": "elasticnet"} if LogisticRegression().l1_ratio is None else {}


def make_rows(n_classes, n_samples=200):
    X, _ = make_classification(n_samples, 6, random_state=0)
    P = np.random.default_rng(0).dirichlet(np.ones(n_classes), n_samples)
    return X, P, np.random.default_rng(1).uniform(0.1, 3, n_samples)


def fit(route, estimator, X, P, weight=None):
    return route.fit(clone(estimator), X, P, sample_weight=weight, fit_params={}, seed=0)


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"C": 0.05, "fit_intercept": False},
        {"C": np.inf},
        {"solver": "newton-cholesky"},
        {"class_weight": "balanced"},
        {"class_weight": {0: 3.0, 1: 0.5}},
    ],
)
def test_same_optimum_as_weighted_rows(n_classes, params):
    X, P, weight = make_rows(n_classes)
    estimator = LogisticRegression(**EXACT, **params)
    assert _logistic.handles(estimator, np.eye(2), None)
    direct = fit(_logistic, estimator, X, P, weight)
    repeated = fit(_weighted_rows, estimator, X, P, weight)
    assert type(direct) is LogisticRegression
    np.testing.assert_allclose(direct.coef_, repeated.coef_, atol=1e-5)
    np.testing.assert_allclose(direct.intercept_, repeated.intercept_, atol=1e-5)
    assert set(vars(direct)) == set(vars(repeated))
    for name in ("coef_", "intercept_", "n_iter_", "classes_"):
        assert getattr(direct, name).shape == getattr(repeated, name).shape
        assert getattr(direct, name).dtype.kind == getattr(repeated, name).dtype.kind


def measure(model, X, P, weight):
    """The objective of LogisticRegression, written out."""
    losses = -(P * model.predict_log_proba(X)).sum(axis=1)
    size, ratio = np.abs(model.coef_).sum(), model.l1_ratio
    penalty = ratio * size + (1 - ratio) / 2 * (model.coef_**2).sum()
    return weight @ losses + penalty / model.C


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("ratio", [0.5, 1.0])
def test_absolute_penalties_reach_an_optimum_as_good(n_classes, ratio):
    X, P, weight = make_rows(n_classes)
    estimator = LogisticRegression(solver="saga", l1_ratio=ratio, C=0.1, **MIXED, **EXACT)
    assert _logistic.handles(estimator, np.eye(2), None)
    direct = fit(_logistic, estimator, X, P, weight)
    repeated = fit(_weighted_rows, estimator, X, P, weight)
    np.testing.assert_allclose(direct.coef_, repeated.coef_, atol=1e-2)
    assert measure(direct, X, P, weight) <= measure(repeated, X, P, weight) * (1 + 1e-6)


def test_absolute_penalties_give_zeros():
    X, P, _ = make_rows(3)
    strong = LogisticRegression(solver="saga", l1_ratio=1.0, C=0.02, **MIXED, **EXACT)
    direct, repeated = fit(_logistic, strong, X, P), fit(_weighted_rows, strong, X, P)
    np.testing.assert_array_equal(direct.coef_ == 0, repeated.coef_ == 0)
    assert np.any(direct.coef_ == 0)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_sparse_and_single_precision_inputs(n_classes):
    X, P, _ = make_rows(n_classes)
    dense = fit(_logistic, LogisticRegression(**EXACT), X, P)
    as_sparse = fit(_logistic, LogisticRegression(**EXACT), sparse.csr_array(X), P)
    np.testing.assert_allclose(as_sparse.coef_, dense.coef_, atol=1e-6)
    single = fit(_logistic, LogisticRegression(tol=1e-5), X.astype(np.float32), P)
    assert single.coef_.dtype == single.intercept_.dtype == np.float32
    np.testing.assert_allclose(single.coef_, dense.coef_, atol=5e-3)


def test_blocks_add_up(monkeypatch):
    X, P, _ = make_rows(4, n_samples=1000)
    whole = fit(_logistic, LogisticRegression(**EXACT), X, P)
    monkeypatch.setattr(_logistic, "BLOCK_ENTRIES", 1)
    blocks = fit(_logistic, LogisticRegression(**EXACT), X, P)
    np.testing.assert_allclose(blocks.coef_, whole.coef_, atol=1e-7)


@pytest.mark.filterwarnings("ignore:'penalty' was deprecated")
def test_the_old_spelling_of_penalties():
    X, P, _ = make_rows(3)
    old = fit(_logistic, LogisticRegression(penalty=None, **EXACT), X, P)
    new = fit(_logistic, LogisticRegression(C=np.inf, **EXACT), X, P)
    np.testing.assert_allclose(old.coef_, new.coef_)
    assert _logistic.handles(LogisticRegression(penalty="l1", solver="saga"), np.eye(2), None)
    assert not _logistic.handles(
        LogisticRegression(penalty="l1", solver="liblinear"), np.eye(2), None
    )


def test_what_is_left_to_weighted_rows():
    class Mine(LogisticRegression):
        pass

    assert not _logistic.handles(LogisticRegression(solver="liblinear"), np.eye(2), None)
    assert not _logistic.handles(LogisticRegression(l1_ratio=0.5, **MIXED), np.eye(2), None)
    assert not _logistic.handles(Mine(), np.eye(2), None)


def test_too_few_iterations_warn():
    X, P, _ = make_rows(3)
    with pytest.warns(ConvergenceWarning, match="Increase max_iter"):
        model = fit(_logistic, LogisticRegression(max_iter=2, tol=1e-12), X, P)
    assert model.n_iter_.tolist() == [2]


def test_unknown_keywords_are_refused():
    X, P, _ = make_rows(3)
    with pytest.raises(TypeError, match="unexpected keyword argument 'epochs'"):
        _logistic.fit(
            LogisticRegression(), X, P, sample_weight=None, fit_params={"epochs": 1}, seed=0
        )
