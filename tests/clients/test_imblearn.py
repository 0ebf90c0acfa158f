"""imbalanced-learn: around SLR, and as its student."""

import numpy as np
import pytest

pytest.importorskip("imblearn")
from imblearn.ensemble import (
    BalancedBaggingClassifier,
    BalancedRandomForestClassifier,
    EasyEnsembleClassifier,
    RUSBoostClassifier,
)
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler
from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification
from sklearn.ensemble import AdaBoostClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_slr import SLRClassifier

FEW = {"n_rounds": 1, "cv": 3, "random_state": 0}
# Without balancing, many rows of the rare class are missed.
X, Y = make_classification(
    1200, 10, n_informative=4, n_clusters_per_class=1, weights=[0.93], class_sep=0.35, flip_y=0,
    random_state=0,
)  # fmt: skip
NAMES = np.array(["usual", "rare"])[Y]
TRAIN, TEST = np.arange(600), np.arange(600, 1200)


def get_recall(model):
    return recall_score(NAMES[TEST], model.predict(X[TEST]), pos_label="rare")


@pytest.mark.parametrize("student", [LogisticRegression(), GaussianNB()])
@pytest.mark.parametrize("sampler", [RandomUnderSampler, RandomOverSampler])
def test_slr_is_the_last_step_of_a_pipeline_with_a_sampler(sampler, student):
    slr = SLRClassifier(student, **FEW, refinement="average")
    without = get_recall(clone(slr).fit(X[TRAIN], NAMES[TRAIN]))
    model = make_pipeline(sampler(random_state=0), StandardScaler(), slr)
    plain = make_pipeline(sampler(random_state=0), StandardScaler(), student)
    model.fit(X[TRAIN], NAMES[TRAIN])
    plain.fit(X[TRAIN], NAMES[TRAIN])
    assert get_recall(model) == pytest.approx(get_recall(plain), abs=0.1)
    assert get_recall(model) > without
    usual, rare = np.bincount(slr.observed_labels_)
    assert usual == rare
    assert len(slr.refined_labels_) == usual + rare != len(TRAIN)


def test_a_search_over_sampler_and_slr():
    model = make_pipeline(
        RandomUnderSampler(random_state=0), SLRClassifier(GaussianNB(), **FEW, refinement="average")
    )
    grid = {
        "randomundersampler__sampling_strategy": [{"usual": 10, "rare": 10}, "not minority"],
        "slrclassifier__n_rounds": [0, 1],
    }
    search = GridSearchCV(model, grid, cv=3, scoring="balanced_accuracy", error_score="raise")
    assert search.fit(X[TRAIN], NAMES[TRAIN]).best_score_ > 0.7


STUDENTS = [
    BalancedRandomForestClassifier(25, random_state=0),
    RUSBoostClassifier(DecisionTreeClassifier(max_depth=3), n_estimators=20, random_state=0),
    BalancedBaggingClassifier(n_estimators=10, random_state=0),
    EasyEnsembleClassifier(2, AdaBoostClassifier(n_estimators=10), random_state=0),
]


@pytest.mark.parametrize("student", STUDENTS, ids=lambda student: type(student).__name__)
@pytest.mark.parametrize("final", ["refit", "folds"])
def test_students_that_balance_find_the_rare_class(student, final):
    slr = SLRClassifier(student, final=final, **FEW, refinement="average").fit(
        X[TRAIN], NAMES[TRAIN]
    )
    plain = get_recall(student.fit(X[TRAIN], NAMES[TRAIN]))
    assert get_recall(slr) > plain - 0.12 > 0.7


@pytest.mark.parametrize("scaler_first", [False, True])
@pytest.mark.parametrize("balanced", [False, True], ids=["fewer rows", "as many rows"])
def test_a_student_with_a_sampler_learns_the_right_labels_or_is_refused(scaler_first, balanced):
    X, y = load_digits(return_X_y=True)
    if balanced:  # undersampling reorders the rows and removes none
        chosen = np.concatenate([np.flatnonzero(y == digit)[:60] for digit in range(10)])
        X, y = X[chosen], y[chosen]
    steps = [RandomUnderSampler(random_state=0), StandardScaler()]
    steps = steps[::-1] if scaler_first else steps
    student = make_pipeline(*steps, LogisticRegression(max_iter=300))
    slr = SLRClassifier(student, **FEW, refinement="average")
    refusal = None
    try:
        slr.fit(X, y)
    except (TypeError, ValueError) as error:
        refusal = str(error)
    if refusal is None:
        assert (slr.refined_labels_.argmax(axis=1) == y).mean() > 0.95
        assert slr.score(X, y) > 0.95
        assert (
            cross_val_score(SLRClassifier(student, **FEW, refinement="average"), X, y, cv=2).mean()
            > 0.85
        )
    else:
        assert "sampl" in refusal  # not an error from deep inside
