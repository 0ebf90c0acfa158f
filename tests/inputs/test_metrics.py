"""Metrics, thresholds and probability rows given in any container."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sklearn_slr.metrics import label_quality_scores, quadratic_weighted_kappa, soft_log_loss
from sklearn_slr.ordinal import apply_thresholds, fit_thresholds

from .problems import assert_alike, assert_refused, classifiers, close, draw_problem, make, seeds


def tensor(values):
    torch = pytest.importorskip("torch")
    return torch.tensor(np.ascontiguousarray(values, dtype=float), requires_grad=True)


WRAPS = {
    "list": lambda v: v.tolist(),
    "tensor": tensor,
    "objects": lambda v: v.astype(object),
    "backwards": lambda v: v[::-1].copy()[::-1],
    "pandas": lambda v: (pd.Series if v.ndim == 1 else pd.DataFrame)(v, index=[0] * len(v)),
    "polars": lambda v: pl.Series(v) if v.ndim == 1 else pl.DataFrame(v),
    "column by column": np.asfortranarray,
}
wraps = st.sampled_from(sorted(WRAPS)).map(WRAPS.get)


def draw(seed):
    """Return codes (n,), probability rows (n, 3), scores (n,) and weights (n,)."""
    rng = np.random.default_rng(seed)
    codes = rng.permutation(np.arange(15) % 3)
    return codes, rng.dirichlet(np.ones(3), 15), codes + rng.normal(size=15), rng.random(15) + 0.1


FUNCTIONS = {
    "kappa": (quadratic_weighted_kappa, lambda c, P, s, w: ((c, s), {"sample_weight": w})),
    "loss": (soft_log_loss, lambda c, P, s, w: ((P[::-1], P), {"sample_weight": w})),
    "quality": (label_quality_scores, lambda c, P, s, w: ((c, P), {})),
    "quality of rows": (label_quality_scores, lambda c, P, s, w: ((P[::-1], P), {})),
    "fit": (fit_thresholds, lambda c, P, s, w: ((s, c), {"sample_weight": w})),
    "fit grades": (fit_thresholds, lambda c, P, s, w: ((s, c), {"grades": np.arange(3)})),
    "apply": (apply_thresholds, lambda c, P, s, w: ((s, np.array([0.5, 1.5])), {})),
}
functions = st.sampled_from(sorted(FUNCTIONS))


@given(functions, wraps, seeds)
@example("quality", WRAPS["objects"], 0)
def test_arguments_of_any_kind(name, wrap, seed):
    function, arrange = FUNCTIONS[name]
    args, params = arrange(*draw(seed))
    copies = [arg.copy() for arg in args]
    wanted = function(*args, **params)
    found = function(*map(wrap, args), **{key: wrap(value) for key, value in params.items()})
    close(found, wanted, rtol=1e-12, atol=0)
    assert all(np.array_equal(arg, copy) for arg, copy in zip(args, copies, strict=True))


BAD = {
    "NaN": lambda v: np.where(np.arange(v.size).reshape(v.shape) == 1, np.nan, v),
    "complex": lambda v: v + 1j,
    "masked": lambda v: np.ma.array(v, mask=np.arange(v.size).reshape(v.shape) == 1),
    "3-d": lambda v: v[..., None, None],
    "empty": lambda v: v[:0],
    "words": lambda v: np.full(v.shape, "a"),
}


@given(functions, st.sampled_from(sorted(BAD)), st.integers(0, 2), seeds)
def test_what_is_no_argument_is_refused(name, kind, which, seed):
    function, arrange = FUNCTIONS[name]
    args, params = arrange(*draw(seed))
    values = [*args, *params.values()]
    which = which % len(values)
    if name == "apply" and kind == "empty" and which == 0:
        assert len(function(values[0][:0], values[1])) == 0
        return
    values[which] = BAD[kind](values[which])
    with pytest.raises((TypeError, ValueError)):
        function(*values[: len(args)], **dict(zip(params, values[len(args) :], strict=True)))


@given(classifiers, wraps, seeds)
def test_probability_rows_of_any_kind(name, wrap, seed):
    X, y = draw_problem(name, seed)
    rows = np.eye(3)[y] * 0.7 + 0.1
    model, plain = make(name).fit(X, wrap(rows)), make(name).fit(X, rows)
    assert_alike(model, plain, X, rtol=1e-9, atol=1e-12)
    assert model.score(X, wrap(rows)) == plain.score(X, y)


@given(classifiers, seeds, st.integers(0, 23))
def test_rows_that_are_no_probabilities_are_refused(name, seed, row):
    X, y = draw_problem(name, seed)
    for spoil in (lambda r: r * 2, lambda r: r - 0.5, lambda r: r * np.nan, lambda r: r * 0):
        rows = np.eye(3)[y] * 0.7 + 0.1
        rows[row] = spoil(rows[row])
        assert_refused(make(name), X, rows, r"\by\b")
