import numpy as np
import pytest
from scipy import linalg
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)

from sklearn_slr.soft_targets.routes import _discriminant_analysis

KINDS = [
    LinearDiscriminantAnalysis(),
    LinearDiscriminantAnalysis(store_covariance=True, priors=[0.2, 0.3, 0.5]),
    LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3),
    LinearDiscriminantAnalysis(solver="eigen", n_components=1),
    LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.3),
    QuadraticDiscriminantAnalysis(reg_param=0.1, store_covariance=True),
]
if hasattr(QuadraticDiscriminantAnalysis(), "solver"):  # scikit-learn 1.8
    KINDS.append(QuadraticDiscriminantAnalysis(solver="eigen", shrinkage=0.2))
X, Y = make_classification(300, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=0)
P = np.random.default_rng(0).dirichlet(np.ones(3), 300)


def fit(estimator, X=X, P=P, weight=None):
    return _discriminant_analysis.fit(
        clone(estimator), X, P, sample_weight=weight, fit_params={}, seed=0
    )


@pytest.mark.parametrize("estimator", KINDS, ids=str)
def test_one_hot_rows_are_labels(estimator):
    hard, soft = clone(estimator).fit(X, Y), fit(estimator, P=np.eye(3)[Y])
    np.testing.assert_allclose(soft.predict_proba(X), hard.predict_proba(X), atol=1e-8)
    assert set(vars(soft)) == set(vars(hard))
    for name in ("means_", "priors_", "covariance_", "explained_variance_ratio_"):
        if hasattr(hard, name):
            np.testing.assert_allclose(getattr(soft, name), getattr(hard, name), atol=1e-8)
    if hasattr(hard, "transform") and hard.solver != "lsqr":
        ours, theirs = soft.transform(X), hard.transform(X)
        np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-7)


def test_old_versions_divide_by_degrees_of_freedom(monkeypatch):
    x = np.array([[0.0], [2.0], [4.0], [10.0], [16.0]])
    rows = np.eye(2)[[0, 0, 0, 1, 1]]
    plain = QuadraticDiscriminantAnalysis()
    for by_freedom, variances in ((False, [8 / 3, 9.0]), (True, [4.0, 18.0])):
        monkeypatch.setattr(_discriminant_analysis, "SCATTER_BY_FREEDOM", by_freedom)
        soft = fit(plain, x, rows)
        np.testing.assert_allclose([values[0] for values in soft.scalings_], variances)
    assert _discriminant_analysis._scatter_scale(0.5, 1) == 1.0


@pytest.mark.parametrize("estimator", KINDS, ids=str)
def test_a_mixed_row_is_two_rows(estimator):
    """A row of 1/2, 1/2 and weight 2 counts as one row in either class."""
    hard = clone(estimator).fit(np.vstack([X, X]), np.r_[Y, (Y + 1) % 3])
    mixed = (np.eye(3)[Y] + np.eye(3)[(Y + 1) % 3]) / 2
    soft = fit(estimator, P=mixed, weight=np.full(300, 2.0))
    np.testing.assert_allclose(soft.predict_proba(X), hard.predict_proba(X), atol=1e-8)


def test_two_classes():
    for kind in (LinearDiscriminantAnalysis(), QuadraticDiscriminantAnalysis()):
        hard, soft = clone(kind).fit(X, Y > 0), fit(kind, P=np.eye(2)[(Y > 0).astype(int)])
        np.testing.assert_allclose(soft.decision_function(X), hard.decision_function(X), atol=1e-8)


def test_errors_are_those_of_labels():
    with pytest.raises(ValueError, match="n_components"):
        fit(LinearDiscriminantAnalysis(n_components=3))
    with pytest.raises(ValueError, match="non-negative"):
        fit(LinearDiscriminantAnalysis(priors=[-1, 1, 1]))
    with pytest.warns(UserWarning, match="Renormalizing"):
        fit(LinearDiscriminantAnalysis(priors=[1, 1, 1]))
    with pytest.raises(linalg.LinAlgError, match="not full rank"):
        fit(QuadraticDiscriminantAnalysis(), X=X[:, [0, 0, 1]])


def test_estimates_that_need_samples_are_left_to_draws():
    assert not _discriminant_analysis.handles(
        LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"), np.eye(2), None
    )
    assert not _discriminant_analysis.handles(
        LinearDiscriminantAnalysis(shrinkage=0.1), np.eye(2), None
    )
