"""Labels of any kind are what their codes are; what is no label is refused by name."""

import string

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_slr import SLRClassifier
from sklearn_slr.ordinal import ThresholdedRegressor

from .problems import (
    MAKERS,
    assert_alike,
    assert_refused,
    classifiers,
    close,
    draw_labels,
    draw_problem,
    make,
    seeds,
)


def distinct(elements):
    return st.lists(elements, min_size=3, max_size=3, unique=True).map(sorted)


CLASSES = st.one_of(
    distinct(st.integers(-(2**62), 2**62)),
    distinct(st.integers(-3, 50)),
    distinct(st.text(string.printable + "äß漢", max_size=4)),
    distinct(st.floats(-100, 100).map(round).map(float)),
    st.sampled_from(["int8", "uint8", "int16", "float32", "float16"]).map(
        lambda dtype: np.array([1, 5, 100], dtype=dtype)
    ),
)
WRAPS = {
    "array": lambda y: y,
    "list": lambda y: y.tolist(),
    "tuple": lambda y: tuple(y.tolist()),
    "objects": lambda y: y.astype(object),
    "read-only": lambda y: np.broadcast_to(y[:, None], (len(y), 2))[:, 0],
    "backwards": lambda y: y[::-1].copy()[::-1],
    "series": lambda y: pd.Series(y, index=np.arange(len(y))[::-1]),
    "series of one index": lambda y: pd.Series(y, index=[0] * len(y)),
    # pandas has no index of half precision.
    "categorical": lambda y: pd.Categorical(y.astype(float) if y.dtype == np.float16 else y),
    "polars": lambda y: pl.Series(y.tolist()),
}


@given(classifiers, CLASSES, st.sampled_from(sorted(WRAPS)), seeds)
def test_labels_are_what_their_codes_are(name, classes, wrap, seed):
    X, codes = draw_problem(name, seed)
    classes = np.asarray(classes)
    model = make(name).fit(X, WRAPS[wrap](classes[codes]))
    plain = make(name).fit(X, codes)
    assert model.classes_.tolist() == classes.tolist()
    assert_alike(model, plain, X, rtol=0, atol=0)
    assert model.predict(X).tolist() == classes[plain.predict(X)].tolist()
    assert model.score(X, WRAPS[wrap](classes[codes])) == plain.score(X, codes)


NULLABLE = ["Int64", "Int8", "UInt8", "Float64", "string", "category", "int64[pyarrow]"]


@given(classifiers, st.sampled_from(NULLABLE), seeds)
def test_pandas_own_dtypes(name, dtype, seed):
    pytest.importorskip("pyarrow")
    X, codes = draw_problem(name, seed)
    y = pd.Series(codes.astype(str) if dtype == "string" else codes, dtype=dtype)
    assert_alike(make(name).fit(X, y), make(name).fit(X, codes), X, rtol=0, atol=0)
    gone = y.copy()
    gone[seed % len(y)] = pd.NA
    assert_refused(make(name), X, gone, f"y contains NaN or None, e.g. in row {seed % len(y)}")


@given(st.sampled_from(sorted(MAKERS)), st.booleans(), seeds)
def test_tensors_of_labels(name, gradient, seed):
    torch = pytest.importorskip("torch")
    X, y = draw_problem(name, seed)
    tensor = torch.tensor(y.astype(float), requires_grad=gradient)
    assert_alike(make(name).fit(X, tensor), make(name).fit(X, y), X, rtol=0, atol=0)
    assert tensor.requires_grad == gradient


@given(st.sampled_from(sorted(MAKERS)), seeds)
def test_a_column_of_labels_is_raveled_with_a_warning(name, seed):
    X, y = draw_problem(name, seed)
    with pytest.warns(Warning, match="column-vector"):
        model = make(name).fit(X, y[:, None])
    assert_alike(model, make(name).fit(X, y), X, rtol=0, atol=0)


def spoiled(y, row, value):
    y = y.astype(object)
    y[row] = value
    return y


NO_LABELS = {
    "None": (lambda y, row: spoiled(y, row, None), "y"),
    "NaN": (lambda y, row: np.where(np.arange(len(y)) == row, np.nan, y), "y"),
    "NaN object": (lambda y, row: spoiled(y, row, np.nan), "y"),
    "NA": (lambda y, row: spoiled(y, row, pd.NA), "y"),
    "infinity": (lambda y, row: np.where(np.arange(len(y)) == row, np.inf, y), "y"),
    "complex": (lambda y, row: y + np.where(np.arange(len(y)) == row, 1j, 0), "y"),
    "complex object": (lambda y, row: spoiled(y, row, 1j), "y"),
    "masked": (lambda y, row: np.ma.array(y, mask=np.arange(len(y)) == row), "y has 1 masked"),
    "mixed": (lambda y, row: spoiled(y, row, "a"), "y"),
    "short": (lambda y, row: y[:row], "y"),
    "scalar": (lambda y, row: y[row], "y"),
    "0-d": (lambda y, row: np.asarray(y[row]), "y"),
    "3-d": (lambda y, row: y[:, None, None], "y has shape"),
    "two columns": (lambda y, row: np.column_stack([y, y + 5]), "y has shape"),
    "nothing": (lambda y, row: None, "y"),
    "constant": (lambda y, row: np.full(len(y), y[row]), "y holds 1"),
}


