"""Regression targets of any magnitude."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from .problems import assert_alike, close, draw_problem, make, regressors, seeds

units = st.one_of(
    st.sampled_from([2.0**-996, 2.0**-100, 2.0**100, 2.0**990]),
    st.integers(-900, 900).map(lambda power: 2.0**power),
)


@given(regressors, units, seeds)
def test_targets_of_any_magnitude_are_refined_alike(name, unit, seed):
    X, y = draw_problem(name, seed)
    plain, model = make(name).fit(X, y), make(name).fit(X, y * unit)
    close(model.oof_predictions_ / unit, plain.oof_predictions_)
    close(model.predict(X) / unit, plain.predict(X))
    assert model.score(X, y * unit) == pytest.approx(plain.score(X, y))
    if name == "cuts":
        close(model.predict_proba(X), plain.predict_proba(X))
        return
    close(model.refined_labels_ / unit, plain.refined_labels_)
    close(model.label_quality_, plain.label_quality_)
    assert model.label_issues_.tolist() == plain.label_issues_.tolist()
    close(model.history_["oof_score"], plain.history_["oof_score"])
    close(model.history_["agreement"], plain.history_["agreement"])


@given(seeds, st.sampled_from([1e30, 1e-300, -1e30, 1e150]))
def test_huge_and_tiny_targets_are_learned(seed, unit):
    X, _ = draw_problem("regressor", seed)
    y = (X @ [1.0, -2.0, 0.5]) * unit
    model = make("regressor").fit(X, y)
    assert model.score(X, y) > 0.9
    assert np.all(np.isfinite(model.refined_labels_))
    assert 0 <= model.label_quality_.min() <= model.label_quality_.max() <= 1


@given(seeds, st.floats(-1e300, 1e300))
def test_constant_targets_stay(seed, value):
    X, _ = draw_problem("regressor", seed)
    model = make("regressor").fit(X, np.full(len(X), value))
    close(model.predict(X), value, atol=0)
    close(model.refined_labels_, value, atol=0)
    assert not model.label_issues_.any()


DTYPES = ["float32", "float16", "int64", "int8", "uint8", "bool", "object"]


@given(regressors, st.sampled_from(DTYPES), seeds)
def test_targets_of_any_dtype(name, dtype, seed):
    X, y = draw_problem(name, seed)
    y = (y > 0) if dtype == "bool" else np.abs(y * 8).round()
    y = y.astype(dtype)
    model = make(name).fit(X, y)
    assert_alike(model, make(name).fit(X, y.astype(float)), X, rtol=0, atol=0)
    if name == "cuts" and dtype != "object":
        assert model.grades_.dtype == y.dtype


@given(regressors, seeds)
def test_targets_are_not_written_into(name, seed):
    X, y = draw_problem(name, seed)
    y = y.astype(float)
    before = y.copy()
    model = make(name).fit(X, y)
    assert y.tolist() == before.tolist()
    for learned in ("refined_labels_", "observed_labels_", "oof_predictions_"):
        assert not np.shares_memory(getattr(model, learned, np.empty(0)), y)
