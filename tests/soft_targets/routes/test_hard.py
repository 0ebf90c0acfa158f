import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.neighbors import KNeighborsClassifier

from sklearn_slr.soft_targets.routes import _hard

X, ROWS = np.zeros((4, 1)), np.eye(2)[[0, 0, 0, 1]]
WEIGHT = np.array([1, 1, 1, 3.0])


def fit(estimator, weight=None):
    return _hard.fit(estimator, X, ROWS, sample_weight=weight, fit_params={}, seed=0)


def test_labels_without_doubt_are_handled():
    assert _hard.handles(DummyClassifier(), ROWS, WEIGHT)
    assert not _hard.handles(DummyClassifier(), 0.9 * ROWS + 0.05, None)
    assert not _hard.handles(DummyClassifier(), ROWS[:, 0], None)


def test_weights_are_left_to_other_routes_if_the_estimator_does_not_take_them():
    assert _hard.handles(KNeighborsClassifier(), ROWS, None)
    assert not _hard.handles(KNeighborsClassifier(), ROWS, WEIGHT)


def test_it_is_the_plain_fit():
    assert fit(DummyClassifier()).class_prior_.tolist() == [0.75, 0.25]
    assert fit(DummyClassifier(), WEIGHT).class_prior_.tolist() == [0.5, 0.5]


def test_an_estimator_whose_fit_does_not_return_it():
    class Forgetful(DummyClassifier):
        def fit(self, X, y):
            super().fit(X, y)

    model = Forgetful()
    assert fit(model) is model
