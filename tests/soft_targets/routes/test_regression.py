import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.neighbors import KNeighborsRegressor

from sklearn_slr.soft_targets.routes import _regression

X, y = np.zeros((2, 1)), np.array([0.0, 4.0])


def fit(estimator, weight=None):
    return _regression.fit(estimator, X, y, sample_weight=weight, fit_params={}, seed=0)


def test_numbers_are_handled_and_rows_are_not():
    assert _regression.handles(DummyRegressor(), y, None)
    assert not _regression.handles(DummyRegressor(), np.eye(2), None)


def test_weights_are_passed_or_refused():
    assert fit(DummyRegressor()).predict(X)[0] == 2
    assert fit(DummyRegressor(), np.array([1.0, 3.0])).predict(X)[0] == 3
    with pytest.raises(TypeError, match=r"KNeighborsRegressor\.fit does not take it"):
        fit(KNeighborsRegressor(), np.ones(2))
