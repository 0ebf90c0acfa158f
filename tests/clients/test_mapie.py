"""MAPIE: conformal sets and intervals around fitted and unfitted SLR estimators."""

import numpy as np
import pytest

pytest.importorskip("mapie")
from mapie.classification import CrossConformalClassifier, SplitConformalClassifier
from mapie.regression import (
    CrossConformalRegressor,
    JackknifeAfterBootstrapRegressor,
    SplitConformalRegressor,
)
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.utils import shuffle

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.soft_targets import SoftTargetClassifier

FEW = {"n_rounds": 1, "cv": 3, "random_state": 0}
# Shuffled: the writers of the last digits are others, and coverage is for exchangeable rows.
DIGITS, DIGIT = shuffle(*load_digits(n_class=4, return_X_y=True), random_state=0)
PATIENTS, PROGRESSION = load_diabetes(return_X_y=True)
LEVEL = 0.9


def check_sets(sets, right):
    """About nine of ten sets hold the right class, and few classes beside it."""
    sets = sets[:, :, 0]
    assert LEVEL - 0.06 < sets[np.arange(len(right)), right].mean() <= 1
    assert 0.85 < sets.sum(axis=1).mean() < 1.6


def check_intervals(intervals, right):
    low, high = intervals[:, 0, 0], intervals[:, 1, 0]
    assert LEVEL - 0.08 < ((low <= right) & (right <= high)).mean() < LEVEL + 0.08
    assert np.mean(high - low) < 0.9 * np.ptp(right)  # narrower than to predict nothing


CLASSIFIERS = {
    "refit": SLRClassifier(GaussianNB(), **FEW, refinement="average"),
    "folds": SLRClassifier(GaussianNB(), final="folds", refinement="posterior", **FEW),
    "soft targets": SoftTargetClassifier(RandomForestClassifier(30, random_state=0)),
}


@pytest.mark.parametrize("score", ["lac", "aps"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_sets_of_a_fitted_classifier(name, score):
    model = CLASSIFIERS[name].fit(DIGITS[:300], DIGIT[:300])
    conformal = SplitConformalClassifier(
        model, confidence_level=LEVEL, prefit=True, conformity_score=score
    )
    conformal.conformalize(DIGITS[300:500], DIGIT[300:500])
    predicted, sets = conformal.predict_set(DIGITS[500:])
    np.testing.assert_array_equal(predicted, model.predict(DIGITS[500:]))
    if score == "lac":
        check_sets(sets, DIGIT[500:])
    else:
        assert sets[np.arange(len(sets)), DIGIT[500:], 0].mean() > LEVEL - 0.06


def test_sets_of_classifiers_fitted_by_cross_validation():
    conformal = CrossConformalClassifier(
        SLRClassifier(RandomForestClassifier(20), **FEW, refinement="average"),
        confidence_level=LEVEL,
        cv=3,
        random_state=0,
    )
    conformal.fit_conformalize(DIGITS[:400], DIGIT[:400])
    predicted, sets = conformal.predict_set(DIGITS[400:])
    check_sets(sets, DIGIT[400:])
    assert (predicted == DIGIT[400:]).mean() > 0.9


@pytest.mark.parametrize("final", ["refit", "folds"])
def test_intervals_of_a_fitted_regressor(final):
    model = SLRRegressor(Ridge(0.1), final=final, **FEW).fit(PATIENTS[:150], PROGRESSION[:150])
    conformal = SplitConformalRegressor(model, confidence_level=LEVEL, prefit=True)
    conformal.conformalize(PATIENTS[150:300], PROGRESSION[150:300])
    predicted, intervals = conformal.predict_interval(PATIENTS[300:])
    np.testing.assert_array_equal(predicted, model.predict(PATIENTS[300:]))
    check_intervals(intervals, PROGRESSION[300:])


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (CrossConformalRegressor, {"cv": 3}),
        (CrossConformalRegressor, {"cv": 3, "method": "minmax"}),
        (JackknifeAfterBootstrapRegressor, {"resampling": 20, "random_state": 0}),
    ],
)
def test_intervals_of_regressors_fitted_by_resampling(kind, options):
    conformal = kind(SLRRegressor(Ridge(0.1), **FEW), confidence_level=LEVEL, **options)
    conformal.fit_conformalize(PATIENTS[:300], PROGRESSION[:300])
    _, intervals = conformal.predict_interval(PATIENTS[300:])
    check_intervals(intervals, PROGRESSION[300:])
