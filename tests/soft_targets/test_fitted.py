import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from sklearn_slr.soft_targets._fit import fit_targets

X, y = load_iris(return_X_y=True)
HARD = np.eye(3)[y]
SOFT = 0.7 * HARD + 0.1


def test_classes_of_probability_zero_come_back_as_empty_columns():
    rows = y != 1
    soft = SOFT[rows] * [1, 0, 1]
    fitted = fit_targets(GaussianNB(), X[rows], soft / soft.sum(axis=1, keepdims=True))
    proba = fitted.predict(X)
    assert fitted.columns.tolist() == [0, 2]
    assert np.all(proba[:, 1] == 0)
    assert np.allclose(proba.sum(axis=1), 1)
    assert set(fitted.predict_codes(X)) == {0, 2}


def test_unknown_classes_have_minus_infinity_in_the_decision_function():
    rows = y != 1
    fitted = fit_targets(LogisticRegression(max_iter=500), X[rows], HARD[rows])
    scores = fitted.decision_function(X)
    assert np.all(np.isneginf(scores[:, 1]))
    assert np.array_equal(scores.argmax(axis=1), fitted.predict_codes(X))


@pytest.mark.parametrize(
    ("proba", "message"),
    [
        (np.ones((150, 2)), r"shape \(150, 2\) for 150 rows and 3 classes"),
        (np.full((150, 3), np.nan), "NaN"),
        (np.full((150, 3), 0.5), "not probabilities"),
        (np.tile([-1.0, 1, 1], (150, 1)), "not probabilities"),
    ],
)
def test_predictions_that_are_not_probabilities_are_refused(proba, message):
    class Wrong(DummyClassifier):
        def predict_proba(self, X):
            return proba

    with pytest.raises(ValueError, match=message):
        fit_targets(Wrong(), X, HARD).predict(X)
