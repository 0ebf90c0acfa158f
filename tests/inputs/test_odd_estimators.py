"""Estimators that keep no contract: the answer that was meant, or an error that names them."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import GaussianNB

from sklearn_slr import out_of_fold_predict

from .problems import (
    CLASSIFIERS,
    assert_alike,
    assert_refused,
    classifiers,
    close,
    draw_problem,
    make,
    names,
    regressors,
    seeds,
)


def as_tensor(values):
    torch = pytest.importorskip("torch")
    return torch.tensor(values, requires_grad=True)


class OddClassifier(ClassifierMixin, BaseEstimator):
    """Naive Bayes that answers in an odd way."""

    def __init__(self, answer=None, habit=None, count=0):
        self.answer = answer
        self.habit = habit
        self.count = count

    def fit(self, X, y, sample_weight=None):
        self.model_ = GaussianNB().fit(X, y, sample_weight)
        self.classes_ = self.model_.classes_
        if self.habit == "backwards":
            self.classes_ = self.classes_[::-1]
        if self.habit == "counts":
            self.count += 1
        if self.habit == "writes":
            y[:] = 0
            if sample_weight is not None:
                sample_weight[:] = 0
        return None if self.habit == "forgets" else self

    def predict(self, X):
        return self.model_.predict(X)

    def predict_proba(self, X):
        proba = self.model_.predict_proba(X)
        proba = proba[:, ::-1] if self.habit == "backwards" else proba
        return proba if self.answer is None else ANSWERS[self.answer](proba)


class OddRegressor(RegressorMixin, BaseEstimator):
    """Ridge that answers in an odd way."""

    def __init__(self, answer=None, habit=None, count=0):
        self.answer = answer
        self.habit = habit
        self.count = count

    def fit(self, X, y, sample_weight=None):
        self.model_ = Ridge().fit(X, y, sample_weight)
        if self.habit == "counts":
            self.count += 1
        if self.habit == "writes":
            y[:] = 0
            if sample_weight is not None:
                sample_weight[:] = 0
        return None if self.habit == "forgets" else self

    def predict(self, X):
        scores = self.model_.predict(X)
        return scores if self.answer is None else ANSWERS[self.answer](scores)


# What a caller can read, and what none can.
ANSWERS = {
    "list": lambda a: a.tolist(),
    "frame": pd.DataFrame,
    "frame of odd index": lambda a: pd.DataFrame(a, index=np.arange(len(a))[::-1]),
    "polars": lambda a: pl.DataFrame(a) if a.ndim == 2 else pl.Series(a),
    "tensor": as_tensor,
    "objects": lambda a: a.astype(object),
    "short": lambda a: a[:-1],
    "long": lambda a: np.concatenate([a, a]),
    "scalar": lambda a: 1.0,
    "nothing": lambda a: None,
    "NaN": lambda a: np.where(np.arange(a.size).reshape(a.shape) == 1, np.nan, a),
    "infinite": lambda a: a + np.inf,
    "3-d": lambda a: a[..., None, None],
    "complex": lambda a: a + 1j,
    "words": lambda a: np.full(a.shape, "much"),
    "sparse": lambda a: sparse.csr_array(a.reshape(len(a), -1)),
    # Of probabilities only:
    "negative": lambda a: a - 0.5,
    "twice": lambda a: 2 * a,
    "zeros": lambda a: 0 * a,
    "logarithms": lambda a: np.log(a + 1e-9),
    "a class too few": lambda a: a[:, 1:],
    "a class too many": lambda a: np.column_stack([a, 0 * a[:, 0]]),
    "one class": lambda a: a[:, 0],
}
READABLE = ["list", "frame", "frame of odd index", "polars", "tensor", "objects"]
PROBABILITIES = list(ANSWERS)[list(ANSWERS).index("negative") :]
UNREADABLE = [answer for answer in ANSWERS if answer not in READABLE + PROBABILITIES]


def odd(name, **params):
    return (OddClassifier if name in CLASSIFIERS else OddRegressor)(**params)


@given(names, st.sampled_from(READABLE), seeds)
def test_answers_of_any_kind_are_read(name, answer, seed):
    X, y = draw_problem(name, seed)
    model = make(name, odd(name, answer=answer)).fit(X, y)
    assert_alike(model, make(name, odd(name)).fit(X, y), X)


def check_blamed(name, answer, seed):
    """Assert that fitting or predicting blames the estimator's method."""
    X, y = draw_problem(name, seed)
    kind, method = (
        ("Classifier", "predict_proba") if name in CLASSIFIERS else ("Regressor", "predict")
    )
    message = rf"Odd{kind}\.{method}"
    model = make(name, odd(name, answer=answer))
    if name == "soft":  # it has no folds
        with pytest.raises((TypeError, ValueError), match=message):
            model.fit(X, y).predict_proba(X)
        return
    assert_refused(model, X, y, message)
    with pytest.raises((TypeError, ValueError)) as caught:
        model.fit(X, y)
    assert "Raised in round 1, repeat 0, fold 0, teacher 0." in caught.value.__notes__


