"""Observed and refined labels: of training rows, of new rows, and given ones."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr._em._history import number_quality
from sklearn_slr.displays._label_comparison import LabelComparison

compare, compare_given = LabelComparison.from_estimator, LabelComparison.from_predictions
X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
SLR = SLRClassifier(GaussianNB(), random_state=0, refinement="average").fit(X, NAMES)
D, PROGRESSION = load_diabetes(return_X_y=True)
GRADES = np.digitize(PROGRESSION, [100, 200]) * 2


@pytest.mark.parametrize("y", [None, NAMES, pd.Series(NAMES)], ids=["none", "array", "series"])
def test_training_rows_have_their_refined_labels(y):
    comparison = compare(SLR, X, y)
    assert comparison.refined is SLR.refined_labels_
    assert_array_equal(comparison.quality, SLR.label_quality_)
    assert_array_equal(comparison.observed, SLR.observed_labels_)
    assert_array_equal(comparison.most_suspicious(5), np.argsort(SLR.label_quality_)[:5])


def test_new_rows_have_predictions():
    comparison = compare(SLR, X[50:60], NAMES[50:60])
    proba = SLR.predict_proba(X[50:60])
    assert_allclose(comparison.refined, proba)
    assert_allclose(comparison.quality, proba[:, 1])
    assert_array_equal(comparison.observed, np.ones(10))


def test_the_last_step_of_a_pipeline_is_used():
    model = make_pipeline(
        StandardScaler(), SLRClassifier(GaussianNB(), random_state=0, refinement="average")
    )
    model.fit(X, NAMES)
    assert compare(model, X).refined is model[-1].refined_labels_
    other = compare(model, X[:3], NAMES[:3])
    assert_allclose(other.refined, model.predict_proba(X[:3]))


def test_a_number_between_two_grades_is_divided_between_them():
    model = SLRRegressor(thresholds="kappa", random_state=0).fit(D, GRADES)
    comparison = compare(model)
    assert comparison.classes.tolist() == [0, 2, 4]
    assert_array_equal(comparison.classes[comparison.observed], GRADES)
    assert_allclose(comparison.refined.sum(axis=1), 1)
    assert_allclose(comparison.refined @ [0, 2, 4], np.clip(model.refined_labels_, 0, 4))
    nearest = np.clip(np.rint(model.refined_labels_ / 2), 0, 2)
    assert_array_equal(comparison.proposed, nearest)
    other = compare(model, D[:7], GRADES[:7])
    assert_allclose(other.refined @ [0, 2, 4], np.clip(model.decision_function(D[:7]), 0, 4))


def test_numbers_are_ordered_by_their_quality():
    model = SLRRegressor(random_state=0).fit(D, PROGRESSION)
    comparison = compare(model, D)
    assert comparison.classes is None
    assert_array_equal(comparison.proposed, model.refined_labels_)
    other = compare(model, D[:50], PROGRESSION[:50])
    quality, _ = number_quality(PROGRESSION[:50], model.predict(D[:50]))
    assert_array_equal(np.argsort(quality), other.most_suspicious())


def test_majority_votes_are_the_labels_of_annotators():
    answers = np.column_stack([Y, Y, np.where(np.arange(150) % 3, -1, Y)])
    answers[7] = -1
    model = SLRClassifier(GaussianNB(), refinement="annotators", random_state=0).fit(X, answers)
    for y in (None, answers):
        comparison = compare(model, X, y)
        assert comparison.observed[7] == -1
        assert comparison.refined is model.refined_labels_
    rows = [7, 50, 100, 0]
    assert compare(model, X[rows], answers[rows]).observed.tolist() == [
        -1,
        1,
        2,
        0,
    ]


def test_labels_that_are_given():
    comparison = compare_given(["b", "a", "a"], [[0.3, 0.7], [0.2, 0.8], [1, 0]])
    assert comparison.observed.tolist() == [1, 0, 0]
    assert_allclose(comparison.quality, [0.7, 0.2, 1.0])
    assert comparison.most_suspicious().tolist() == [1, 0, 2]
    comparison = compare_given(["b"], [[0.3, 0.7]], classes=["a", "b"], quality=[0.5])
    assert comparison.quality.tolist() == [0.5]
    numbers = np.arange(12.0)
    given = np.where(numbers == 7, 30, numbers + 0.1 * np.cos(numbers))
    assert compare_given(given, numbers).most_suspicious(1).tolist() == [7]


def test_changed_labels_come_first_among_equals():
    comparison = compare_given([0, 1, 1], [[0.5, 0.5], [0.5, 0.5], [0.4, 0.6]], classes=[0, 1])
    assert comparison.most_suspicious().tolist() == [1, 0, 2]


def test_unsuitable_estimators_and_labels_are_refused():
    with pytest.raises(TypeError, match="Ridge has no refined_labels_"):
        compare(Ridge().fit(D, PROGRESSION))
    with pytest.raises(ValueError, match="not the training labels: pass X as well"):
        compare(SLR, None, NAMES[:5])
    with pytest.raises(ValueError, match="X has 5 rows, but there are 150 labels"):
        compare(SLR, X[:5])
    with pytest.raises(ValueError, match="pass classes="):
        compare_given(["b", "b"], [[0.3, 0.7], [0.3, 0.7]])
