"""Pipelines with a sampler of imbalanced-learn: the whole Pipeline learns from labels."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline as make_plain_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_slr import (
    SLRClassifier,
    SLRRegressor,
    SoftTargetClassifier,
    ThresholdedRegressor,
    out_of_fold_predict,
)
from sklearn_slr.baselines import (
    KnowledgeDistillationClassifier,
    LabelRefineryClassifier,
    LabelRefineryRegressor,
    LabelSmoothingClassifier,
)

pytest.importorskip("imblearn")
from imblearn import FunctionSampler
from imblearn.combine import SMOTEENN
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import Pipeline, make_pipeline
from imblearn.under_sampling import RandomUnderSampler

X, CODES = load_digits(return_X_y=True)
X, CODES = X[:600], CODES[:600]
RARE = make_classification(500, weights=[0.85], flip_y=0.05, class_sep=1.5, random_state=0)
WRAPPERS = {
    "slr": lambda student: SLRClassifier(
        student, n_rounds=1, cv=3, random_state=0, refinement="average"
    ),
    "posterior": lambda student: SLRClassifier(
        student, n_rounds=2, cv=3, refinement="posterior", final="folds", random_state=0
    ),
    "hard": lambda student: SoftTargetClassifier(student, random_state=0),
    "smoothed": lambda student: LabelSmoothingClassifier(student, random_state=0),
    "refinery": lambda student: LabelRefineryClassifier(student, n_rounds=1, random_state=0),
    "distilled": lambda student: KnowledgeDistillationClassifier(student, random_state=0),
}


def undersampled(last=None, sampler=None):
    last = LogisticRegression(max_iter=1000) if last is None else last
    return make_pipeline(sampler or RandomUnderSampler(), StandardScaler(), last)


NESTED = {
    "first": undersampled,
    "behind a scaler": lambda: make_pipeline(
        StandardScaler(), SMOTE(k_neighbors=2), LogisticRegression(max_iter=1000)
    ),
    "in a Pipeline": lambda: make_plain_pipeline(StandardScaler(), undersampled()),
    "in votes": lambda: VotingClassifier(
        [("a", undersampled()), ("b", GaussianNB(var_smoothing=1e-2))], voting="soft"
    ),
    "in a stack": lambda: StackingClassifier([("a", undersampled())], cv=2),
    "in a search": lambda: GridSearchCV(
        undersampled(), {"logisticregression__C": [0.1, 1.0]}, cv=2
    ),
}


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS.keys())
def test_rows_keep_their_labels_wherever_the_pipeline_goes(wrap):
    plain = undersampled().fit(X, CODES).score(X, CODES)
    assert wrap(undersampled()).fit(X, CODES).score(X, CODES) > plain - 0.03


@pytest.mark.parametrize("make", NESTED.values(), ids=NESTED.keys())
def test_samplers_anywhere(make):
    plain = make().fit(X, CODES).score(X, CODES)
    for wrap in (WRAPPERS["slr"], WRAPPERS["smoothed"]):
        assert wrap(make()).fit(X, CODES).score(X, CODES) > plain - 0.05


@pytest.mark.parametrize(
    "sampler",
    [
        RandomUnderSampler(sampling_strategy={"common": 60}),
        RandomOverSampler(),
        SMOTE(),
        SMOTEENN(),
        FunctionSampler(),
    ],
    ids=lambda sampler: type(sampler).__name__,
)
def test_samplers_balance_string_labels(sampler):
    X, codes = RARE
    y = np.array(["common", "rare"])[codes]
    student = undersampled(LogisticRegression(), sampler)
    plain = balanced_accuracy_score(y, clone(student).fit(X, y).predict(X))
    # Drawn labels hold more of the rare class than given ones, which a fixed number amplifies.
    for name, tolerance in {"hard": 0.04, "smoothed": 0.12}.items():
        found = balanced_accuracy_score(y, WRAPPERS[name](student).fit(X, y).predict(X))
        assert found > plain - tolerance


def test_a_search_around_sets_the_steps():
    X, codes = RARE
    slr = SLRClassifier(undersampled(), n_rounds=1, cv=2, random_state=0, refinement="average")
    grid = {"estimator__randomundersampler": [RandomUnderSampler(), RandomOverSampler()]}
    grid["estimator__randomundersampler"].append("passthrough")
    search = GridSearchCV(slr, grid, cv=2, error_score="raise").fit(X, codes)
    assert search.best_score_ > 0.85


def test_keywords_go_to_the_steps():
    student = Pipeline([("sampler", RandomUnderSampler()), ("nb", GaussianNB())])
    with pytest.raises(ValueError, match="__"):
        SoftTargetClassifier(student).fit(X, CODES, flag=1)


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS.keys())
@pytest.mark.parametrize("name", ["sample_weight", "logisticregression__sample_weight"])
def test_weights_are_refused(wrap, name):
    with pytest.raises(TypeError, match=f"{name} was given.*RandomUnderSampler"):
        wrap(undersampled()).fit(X, CODES, **{name: np.linspace(1, 2, len(X))})


def test_weights_of_zero_leave_rows_out():
    weight = np.repeat([1.0, 0.0], [400, 200])
    soft = SoftTargetClassifier(undersampled(), random_state=0)
    full = soft.fit(X, CODES, sample_weight=weight).predict_proba(X)
    assert np.allclose(full, soft.fit(X[:400], CODES[:400]).predict_proba(X))


@pytest.mark.parametrize(
    "meta",
    [
        lambda student: SLRRegressor(student, n_rounds=1, cv=2),
        lambda student: ThresholdedRegressor(student, cv=2),
        lambda student: LabelRefineryRegressor(student, n_rounds=1),
    ],
)
def test_numbers_are_refused(meta):
    for student in (undersampled(Ridge()), make_plain_pipeline(undersampled(Ridge()))):
        with pytest.raises(TypeError, match=r"RandomUnderSampler.*samplers need class labels"):
            meta(student).fit(X, CODES)


def test_out_of_fold_predictions_are_paired():
    P = out_of_fold_predict(undersampled(), X, np.eye(10)[CODES] * 0.9 + 0.01, random_state=0)
    assert (P.argmax(axis=1) == CODES).mean() > 0.8
