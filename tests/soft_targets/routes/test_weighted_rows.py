import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

from sklearn_slr.soft_targets.routes import _weighted_rows

X = np.arange(6.0)[:, None]
P = np.array([[1, 0], [0.8, 0.2], [0.5, 0.5], [0.3, 0.7], [0.2, 0.8], [0, 1]], dtype=float)


class Recorder(DecisionTreeClassifier):
    def fit(self, X, y, sample_weight=None, extra=None):
        self.seen = (np.asarray(X)[:, 0], y, sample_weight, extra)
        return super().fit(X, y, sample_weight=sample_weight)


def fit(estimator, weight=None, **fit_params):
    return _weighted_rows.fit(estimator, X, P, sample_weight=weight, fit_params=fit_params, seed=0)


def test_a_copy_for_every_class_of_positive_probability():
    weight = np.arange(1.0, 7.0)
    rows, labels, weights, extra = fit(Recorder(), weight, extra=np.arange(6)).seen
    assert rows.tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5]
    assert labels.tolist() == [0, 0, 1, 0, 1, 0, 1, 0, 1, 1]
    np.testing.assert_allclose(weights, (P * weight[:, None])[P > 0])
    assert list(extra) == rows.tolist()


def test_balanced_classes_have_equal_weight():
    _, labels, weights, _ = fit(Recorder(class_weight="balanced")).seen
    assert weights[labels == 0].sum() == pytest.approx(weights[labels == 1].sum())
    assert weights.sum() == pytest.approx(6)


@pytest.mark.parametrize(
    ("forest", "size"),
    [
        (RandomForestClassifier(2), 6),
        (RandomForestClassifier(2, max_samples=0.5), 3),
        (RandomForestClassifier(2, max_samples=4), 4),
        (RandomForestClassifier(2, bootstrap=False), None),
    ],
)
def test_a_bootstrap_draws_as_many_as_there_are_rows(forest, size):
    assert fit(forest).max_samples == size


@pytest.mark.parametrize(
    "estimator",
    [
        GaussianProcessClassifier(),
        KNeighborsClassifier(),
        AdaBoostClassifier(KNeighborsClassifier()),
        CalibratedClassifierCV(KNeighborsClassifier()),
        GradientBoostingClassifier(n_iter_no_change=3),
        MLPClassifier(early_stopping=True),
        SGDClassifier(loss="log_loss", early_stopping=True),
    ],
    ids=str,
)
def test_no_weights_or_an_inner_split(estimator):
    assert not _weighted_rows.handles(estimator, np.eye(2), None)


@pytest.mark.parametrize(
    "estimator",
    [
        AdaBoostClassifier(),
        BaggingClassifier(KNeighborsClassifier()),
        GradientBoostingClassifier(),
        LogisticRegression(),
        SGDClassifier(),
    ],
    ids=str,
)
def test_weights(estimator):
    assert _weighted_rows.handles(estimator, np.eye(2), None)
