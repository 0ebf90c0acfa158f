import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.gaussian_process import GaussianProcessClassifier

from sklearn_slr.soft_targets.routes import _label_draws

X = np.zeros((2000, 1))
P = np.tile([0.2, 0.5, 0.3], (2000, 1))


def test_labels_are_drawn_from_the_rows():
    model = _label_draws.fit(DummyClassifier(), X, P, sample_weight=None, fit_params={}, seed=0)
    assert len(model.members) == _label_draws.N_DRAWS
    priors = [member.class_prior_ for _, member in model.members]
    np.testing.assert_allclose(np.mean(priors, axis=0), P[0], atol=0.02)
    assert np.std(priors, axis=0).min() > 0
    np.testing.assert_allclose(model.predict_proba(X[:1]), [np.mean(priors, axis=0)])
    assert model.predict(X[:2]).tolist() == [1, 1]
    assert model.classes_.tolist() == [0, 1, 2]


def test_the_seed_decides():
    def proba(seed):
        model = _label_draws.fit(
            DummyClassifier(), X, P, sample_weight=None, fit_params={}, seed=seed
        )
        return model.predict_proba(X[:1])

    np.testing.assert_array_equal(proba(3), proba(3))
    assert np.any(proba(3) != proba(4))


def test_a_class_that_was_not_drawn():
    rows = np.array([[1, 0, 0], [0, 1, 0], [1 - 1e-9, 0, 1e-9]])
    estimator = GaussianProcessClassifier()
    model = _label_draws.fit(
        estimator, np.arange(3.0)[:, None], rows, sample_weight=None, fit_params={}, seed=0
    )
    proba = model.predict_proba(np.arange(3.0)[:, None])
    np.testing.assert_array_equal(proba[:, 2], 0)
    np.testing.assert_allclose(proba.sum(axis=1), 1)


def test_weights_are_passed_or_refused():
    weight = np.where(np.arange(2000) < 1000, 100.0, 1.0)
    halves = np.repeat([[1.0, 0.0], [0.0, 1.0]], 1000, axis=0)
    model = _label_draws.fit(
        DummyClassifier(), X, halves, sample_weight=weight, fit_params={}, seed=0
    )
    assert model.predict_proba(X[:1])[0, 0] > 0.9
    with pytest.raises(TypeError, match="fit does not take it"):
        _label_draws.fit(
            GaussianProcessClassifier(), X, halves, sample_weight=weight, fit_params={}, seed=0
        )


def test_members_predict_in_the_order_of_their_own_classes():
    class Backwards(DummyClassifier):
        def fit(self, X, y):
            super().fit(X, y)
            self.classes_ = self.classes_[::-1]
            return self

        def predict_proba(self, X):
            return np.tile(self.class_prior_[::-1], (len(X), 1))

    args = {"sample_weight": None, "fit_params": {}, "seed": 0}
    plain = _label_draws.fit(DummyClassifier(), X, P, **args).predict_proba(X)
    np.testing.assert_array_equal(
        _label_draws.fit(Backwards(), X, P, **args).predict_proba(X), plain
    )
