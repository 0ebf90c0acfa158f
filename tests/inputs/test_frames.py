"""Frames with missing values and categories, for estimators that take them; NaN for all others."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from .problems import CLASSIFIERS, assert_alike, assert_refused, draw_problem, make, names, seeds

COLORS = np.array(["blue", "green", "red"])


def draw_table(name, seed):
    """Return a frame with gaps and a categorical column, its float array, and labels."""
    X, y = draw_problem(name, seed)
    rng = np.random.default_rng([seed, 3])
    X[:, 2] = rng.integers(0, 3, len(X))
    X[rng.random(len(X)) < 0.2, 1] = np.nan
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "color": COLORS[X[:, 2].astype(int)]})
    return frame.astype({"color": pd.CategoricalDtype(COLORS)}), X, y


@given(names, seeds)
def test_boosting_takes_frames_with_gaps_and_categories(name, seed):
    frame, X, y = draw_table(name, seed)
    kind = HistGradientBoostingClassifier if name in CLASSIFIERS else HistGradientBoostingRegressor
    params = {"max_iter": 2, "min_samples_leaf": 2, "random_state": 0}
    model = make(name, kind(categorical_features="from_dtype", **params)).fit(frame, y)
    plain = make(name, kind(categorical_features=[2], **params)).fit(X, y)
    assert_alike(model, plain, frame, X)
    assert model.feature_names_in_.tolist() == ["a", "b", "color"]


@given(names, st.booleans(), seeds)
def test_column_transformers_take_frames_of_both_libraries(name, in_polars, seed):
    frame, X, y = draw_table(name, seed)
    before = frame.copy()
    columns = {column: frame[column].tolist() for column in frame}
    table = pl.DataFrame(columns) if in_polars else frame
    last = GaussianNB(var_smoothing=1e-3) if name in CLASSIFIERS else Ridge()

    def pipeline(numbers, colors, order):
        encoder = OneHotEncoder(categories=[order], sparse_output=False)
        before = make_column_transformer((SimpleImputer(), numbers), (encoder, colors))
        return make_pipeline(before, last)

    model = make(name, pipeline(["a", "b"], ["color"], COLORS.tolist())).fit(table, y)
    plain = make(name, pipeline([0, 1], [2], [0.0, 1.0, 2.0])).fit(X, y)
    assert_alike(model, plain, table, X)
    pd.testing.assert_frame_equal(frame, before)


@given(names, st.sampled_from([np.nan, np.inf, -np.inf]), st.integers(0, 23), seeds)
def test_gaps_are_for_estimators_that_take_them(name, value, row, seed):
    X, y = draw_problem(name, seed)
    X[row, 0] = value
    assert_refused(make(name), X, y, "Input X contains (NaN|infinity)")
    tree = DecisionTreeClassifier if name in CLASSIFIERS else DecisionTreeRegressor
    model = make(name, tree(max_depth=2, random_state=0))
    if np.isnan(value):
        frame = pd.DataFrame(X).astype("Float64")
        assert_alike(model.fit(X, y), make(name, model.estimator).fit(frame, y), X, frame)
    else:
        assert_refused(model, X, y, "Input X contains infinity")


@pytest.mark.parametrize("columns", [["a", "a", "b"], ["a", 1, "b"]])
def test_names_that_name_no_column_are_refused(columns):
    for name in ("classifier", "regressor", "soft", "cuts"):
        X, y = draw_problem(name, 0)
        frame = pd.DataFrame(X, columns=columns)
        try:
            Ridge().fit(frame, y)
        except (TypeError, ValueError):
            assert_refused(make(name), frame, y, "[Ff]eature names|column names|unique")
        else:  # scikit-learn 1.6 takes names that stand twice, and so do we
            make(name).fit(frame, y)
