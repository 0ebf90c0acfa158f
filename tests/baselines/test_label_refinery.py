import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.tree import DecisionTreeClassifier

from sklearn_slr import SoftTargetClassifier
from sklearn_slr.baselines import LabelRefineryClassifier, LabelRefineryRegressor

X, y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])
NUMBERS = load_diabetes(return_X_y=True)


@pytest.mark.parametrize("n_rounds", [0, 1, 3])
def test_each_model_learns_what_the_one_before_says(n_rounds):
    targets = np.eye(3)[y]
    for _ in range(n_rounds):
        targets = SoftTargetClassifier(GaussianNB()).fit(X, targets).predict_proba(X)
    refinery = LabelRefineryClassifier(GaussianNB(), n_rounds=n_rounds).fit(X, NAMES[y])
    np.testing.assert_allclose(refinery.soft_labels_, targets, rtol=1e-10)
    last = SoftTargetClassifier(GaussianNB()).fit(X, targets)
    np.testing.assert_allclose(refinery.predict_proba(X), last.predict_proba(X), rtol=1e-10)


def test_memorised_labels_are_passed_on():
    tree = LabelRefineryClassifier(DecisionTreeClassifier(), n_rounds=3).fit(X, y)
    np.testing.assert_array_equal(tree.soft_labels_.argmax(axis=1), y)


def test_probability_rows_and_their_names():
    rows = pd.DataFrame(0.7 * np.eye(3)[y] + 0.1, columns=NAMES)
    refinery = LabelRefineryClassifier(KNeighborsClassifier(1), n_rounds=2).fit(X, rows)
    again = np.unique(X, axis=0, return_inverse=True)[1].ravel()
    alone = np.bincount(again)[again] == 1
    np.testing.assert_allclose(refinery.soft_labels_[alone], rows.to_numpy()[alone])
    assert refinery.classes_.tolist() == NAMES.tolist()


def test_every_round_has_a_seed_of_its_own():
    trees = ExtraTreesClassifier(3, max_depth=2)

    def labels(seed, n_rounds=2):
        model = LabelRefineryClassifier(trees, n_rounds=n_rounds, random_state=seed)
        return model.fit(X, y).soft_labels_

    np.testing.assert_array_equal(labels(0), labels(0))
    assert np.any(labels(0) != labels(1))
    plain = SoftTargetClassifier(trees, random_state=0).fit(X, y)
    refinery = LabelRefineryClassifier(trees, n_rounds=0, random_state=0).fit(X, y)
    np.testing.assert_array_equal(refinery.predict_proba(X), plain.predict_proba(X))
    assert np.any(labels(0, 1) != plain.predict_proba(X))


def test_rows_of_weight_zero_teach_nothing_and_are_predicted():
    rows = np.arange(len(y)) % 3 > 0
    weighted = LabelRefineryClassifier(GaussianNB()).fit(X, y, sample_weight=rows.astype(float))
    fewer = LabelRefineryClassifier(GaussianNB()).fit(X[rows], y[rows])
    np.testing.assert_allclose(weighted.predict_proba(X), fewer.predict_proba(X), rtol=1e-9)
    np.testing.assert_allclose(weighted.soft_labels_[rows], fewer.soft_labels_, rtol=1e-9)


def test_numbers_by_hand():
    X, y = np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 1.0, 5.0])
    refinery = LabelRefineryRegressor(LinearRegression(), n_rounds=2).fit(X, y)
    np.testing.assert_allclose(refinery.soft_labels_, [-0.5, 2.0, 4.5])
    nearest = LabelRefineryRegressor(KNeighborsRegressor(2), n_rounds=1)
    X = np.array([[0.0], [1.0], [3.0]])
    np.testing.assert_allclose(nearest.fit(X, y).soft_labels_, [0.5, 0.5, 3.0])


def test_ridge_shrinks_with_every_round():
    X, y = NUMBERS
    spread = [
        LabelRefineryRegressor(Ridge(), n_rounds=n_rounds).fit(X, y).predict(X).std()
        for n_rounds in range(4)
    ]
    assert np.all(np.diff(spread) < 0)
    plain = Ridge(tol=1e-10).fit(X, y)
    np.testing.assert_allclose(
        LabelRefineryRegressor(n_rounds=0).fit(X, y).predict(X), plain.predict(X)
    )


def test_errors_leave_the_object_as_it_was():
    X, y = NUMBERS
    refinery = LabelRefineryRegressor().fit(X, y)
    before = refinery.predict(X)
    with pytest.raises(ValueError, match="NaN"):
        refinery.fit(X, np.where(np.arange(len(y)) == 3, np.nan, y))
    np.testing.assert_array_equal(refinery.predict(X), before)
    with pytest.raises(ValueError, match="n_rounds"):
        clone(refinery).set_params(n_rounds=-1).fit(X, y)
    with pytest.raises(TypeError, match="estimator is the classifier"):
        LabelRefineryRegressor(GaussianNB()).fit(X, y)
    with pytest.raises(TypeError, match="estimator is the regressor"):
        LabelRefineryClassifier(Ridge()).fit(X, y > 100)
