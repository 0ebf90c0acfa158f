import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from sklearn_slr.soft_targets.routes._hard import fit_hard, takes_weights


def test_who_takes_weights():
    assert takes_weights(LogisticRegression())
    assert takes_weights(GridSearchCV(LogisticRegression(), {}))
    assert not takes_weights(KNeighborsClassifier())
    assert not takes_weights(GridSearchCV(KNeighborsClassifier(), {}))
    assert not takes_weights(make_pipeline(LogisticRegression()))
    assert not takes_weights("drop")


def test_weights_are_passed_where_there_are_any():
    X, y = np.zeros((4, 1)), np.array([0, 0, 0, 1])
    assert fit_hard(DummyClassifier(), X, y, None, {}).class_prior_.tolist() == [0.75, 0.25]
    weighted = fit_hard(DummyClassifier(), X, y, np.array([1, 1, 1, 3.0]), {})
    assert weighted.class_prior_.tolist() == [0.5, 0.5]
    with pytest.raises(TypeError, match=r"KNeighborsClassifier\.fit takes none"):
        fit_hard(KNeighborsClassifier(), X, y, np.ones(4), {})


def test_an_estimator_that_forgets_to_return_itself():
    class Forgetful(DummyClassifier):
        def fit(self, X, y):
            super().fit(X, y)

    model = Forgetful()
    assert fit_hard(model, np.zeros((2, 1)), np.array([0, 1]), None, {}) is model