@given(st.sampled_from(sorted(MAKERS)), st.sampled_from(sorted(NO_LABELS)), seeds)
def test_what_is_no_label_is_refused_by_name(name, kind, seed):
    X, y = draw_problem(name, seed)
    spoil, message = NO_LABELS[kind]
    if name == "regressor" and kind == "constant":
        model = make(name).fit(X, spoil(y, 0))
        close(model.refined_labels_, y[0])
        close(model.label_quality_, 1, atol=0.7)
        assert not model.label_issues_.any()
        return
    assert_refused(make(name), X, spoil(y, seed % len(y)), rf"\b{message}\b")


@given(seeds, st.integers(2, 8))
def test_more_folds_than_members_of_a_class(seed, n_folds):
    X, y = draw_problem("classifier", seed)
    y[y == 2] = 1
    y[seed % len(y)] = 2  # one row alone
    model = SLRClassifier(
        make("soft"), n_rounds=2, cv=n_folds, random_state=0, refinement="average"
    )
    with pytest.warns(UserWarning, match="least populated class"):
        model.fit(X, y)
    row = seed % len(y)
    # Its fold has never seen the class: the row keeps its mass of it.
    assert model.refined_labels_[row, 2] == pytest.approx(1)
    close(model.refined_labels_.sum(axis=1), 1)


@given(st.sampled_from(["classifier", "regressor", "cuts"]), st.integers(25, 1000), seeds)
def test_fewer_rows_than_folds(name, n_folds, seed):
    X, y = draw_problem(name, seed)
    assert_refused(make(name).set_params(cv=n_folds), X, y, "24.*folds")


@given(distinct(st.integers(-5, 50)), seeds, st.booleans())
def test_gaps_between_grades_are_kept(grades, seed, as_series):
    X, codes = draw_problem("cuts", seed)
    y = np.array(grades)[codes]
    y = pd.Series(y, index=codes) if as_series else y
    for name in ("cuts", "grades"):
        model = make(name).fit(X, y)
        assert model.grades_.tolist() == grades
        assert set(model.predict(X).tolist()) <= set(grades)


@given(seeds)
def test_ordered_categories_keep_their_order(seed):
    X, codes = draw_problem("cuts", seed)
    order = ["low", "mid", "high"]
    y = pd.Series(pd.Categorical.from_codes(codes, order, ordered=True))
    model = make("cuts").fit(X, y)
    assert model.grades_.tolist() == order
    assert_alike(model, make("cuts").fit(X, codes), X)


def test_grades_of_two_kinds_are_not_silently_strings():
    y = np.array([1, "a"] * 12, dtype=object)
    with pytest.raises(TypeError, match="y mixes strings"):
        ThresholdedRegressor().fit(np.zeros((24, 1)), y)


GAPS = {
    "NaN": lambda y, gaps: np.where(gaps, np.nan, y),
    "-1": lambda y, gaps: np.where(gaps, -1, y),
    "None": lambda y, gaps: np.where(gaps, None, y.astype(object)),
    "NA": lambda y, gaps: pd.DataFrame(np.where(gaps, np.nan, y)).astype("Int64"),
    "frame": lambda y, gaps: pd.DataFrame(np.where(gaps, np.nan, y), index=[3] * len(y)),
}


@given(st.sampled_from(sorted(GAPS)), seeds)
def test_answers_may_be_missing_in_any_way(kind, seed):
    X, y = draw_problem("classifier", seed)
    rng = np.random.default_rng([seed, 2])
    answers = np.where(
        rng.random((len(y), 3)) < 0.2, draw_labels("soft", X[::-1], seed)[:, None], y[:, None]
    )
    gaps = rng.random(answers.shape) < 0.3
    gaps[:6, 0] = False
    model = SLRClassifier(make("soft"), n_rounds=1, cv=2, refinement="annotators", random_state=0)
    plain = model.fit(X, np.where(gaps, -1, answers)).refined_labels_
    found = model.fit(X, GAPS[kind](answers, gaps)).refined_labels_
    np.testing.assert_array_equal(found, plain)
