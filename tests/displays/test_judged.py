"""What is shown of labels: those of training, of other rows, and given ones."""

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
from sklearn_slr.displays._judged import judge_estimator, judge_predictions

X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
SLR = SLRClassifier(GaussianNB(), random_state=0).fit(X, NAMES)
D, PROGRESSION = load_diabetes(return_X_y=True)
GRADES = np.digitize(PROGRESSION, [100, 200]) * 2


@pytest.mark.parametrize("y", [None, NAMES, pd.Series(NAMES)], ids=["none", "array", "series"])
def test_rows_of_training_are_judged_out_of_fold(y):
    judged = judge_estimator(SLR, X, y)
    assert judged.refined is SLR.refined_labels_
    assert_array_equal(judged.quality, SLR.label_quality_)
    assert_array_equal(judged.observed, SLR.observed_labels_)
    assert_array_equal(judged.most_suspicious(5), np.argsort(SLR.label_quality_)[:5])


def test_other_rows_are_judged_by_predictions():
    judged = judge_estimator(SLR, X[50:60], NAMES[50:60])
    proba = SLR.predict_proba(X[50:60])
    assert_allclose(judged.refined, proba)
    assert_allclose(judged.quality, proba[:, 1])
    assert_array_equal(judged.observed, np.ones(10))


def test_pipelines_are_seen_through():
    model = make_pipeline(StandardScaler(), SLRClassifier(GaussianNB(), random_state=0))
    model.fit(X, NAMES)
    assert judge_estimator(model, X).refined is model[-1].refined_labels_
    other = judge_estimator(model, X[:3], NAMES[:3])
    assert_allclose(other.refined, model.predict_proba(X[:3]))


def test_a_grade_between_two_is_shared_out_among_them():
    model = SLRRegressor(thresholds="kappa", random_state=0).fit(D, GRADES)
    judged = judge_estimator(model)
    assert judged.classes.tolist() == [0, 2, 4]
    assert_array_equal(judged.classes[judged.observed], GRADES)
    assert_allclose(judged.refined.sum(axis=1), 1)
    assert_allclose(judged.refined @ [0, 2, 4], np.clip(model.refined_labels_, 0, 4))
    nearest = np.clip(np.rint(model.refined_labels_ / 2), 0, 2)
    assert_array_equal(judged.proposed, nearest)
    other = judge_estimator(model, D[:7], GRADES[:7])
    assert_allclose(other.refined @ [0, 2, 4], np.clip(model.decision_function(D[:7]), 0, 4))


def test_plain_numbers_are_judged_by_their_distance():
    model = SLRRegressor(random_state=0).fit(D, PROGRESSION)
    judged = judge_estimator(model, D)
    assert judged.classes is None
    assert_array_equal(judged.proposed, model.refined_labels_)
    other = judge_estimator(model, D[:50], PROGRESSION[:50])
    distance = np.abs(PROGRESSION[:50] - model.predict(D[:50]))
    assert_array_equal(np.argsort(-distance), other.most_suspicious())


def test_majority_votes_are_the_labels_of_annotators():
    answers = np.column_stack([Y, Y, np.where(np.arange(150) % 3, -1, Y)])
    answers[7] = -1
    model = SLRClassifier(GaussianNB(), refinement="annotators", random_state=0).fit(X, answers)
    for y in (None, answers):
        judged = judge_estimator(model, X, y)
        assert judged.observed[7] == -1
        assert judged.refined is model.refined_labels_
    rows = [7, 50, 100, 0]
    assert judge_estimator(model, X[rows], answers[rows]).observed.tolist() == [-1, 1, 2, 0]


def test_given_labels():
    judged = judge_predictions(["b", "a", "a"], [[0.3, 0.7], [0.2, 0.8], [1, 0]])
    assert judged.observed.tolist() == [1, 0, 0]
    assert_allclose(judged.quality, [0.7, 0.2, 1.0])
    assert judged.most_suspicious().tolist() == [1, 0, 2]
    judged = judge_predictions(["b"], [[0.3, 0.7]], classes=["a", "b"], quality=[0.5])
    assert judged.quality.tolist() == [0.5]
    assert judge_predictions([1, 2, 9], [1.1, 2.2, 3.0]).most_suspicious(1).tolist() == [2]


def test_contradicted_rows_come_first_among_equals():
    judged = judge_predictions([0, 1, 1], [[0.5, 0.5], [0.5, 0.5], [0.4, 0.6]], classes=[0, 1])
    assert judged.most_suspicious().tolist() == [1, 0, 2]


def test_errors_say_what_is_wanted():
    with pytest.raises(TypeError, match="Ridge has no refined_labels_"):
        judge_estimator(Ridge().fit(D, PROGRESSION))
    with pytest.raises(ValueError, match="pass their X as well"):
        judge_estimator(SLR, None, NAMES[:5])
    with pytest.raises(ValueError, match="X has 5 rows, but there are 150 labels"):
        judge_estimator(SLR, X[:5])
    with pytest.raises(ValueError, match="pass classes="):
        judge_predictions(["b", "b"], [[0.3, 0.7], [0.3, 0.7]])
