import functools
import pickle
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_slr._running._fingerprint import describe, digest

A = np.arange(12.0).reshape(4, 3)
TABLE = pd.DataFrame({"a": [1, 2], "b": ["x", None]})


def added(n):
    return lambda X: X + n


class Held:
    def __init__(self, **attributes):
        vars(self).update(attributes)


def own_class(**members):
    return type("Own", (), {"__module__": "__main__", **members})


DISTINCT = {
    "dtype": (A, A.astype(np.float32)),
    "value": (A, A + np.eye(4, 3) * 1e-15),
    "shape": (A, A.reshape(3, 4)),
    "order of rows": (A, A[::-1]),
    "negative zero": (np.zeros(1), -np.zeros(1)),
    "objects": (np.array(["a", None]), np.array(["a", "None"], dtype=object)),
    "rows of nothing": (np.empty((0, 2)), np.empty((0, 3))),
    "sparse": (sparse.csr_array(np.eye(3)), sparse.csr_array(2 * np.eye(3))),
    "column name": (TABLE, TABLE.rename(columns={"a": "c"})),
    "column": (TABLE, TABLE.assign(b=["y", None])),
    "index": (TABLE, TABLE.set_index(np.array([3, 4]))),
    "categories": (pd.Series(["a"]), pd.Series(["a"], dtype="category")),
    "polars": (pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [2]})),
    "polars column": (pl.Series([1, 2]), pl.Series([1, 3])),
    "texts": (["a", "b"] * 50, ["a", "b"] * 49 + ["b", "a"]),
    "split texts": (["ab", "c"] * 50, ["a", "bc"] * 50),
    "list or tuple": ([1], (1,)),
    "number or text": (1, "1"),
    "int or float": (1, 1.0),
    "long text": ("a" * 200, "a" * 199 + "b"),
    "dict": ({"a": 1}, {"a": 2}),
    "long dict": (dict.fromkeys(range(50), 0), dict.fromkeys(range(51), 0)),
    "key": ({1: 0}, {"1": 0}),
    "set": ({1, 2}, {1, 3}),
    "path": (Path("a"), Path("b")),
    "parameter": (LogisticRegression(), LogisticRegression(C=2)),
    "step": (make_pipeline(StandardScaler()), make_pipeline(StandardScaler(with_mean=False))),
    "fitted": tuple(FrozenEstimator(StandardScaler().fit(Z)) for Z in (A, A**2)),
    "class": (KFold, LogisticRegression),
    "function": (np.log, np.exp),
    "closure": (added(1), added(2)),
    "lambda": (lambda X: X + 1, lambda X: X + 2),
    "name in code": (lambda X: X.min(), lambda X: X.max()),
    "default": (lambda X, n=1: X, lambda X, n=2: X),
    "inner lambda": (lambda X: lambda: 1, lambda X: lambda: 2),
    "partial": (functools.partial(np.roll, shift=1), functools.partial(np.roll, shift=2)),
    "method": (Held(a=1).__eq__, Held(a=2).__eq__),
    "generator": (np.random.default_rng(0), np.random.default_rng(1)),
    "old generator": (np.random.RandomState(0), np.random.RandomState(1)),
    "attribute": (Held(a=[1]), Held(a=[2])),
    "code of a method": (own_class(f=lambda self: 1)(), own_class(f=lambda self: 2)()),
    "code behind a decorator": tuple(
        own_class(f=functools.wraps(f)(lambda self: 0))() for f in (lambda: 1, lambda: 2)
    ),
    "code of a property": tuple(own_class(f=property(f)) for f in (lambda self: 1, lambda self: 2)),
    "constant of a class": (own_class(n=1), own_class(n=2)),
}


@pytest.mark.parametrize("case", DISTINCT)
def test_what_differs_is_told_apart(case):
    first, second = DISTINCT[case]
    assert describe(first, "it") != describe(second, "it")
    assert describe(first, "it") == describe(first, "it")
    for text in (text for pair in describe(first, "it").items() for text in pair):
        assert isinstance(text, str)
        assert "0x" not in text


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (A, np.asfortranarray(A)),
        (A, np.repeat(A, 2, axis=0)[::2]),
        (A[:, ::2], A[:, ::2].copy()),
        (np.float64(1.5), 1.5),
        (np.str_("a"), "a"),
        (sparse.csr_array(np.eye(3)), pickle.loads(pickle.dumps(sparse.csr_array(np.eye(3))))),
        (TABLE, TABLE.copy()),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a", "b", "c"}, {"c", "b", "a"}),
        (added(1), added(1)),
        (threading.Lock(), threading.Lock()),
        ((i for i in [1]), (i for i in [2])),  # cannot be read without using it up
        (
            make_pipeline(FunctionTransformer(np.log1p)),
            make_pipeline(FunctionTransformer(np.log1p)),
        ),
    ],
)
def test_what_is_equal_is_described_alike(first, second):
    assert describe(first, "it") == describe(second, "it")


def test_arrays_of_many_blocks_are_hashed_as_a_whole():
    large = np.zeros((5, 2**19))
    assert digest(large) == digest(np.asfortranarray(large))
    changed = large.copy()
    changed[-1, -1] = 1
    assert digest(large) != digest(changed)


def test_names_are_those_of_parameters():
    model = make_pipeline(LogisticRegression(class_weight={0: 2}))
    described = describe(model, "estimator")
    assert described["estimator__steps[0][1]__class_weight[0]"] == "2"
    assert described["version of sklearn"]


def test_iterators_are_not_used_up():
    generator, iterator = (i for i in range(3)), iter([1, 2])
    describe([generator, iterator], "it")
    assert (list(generator), list(iterator)) == ([0, 1, 2], [1, 2])


def test_circles_end():
    circle = Held(a=1)
    circle.itself = [circle]
    assert describe(circle, "it")["it__itself[0]"] == "an object that contains this one"


def test_trainable_weights_count_by_shape_and_frozen_ones_by_value():
    torch = pytest.importorskip("torch")
    first, second = (torch.nn.Linear(2, 2) for _ in range(2))
    assert describe(first, "it") == describe(second, "it")
    assert describe(first, "it") != describe(torch.nn.Linear(2, 3), "it")
    for module in (first, second):
        module.requires_grad_(False)
    assert describe(first, "it") != describe(second, "it")
    assert describe(torch.ones(2), "it") != describe(torch.ones(2, dtype=torch.bfloat16), "it")
    assert describe(torch.ones(2), "it") != describe(torch.zeros(2), "it")


def test_a_dataset_is_told_by_its_attributes_and_never_read():
    torch = pytest.importorskip("torch")
    helper = pytest.importorskip("skorch.helper")

    class Images(torch.utils.data.Dataset):
        def __init__(self, paths):
            self.paths = paths

        def __len__(self):
            return len(self.paths)

        def __getitem__(self, index):
            raise AssertionError("read")

    first, second = (helper.SliceDataset(Images([name])) for name in ("a", "b"))
    assert describe(first, "X")["X__dataset__paths[0]"] == "'a'"
    assert describe(first, "X") != describe(second, "X")
    rows = {"a": A, "b": A[:, 0]}
    assert describe(helper.SliceDict(**rows), "X") != describe(helper.SliceDict(**rows)[:2], "X")
