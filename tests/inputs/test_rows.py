"""Rows: their order, weights and groups change what they should and nothing else."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut
from sklearn.naive_bayes import GaussianNB

from sklearn_slr import out_of_fold_predict

from .problems import (
    CLASSIFIERS,
    LEARNED,
    MAKERS,
    assert_alike,
    assert_refused,
    close,
    draw_problem,
    make,
    names,
    seeds,
)

folded = st.sampled_from([name for name in sorted(MAKERS) if name != "soft"])


def balanced_splits(y, seed):
    """Return two folds, each of which trains on every class."""
    half = np.empty(len(y), dtype=int)
    half[np.lexsort([np.random.default_rng(seed).random(len(y)), y])] = np.arange(len(y)) % 2
    return [(np.flatnonzero(half != k), np.flatnonzero(half == k)) for k in range(2)]


@given(folded, seeds)
def test_rows_in_another_order_are_labelled_in_that_order(name, seed):
    X, y = draw_problem(name, seed)
    splits = balanced_splits(y, seed)
    order = np.random.default_rng(seed).permutation(len(y))
    place = np.argsort(order)
    moved = [(place[train], place[test]) for train, test in splits]
    plain = make(name).set_params(cv=splits).fit(X, y)
    model = make(name).set_params(cv=moved).fit(X[order], y[order])
    for learned in LEARNED:
        if hasattr(plain, learned):
            wanted = getattr(plain, learned)
            per_row = learned not in ("noise_matrix_", "thresholds_")
            close(getattr(model, learned), wanted[order] if per_row else wanted)


@given(folded, seeds)
def test_rows_of_weight_zero_are_labelled_and_never_trained_on(name, seed):
    X, y = draw_problem(name, seed)
    weight = np.ones(len(y))
    weight[:6] = 0
    spoiled = X.copy()
    spoiled[:6] = 1000.0
    splits = [(np.arange(6, 24), np.arange(6)), *offset(balanced_splits(y[6:], seed), 6)]
    one = make(name).set_params(cv=splits).fit(X, y, sample_weight=weight)
    other = make(name).set_params(cv=splits).fit(spoiled, y, sample_weight=weight)
    close(one.oof_predictions_[6:], other.oof_predictions_[6:])
    predict = "predict_proba" if name in CLASSIFIERS else "predict"
    close(getattr(one, predict)(X), getattr(other, predict)(X))


def offset(splits, n):
    return [(train + n, test + n) for train, test in splits]


WEIGHTS = {
    "list": lambda w: w.tolist(),
    "series": lambda w: pd.Series(w, index=[1] * len(w)),
    "integers": lambda w: w.astype(np.uint8),
    "float16": lambda w: w.astype(np.float16),
    "objects": lambda w: w.astype(object),
    "nullable": lambda w: pd.array(w, dtype="Float64"),
    "read-only": lambda w: np.broadcast_to(w[:, None], (len(w), 2))[:, 0],
}


@given(names, st.sampled_from(sorted(WEIGHTS)), seeds)
def test_weights_of_any_kind(name, kind, seed):
    X, y = draw_problem(name, seed)
    weight = np.random.default_rng(seed).integers(1, 4, len(y)).astype(float)
    model = make(name).fit(X, y, sample_weight=WEIGHTS[kind](weight))
    assert_alike(model, make(name).fit(X, y, sample_weight=weight), X, rtol=0, atol=0)


@given(names, st.booleans(), seeds)
def test_tensors_of_weights(name, gradient, seed):
    torch = pytest.importorskip("torch")
    X, y = draw_problem(name, seed)
    weight = np.random.default_rng(seed).random(len(y)) + 0.1
    tensor = torch.tensor(weight, requires_grad=gradient)
    model = make(name).fit(X, y, sample_weight=tensor)
    assert_alike(model, make(name).fit(X, y, sample_weight=weight), X, rtol=0, atol=0)


NO_WEIGHTS = {
    "zeros": lambda w: w * 0,
    "negative": lambda w: w - 2,
    "NaN": lambda w: w * np.nan,
    "infinite": lambda w: w * np.inf,
    "None": lambda w: [None] * len(w),
    "strings": lambda w: ["a"] * len(w),
    "complex": lambda w: w + 1j,
    "masked": lambda w: np.ma.array(w, mask=w > 0),
    "table": lambda w: w[:, None],
    "short": lambda w: w[1:],
    "scalar": lambda w: 2.0,
}


@given(names, st.sampled_from(sorted(NO_WEIGHTS)), seeds)
def test_what_is_no_weight_is_refused_by_name(name, kind, seed):
    X, y = draw_problem(name, seed)
    weight = NO_WEIGHTS[kind](np.ones(len(y)))
    assert_refused(make(name), X, y, r"[Ss]ample[_ ]weights?", sample_weight=weight)


def test_a_fold_without_a_row_of_positive_weight_says_so():
    X, y = draw_problem("regressor", 0)
    weight = np.zeros(len(y))
    weight[0] = 1
    message = "sample_weight is zero in all .* training rows"
    assert_refused(make("regressor"), X, y, message, sample_weight=weight)


@given(folded, seeds)
def test_groups_of_one_member_are_rows(name, seed):
    X, y = draw_problem(name, seed)
    groups = np.random.default_rng(seed).permutation(len(y))
    kinds = [groups, groups.tolist(), pd.Series(groups, index=y), [f"g{g:02}" for g in groups]]
    models = [
        make(name).set_params(cv=GroupKFold(4)).fit(X, y, groups=given_groups)
        for given_groups in kinds
    ]
    for model in models[1:]:
        assert_alike(model, models[0], X, rtol=0, atol=0)


@given(st.sampled_from(["regressor", "cuts"]), seeds)
def test_leaving_out_each_row_as_its_own_group(name, seed):
    X, y = draw_problem(name, seed, n=9)
    model = make(name).set_params(cv=LeaveOneGroupOut()).fit(X, y, groups=np.arange(len(y)))
    single = make(name).set_params(cv=KFold(len(y))).fit(X, y)
    assert_alike(model, single, X)


@given(names, seeds)
def test_frames_of_repeated_index_are_counted_by_rows(name, seed):
    X, y = draw_problem(name, seed)
    index = np.random.default_rng(seed).integers(0, 3, len(y))
    frame = pd.DataFrame(X, index=index, columns=list("abc"))
    weight = pd.Series(np.arange(1.0, len(y) + 1), index=index)
    model = make(name).fit(frame, pd.Series(y, index=index), sample_weight=weight)
    plain = make(name).fit(X, y, sample_weight=weight.to_numpy())
    assert_alike(model, plain, frame, X)


@given(seeds, st.integers(0, 23))
def test_rows_never_held_out_keep_their_targets(seed, row):
    X, y = draw_problem("soft", seed)
    rows = np.eye(3)[y] * 0.7 + 0.1
    test = np.delete(np.arange(24), row)
    splits = [(np.setdiff1d(np.arange(24), part), part) for part in np.array_split(test, 3)]
    P = out_of_fold_predict(GaussianNB(), X, rows, cv=splits)
    close(P[row], rows[row])
    numbers = out_of_fold_predict(Ridge(), X, y.astype(float), cv=splits)
    assert numbers[row] == y[row]


@given(seeds)
def test_a_clean_set_trains_nothing(seed):
    for name in ("classifier", "regressor"):
        X, y = draw_problem(name, seed)
        X_val, y_val = draw_problem(name, seed + 1)
        frame = pd.DataFrame(X_val)
        model = make(name).fit(X, y, X_val=frame, y_val=pd.Series(y_val))
        assert_alike(model, make(name).fit(X, y), X, rtol=0, atol=0)
        assert_refused(make(name), X, y, "X_val has 24, y_val has 23", X_val=X, y_val=y_val[1:])
        assert_refused(make(name), X, y, "y_val is missing", X_val=X)