@given(names, st.sampled_from(UNREADABLE), seeds)
def test_answers_that_nobody_can_read_are_blamed(name, answer, seed):
    check_blamed(name, answer, seed)


@given(classifiers, st.sampled_from(PROBABILITIES), seeds)
def test_what_is_no_probability_is_blamed(name, answer, seed):
    check_blamed(name, answer, seed)


@given(names, st.sampled_from(["forgets", "counts", "writes"]), st.booleans(), seeds)
def test_habits_of_fit_do_not_reach_the_labels(name, habit, weighted, seed):
    X, y = draw_problem(name, seed)
    y = y.astype(float) if name == "regressor" else y
    weight = np.random.default_rng(seed).random(len(y)) + 0.5 if weighted else None
    inner = odd(name, habit=habit)
    kept = y.copy(), None if weight is None else weight.copy()
    model = make(name, inner).fit(X, y, sample_weight=weight)
    plain = make(name, odd(name)).fit(X, y, sample_weight=kept[1])
    assert_alike(model, plain, X, rtol=0, atol=0)
    assert y.tolist() == kept[0].tolist()
    assert weight is None or weight.tolist() == kept[1].tolist()
    assert inner.count == 0
    assert not hasattr(inner, "model_")


@given(classifiers, st.booleans(), seeds)
def test_columns_follow_the_estimators_own_classes(name, probability_rows, seed):
    X, y = draw_problem(name, seed)
    if probability_rows:
        y = np.eye(3)[y] * 0.7 + 0.1
    model = make(name, odd(name, habit="backwards")).fit(X, y)
    assert_alike(model, make(name, odd(name)).fit(X, y), X, rtol=0, atol=0)


class Unlucky(GaussianNB):
    """Naive Bayes that fails where a certain row is among its training rows."""

    def __init__(self, row=0.0, error=ValueError, var_smoothing=1e-9):
        super().__init__(var_smoothing=var_smoothing)
        self.row = row
        self.error = error

    def fit(self, X, y, sample_weight=None):
        if self.row in X[:, 0]:
            raise self.error("no luck")
        return super().fit(X, y, sample_weight)


@given(
    st.sampled_from([ValueError, TypeError, KeyError, OSError, MemoryError, ZeroDivisionError]),
    st.integers(0, 2),
    st.integers(0, 2),
    seeds,
)
def test_an_error_in_one_fold_says_in_which(error, repeat, fold, seed):
    X, y = draw_problem("classifier", seed)
    n_folds = 3
    tests = [np.arange(k, len(y), n_folds) for k in range(n_folds)]
    splits = [(np.setdiff1d(np.arange(len(y)), test), test) for test in tests]
    X[:, 0] += np.arange(len(y)) / 1000  # every row is another
    marked = tests[(fold + 1) % n_folds][0]  # the folds before `fold` must not train on it
    splits = splits[(fold + 1) % n_folds :] + splits[: (fold + 1) % n_folds]
    model = make("classifier", Unlucky(X[marked, 0], error)).set_params(cv=splits)
    wanted = "Raised in round 1, repeat 0, fold 1, teacher 0."
    assert_refused(model, X, y, "no luck", errors=error)
    with pytest.raises(error) as caught:
        model.fit(X, y)
    assert caught.value.__notes__ == [wanted]
    teachers = [("good", GaussianNB()), ("bad", model.estimator)]
    model.set_params(estimator=GaussianNB(), teachers=teachers, n_repeats=repeat + 1)
    with pytest.raises(error) as caught:
        model.fit(X, y)
    assert caught.value.__notes__ == [wanted.replace("teacher 0", "teacher 1")]


@given(regressors, st.sampled_from(["column", "frame"]), seeds)
def test_a_column_of_scores_is_read(name, kind, seed):
    X, y = draw_problem(name, seed)

    class Columns(Ridge):
        def predict(self, X):
            column = super().predict(X)[:, None]
            return column if kind == "column" else pd.DataFrame(column)

    assert_alike(make(name, Columns()).fit(X, y), make(name, Ridge()).fit(X, y), X, rtol=0, atol=0)


@given(seeds)
def test_out_of_fold_predictions_blame_the_estimator_too(seed):
    X, y = draw_problem("soft", seed)
    rows = np.eye(3)[y]
    close(
        out_of_fold_predict(OddClassifier(habit="backwards"), X, rows, random_state=0),
        out_of_fold_predict(OddClassifier(), X, rows, random_state=0),
    )
    with pytest.raises(ValueError, match=r"OddClassifier\.predict_proba") as caught:
        out_of_fold_predict(OddClassifier(answer="twice"), X, rows, random_state=0)
    assert "Raised in round 1" in caught.value.__notes__[0]
