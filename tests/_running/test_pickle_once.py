import pickle

import numpy as np
import pytest
from scipy import sparse

from sklearn_slr._running._pickle_once import PickledOnce, pickle_once, unpickle


def pandas():
    return pytest.importorskip("pandas")


@pytest.mark.parametrize(
    "make",
    [
        lambda: None,
        lambda: np.zeros((3, 2)),
        lambda: sparse.csr_matrix(np.eye(3)),
        lambda: pandas().DataFrame({"a": [1.0], "b": [2]}),
        lambda: pandas().Series([1.0]),
    ],
)
def test_what_joblib_maps_by_itself_is_left_alone(make):
    value = make()
    assert pickle_once(value) is value
    assert unpickle(value) is value


@pytest.mark.parametrize(
    "make",
    [
        lambda: ["a text", "another"],
        lambda: np.array(["a text", None], dtype=object),
        lambda: pandas().DataFrame({"a": [1.0], "b": ["text"]}),
        lambda: pytest.importorskip("polars").DataFrame({"a": [1.0]}),
        lambda: pytest.importorskip("torch").arange(4),
        lambda: {"a": np.zeros(3)},
    ],
)
def test_anything_else_is_pickled_once_and_comes_out_as_it_went_in(make):
    value = make()
    parcel = pickle_once(value)
    assert isinstance(parcel, PickledOnce)
    assert unpickle(parcel) is value  # in the same process nothing is copied
    first, second = parcel.__reduce__(), parcel.__reduce__()
    assert first[1][1] is second[1][1]
    assert isinstance(first[1][1], np.ndarray)
    arrived = pickle.loads(pickle.dumps(parcel))
    assert type(arrived) is type(value)
    assert repr(arrived) == repr(value)


def test_classes_of_a_notebook_travel_by_value():
    class Here:
        def __len__(self):
            return 7

    assert len(pickle.loads(pickle.dumps(pickle_once(Here())))) == 7
