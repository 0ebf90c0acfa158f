import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from sklearn_slr.utils._classifier_mixin import ProbabilisticClassifierMixin


class Model:
    """A fitted model that predicts the same row for all inputs."""

    def __init__(self, row):
        self.row = np.array(row)

    def predict(self, X):
        return np.tile(self.row, (len(X), 1))

    def predict_codes(self, X):
        return np.zeros(len(X), dtype=int)

    decision_function = predict


class Meta(ProbabilisticClassifierMixin, BaseEstimator):
    def __init__(self, estimator, rows):
        self.estimator, self.rows, self.classes_ = estimator, rows, np.array(["a", "b"])

    def _get_estimator(self):
        return self.estimator

    def _get_fitted(self):
        return [Model(row) for row in self.rows]

    def _predict_targets(self, X):
        return np.mean([model.predict(X) for model in self._get_fitted()], axis=0)


X = np.zeros((2, 1))


def test_one_model_predicts_by_its_own_rule_and_several_by_their_mean():
    assert Meta(LogisticRegression(), [[0.0, 1.0]]).predict(X).tolist() == ["a", "a"]
    several = Meta(LogisticRegression(), [[0.0, 1.0], [0.5, 0.5]])
    assert several.predict(X).tolist() == ["b", "b"]
    np.testing.assert_array_equal(several.predict_log_proba(X), np.log([[0.25, 0.75]] * 2))
    np.testing.assert_allclose(several.decision_function(X), [np.log(3)] * 2)


def test_score_takes_labels_and_rows():
    meta = Meta(LogisticRegression(), [[0.0, 1.0]])
    assert meta.score(X, ["a", "b"]) == 0.5
    assert meta.score(X, [[0.9, 0.1], [0.2, 0.8]], sample_weight=[3, 1]) == 0.75


def test_the_decision_function_is_that_of_the_estimator():
    assert hasattr(Meta(LogisticRegression(), []), "decision_function")
    with pytest.raises(AttributeError):
        _ = Meta(KNeighborsClassifier(), []).decision_function
