"""X of any kind says what the plain float64 array of its values says, and is left as it came."""

import tempfile

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn import config_context
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import BernoulliNB

from sklearn_slr import out_of_fold_predict

from .problems import (
    CLASSIFIERS,
    MAKERS,
    assert_alike,
    assert_refused,
    close,
    draw_inputs,
    draw_labels,
    draw_problem,
    make,
    names,
    seeds,
)


def mapped(X):
    """Return a memory map of a file that is gone when the map is."""
    with tempfile.TemporaryFile() as file:
        values = np.memmap(file, dtype=X.dtype, mode="w+", shape=X.shape)
    values[:] = X
    values.flags.writeable = False
    return values


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


COLUMNS = ["a", "b", "c"]
KINDS = {
    "column by column": np.asfortranarray,
    "every second column": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "backwards": lambda X: X[::-1, ::-1].copy()[::-1, ::-1],
    "transposed": lambda X: X.T.copy().T,
    "read-only": read_only,
    "memory map": mapped,
    "lists": lambda X: X.tolist(),
    "tuples": lambda X: tuple(map(tuple, X.tolist())),
    "objects": lambda X: X.astype(object),
    "long doubles": lambda X: X.astype(np.longdouble),
    "big endian": lambda X: X.astype(">f8"),
    "frame": lambda X: pd.DataFrame(X, columns=COLUMNS),
    "frame of one index": lambda X: pd.DataFrame(X, index=[7] * len(X)),
    "frame of two columns' names": lambda X: pd.DataFrame(
        X, columns=pd.MultiIndex.from_tuples([(1, 1), (1, 2), (2, 1)])
    ),
    "nullable frame": lambda X: pd.DataFrame(X, columns=COLUMNS).astype("Float64"),
    "mixed frame": lambda X: pd.DataFrame(X, columns=COLUMNS).astype({"a": np.float32}),
    "polars frame": lambda X: pl.DataFrame(X, schema=COLUMNS),
}
NARROW = ["float32", "float16", "int64", "int32", "int8", "uint8", "uint64", "bool"]


def fit_unmutated(model, X, y):
    before = np.array(X, dtype=np.float64)
    model.fit(X, y)
    np.testing.assert_array_equal(np.asarray(X, dtype=np.float64), before)
    return model


@given(names, st.sampled_from(sorted(KINDS)), seeds)
def test_a_container_says_what_its_values_say(name, kind, seed):
    X, y = draw_problem(name, seed)
    other = KINDS[kind](X)
    model = fit_unmutated(make(name), other, y)
    assert_alike(model, make(name).fit(X, y), other, X)
    assert model.n_features_in_ == 3


@given(names, st.sampled_from(NARROW), seeds)
def test_a_dtype_says_what_its_numbers_say(name, dtype, seed):
    X = draw_inputs(seed)
    # Below zero an unsigned number is a huge one, which Ridge has its own opinion on.
    X = (np.abs(X) if dtype.startswith("u") else X).astype(dtype)
    wide = X.astype(np.float64)
    y = draw_labels(name, wide, seed)
    model = fit_unmutated(make(name, flat(name)), X, y)
    plain = make(name, flat(name)).fit(wide, y)
    predict = "predict_proba" if name in CLASSIFIERS else "decision_function"
    predict = "predict" if name == "regressor" else predict
    # Ridge computes in the precision of what it is given.
    error = 1e-3 if dtype == "float32" else 1e-7
    close(getattr(model, predict)(X), getattr(plain, predict)(wide), error, error)


def flat(name):
    """Return a model that does not mind a constant column, as of booleans."""
    return BernoulliNB() if name in CLASSIFIERS else Ridge()


FORMATS = ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"]


@given(names, st.sampled_from(FORMATS), st.booleans(), seeds)
def test_sparse_formats_say_what_dense_arrays_say(name, layout, old, seed):
    X, y = draw_problem(name, seed)
    X[np.abs(X) < 2] = 0
    other = getattr(sparse, f"{layout}_{'matrix' if old else 'array'}")(X)
    model = BernoulliNB() if name in CLASSIFIERS else Ridge(tol=1e-12)
    fitted = make(name, model).fit(other, y)
    assert (other.toarray() == X).all()
    plain = make(name, model).fit(X, y)
    if name in ("grades", "cuts"):  # the cuts depend on the last digits of the scores
        close(fitted.oof_predictions_, plain.oof_predictions_, 1e-5, 1e-6)
    else:
        assert_alike(fitted, plain, other, X, rtol=1e-5, atol=1e-6)


@given(names, st.booleans(), seeds)
def test_tensors_say_what_arrays_say_with_and_without_gradient(name, gradient, seed):
    torch = pytest.importorskip("torch")
    X, y = draw_problem(name, seed)
    tensor = torch.tensor(X, requires_grad=gradient)
    model = make(name).fit(tensor, y)
    assert tensor.requires_grad == gradient
    assert tensor.grad is None
    assert_alike(model, make(name).fit(X, y), tensor, X)


@given(names, seeds)
def test_a_single_column_is_enough(name, seed):
    X, y = draw_problem(name, seed)
    model = make(name).fit(X[:, :1], y)
    assert model.n_features_in_ == 1
    # A column of zeros more says nothing more: Ridge and naive Bayes of one column agree with it.
    if name not in CLASSIFIERS:
        wide = np.column_stack([X[:, :1], np.zeros(len(X))])
        close(make(name).fit(wide, y).oof_predictions_, model.oof_predictions_)


@given(seeds, st.sampled_from(sorted(KINDS)))
def test_out_of_fold_predictions_of_any_container(seed, kind):
    X, y = draw_problem("regressor", seed)
    wanted = out_of_fold_predict(Ridge(), X, y, cv=3, random_state=seed)
    close(out_of_fold_predict(Ridge(), KINDS[kind](X), y, cv=3, random_state=seed), wanted)


@pytest.mark.parametrize("name", sorted(MAKERS))
@pytest.mark.parametrize(
    ("X", "message"),
    [
        (None, "X has no rows"),
        (3.0, "X has no rows"),
        ((x for x in "ab"), "X has no rows"),
        (np.empty((0, 3)), r"0 sample\(s\)"),
        (np.empty((24, 0)), r"0 feature\(s\)"),
        (np.zeros(24), "2D array|1D array"),
        (np.zeros((24, 3), dtype=complex), "Complex"),
        (np.zeros((23, 3)), "inconsistent numbers"),
    ],
)
def test_what_is_no_table_is_refused(name, X, message):
    assert_refused(make(name), X, draw_problem(name, 0)[1], message)


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_tensors_under_array_api_dispatch(name):
    """Targets and weights stay NumPy arrays, which scikit-learn would refuse beside a tensor."""
    torch = pytest.importorskip("torch")
    X, y = draw_problem(name, 0)
    tensor = torch.from_numpy(np.ascontiguousarray(X, dtype=np.float64))
    expected = make(name).fit(X, y)
    with config_context(array_api_dispatch=True):
        model = make(name).fit(tensor, y)
        predicted = np.asarray(model.predict(tensor))
    np.testing.assert_array_equal(predicted, expected.predict(X))
