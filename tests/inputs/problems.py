"""Tiny problems, the estimators that are given them, and what must hold whatever the input."""

import copy

import numpy as np
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import GaussianNB

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.ordinal import ThresholdedRegressor
from sklearn_slr.soft_targets import SoftTargetClassifier

seeds = st.integers(0, 2**32 - 1)

# Each learns from which labels, and how it is made around an estimator of its kind.
MAKERS = {
    "classifier": lambda model: SLRClassifier(
        model, n_rounds=1, cv=2, random_state=0, refinement="average"
    ),
    "posterior": lambda model: SLRClassifier(
        model, n_rounds=2, cv=2, refinement="posterior", final="folds", random_state=0
    ),
    "soft": lambda model: SoftTargetClassifier(model, random_state=0),
    "regressor": lambda model: SLRRegressor(model, n_rounds=1, cv=2, random_state=0),
    "grades": lambda model: SLRRegressor(
        model, n_rounds=1, cv=2, thresholds="kappa", random_state=0
    ),
    "cuts": lambda model: ThresholdedRegressor(model, cv=2, random_state=0),
}
CLASSIFIERS = ("classifier", "posterior", "soft")
names = st.sampled_from(sorted(MAKERS))
classifiers = st.sampled_from(CLASSIFIERS)
regressors = st.sampled_from([name for name in sorted(MAKERS) if name not in CLASSIFIERS])
LEARNED = (
    "refined_labels_",
    "oof_predictions_",
    "label_quality_",
    "label_issues_",
    "noise_matrix_",
    "thresholds_",
)


def make(name, model=None):
    """Return the estimator called `name` around a model, a cheap one by default."""
    if model is None:
        model = GaussianNB() if name in CLASSIFIERS else Ridge()
    return MAKERS[name](model)


def draw_inputs(seed, n=24):
    """Return X of shape (n, 3), whose multiples of 1/8 every float holds exactly."""
    return np.random.default_rng(seed).integers(-32, 33, size=(n, 3)) / 8


def draw_labels(name, X, seed, n_classes=3):
    """Return labels for the estimator called `name`, every class at least twice."""
    rng = np.random.default_rng([seed, 1])
    scores = X[:, 0] + 0.5 * rng.normal(size=len(X))
    if name == "regressor":
        return scores
    codes = np.empty(len(X), dtype=np.int64)
    codes[np.argsort(scores)] = np.arange(len(X)) * n_classes // len(X)
    return codes


def draw_problem(name, seed, n=24):
    """Return X and labels for the estimator called `name`."""
    X = draw_inputs(seed, n)
    return X, draw_labels(name, X, seed)


def assert_alike(model, other, X, X_other=None, *, rtol=1e-7, atol=1e-9):
    """Assert that two fitted estimators learned the same, and predict the same."""
    X_other = X if X_other is None else X_other
    for name in LEARNED:
        assert hasattr(model, name) == hasattr(other, name)
        if hasattr(model, name):
            close(getattr(model, name), getattr(other, name), rtol, atol)
    predict = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    close(getattr(model, predict)(X), getattr(other, predict)(X_other), rtol, atol)


def close(found, wanted, rtol=1e-7, atol=1e-9):
    """Assert that two arrays are equal up to rounding."""
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=atol)


def assert_refused(model, X, y, message, errors=(TypeError, ValueError), **params):
    """Assert that `fit` raises, says `message`, and leaves the estimator as it was.

    An estimator that was fitted before must not change, one that was not must stay unfitted.
    """
    import pytest

    for fitted in (False, True):
        if fitted:
            good = draw_problem("cuts", 0)
            copy_of = model.__class__(**model.get_params(deep=False))
            model = _fitted(copy_of, *good)
        before = copy.deepcopy(vars(model))
        with pytest.raises(errors, match=message):
            model.fit(X, y, **params)
        assert_unchanged(vars(model), before)


def _fitted(model, X, y):
    """Fit in the default way; give back the parameters that the test is about."""
    params = model.get_params(deep=False)
    fitted = make(next(name for name in MAKERS if type(make(name)) is type(model))).fit(X, y)
    return fitted.set_params(**params)


def assert_unchanged(now, before):
    """Assert that two dicts of attributes are the same."""
    assert now.keys() == before.keys()
    for name, value in before.items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(now[name], value)
        elif isinstance(value, dict) and value and isinstance(next(iter(value)), str):
            assert_unchanged(now[name], value)
        else:
            assert type(now[name]) is type(value)
