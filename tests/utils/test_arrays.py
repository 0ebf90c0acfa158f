from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from sklearn_slr.utils._arrays import plain_array, plain_numbers, unit_of


def test_values_come_back_as_they_are():
    given = np.array([1, 2], dtype=np.int8)
    assert plain_array(given, name="y") is given
    assert plain_array(pd.Series(["a", "b"], index=[7, 7]), name="y").tolist() == ["a", "b"]
    unmasked = np.ma.array([1, 2])
    assert plain_array(unmasked, name="y").tolist() == [1, 2]


def test_a_tensors_gradient_is_left_behind():
    torch = pytest.importorskip("torch")
    tensor = torch.tensor([1.0, 2.0], requires_grad=True)
    assert plain_array(tensor, name="y").tolist() == [1, 2]
    assert tensor.requires_grad


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (sparse.csr_array(np.eye(2)), TypeError, "w is sparse.*toarray"),
        (np.ma.array([1.0, 2.0], mask=[False, True]), ValueError, "w has 1 masked"),
        (np.array([1j]), ValueError, "Complex data not supported: w"),
        (["one"], ValueError, "w holds values that are not numbers.*one"),
        ([object()], ValueError, "w holds values that are not numbers"),
        ([10**400], ValueError, "w holds values that are not numbers"),
    ],
)
def test_what_holds_no_numbers_is_named(value, error, message):
    with pytest.raises(error, match=message):
        plain_numbers(value, name="w")


def test_numbers_of_any_kind():
    assert plain_numbers([True, 2, Decimal("0.5")], name="w").tolist() == [1, 2, 0.5]


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=5))
def test_the_unit_is_a_power_of_two_that_brings_values_near_one(values):
    unit = unit_of(np.array(values))
    assert np.frexp(unit)[0] == 0.5
    largest = np.abs(values).max()
    assert 0.5 <= largest * unit < 1 or largest < 1e-300
    normal = [value for value in values if value == 0 or abs(value * unit) > 1e-300]
    assert [value * unit / unit for value in normal] == normal
