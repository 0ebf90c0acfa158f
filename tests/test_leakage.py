"""Row i's label cannot reach row i's own out-of-fold prediction in the same round."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_slr import SLRClassifier, SLRRegressor, out_of_fold_predict

ROW = 17


def net():
    torch, skorch = pytest.importorskip("torch"), pytest.importorskip("skorch")
    return skorch.NeuralNetClassifier(
        torch.nn.Linear,
        module__in_features=4,
        module__out_features=3,
        criterion=torch.nn.CrossEntropyLoss,
        max_epochs=3,
        train_split=None,
        verbose=0,
    )


@pytest.mark.parametrize(
    "make",
    [
        GaussianNB,
        lambda: KNeighborsClassifier(1),
        lambda: DecisionTreeClassifier(random_state=0),
        lambda: make_pipeline(StandardScaler(), SelectKBest(k=2), LogisticRegression()),
        net,
    ],
)
def test_a_rows_target_does_not_reach_its_own_prediction(make):
    X, y = load_iris(return_X_y=True)
    X = X.astype(np.float32)
    soft = 0.7 * np.eye(3)[y] + 0.1
    other = soft.copy()
    other[ROW] = np.roll(soft[ROW], 1)
    # Folds that are stratified by targets move with them: these are fixed.
    folds = [(np.flatnonzero(np.arange(150) % 5 != k), np.arange(k, 150, 5)) for k in range(5)]
    P, Q = (out_of_fold_predict(make(), X, T, cv=folds, random_state=0) for T in (soft, other))
    assert np.array_equal(P[ROW], Q[ROW])
    assert not np.array_equal(P, Q)


@pytest.mark.parametrize("refinement", ["average", "posterior"])
def test_a_label_reaches_its_own_refined_label_through_the_m_step_only(refinement):
    X, y = load_iris(return_X_y=True)
    folds = [(np.flatnonzero(np.arange(150) % 5 != k), np.arange(k, 150, 5)) for k in range(5)]
    flipped = y.copy()
    flipped[ROW] = (y[ROW] + 1) % 3
    fits = [
        SLRClassifier(GaussianNB(), n_rounds=1, cv=folds, refinement=refinement).fit(X, labels)
        for labels in (y, flipped)
    ]
    assert np.array_equal(fits[0].oof_predictions_[ROW], fits[1].oof_predictions_[ROW])
    assert not np.array_equal(fits[0].refined_labels_[ROW], fits[1].refined_labels_[ROW])


def test_a_number_does_not_reach_its_own_prediction():
    X, y = load_diabetes(return_X_y=True)
    folds = [(np.flatnonzero(np.arange(442) % 5 != k), np.arange(k, 442, 5)) for k in range(5)]
    other = y.copy()
    other[ROW] += 100
    fits = [SLRRegressor(Ridge(), n_rounds=1, cv=folds).fit(X, t) for t in (y, other)]
    assert fits[0].oof_predictions_[ROW] == fits[1].oof_predictions_[ROW]


def test_neither_reaches_the_validation_set_the_training():
    X, y = load_iris(return_X_y=True)
    plain = SLRClassifier(GaussianNB(), random_state=0, refinement="average").fit(X, y)
    scored = SLRClassifier(GaussianNB(), random_state=0, refinement="average").fit(
        X, y, X_val=X[::2], y_val=y[::2]
    )
    assert np.array_equal(plain.refined_labels_, scored.refined_labels_)
    assert scored.history_["valid_score"].shape == (3,)
    assert "valid_score" not in plain.history_
