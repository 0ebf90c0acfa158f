"""Quality of observed labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_slr.metrics import label_quality_scores

PROBA = np.array([[0.7, 0.2, 0.1], [0.7, 0.2, 0.1], [0.0, 0.0, 1.0]])


def test_the_score_is_the_probability_of_the_observed_class():
    assert_array_equal(label_quality_scores([0, 1, 2], PROBA), [0.7, 0.2, 1.0])


def test_missing_labels_are_not_suspicious():
    assert_array_equal(label_quality_scores([-1, 2, -1], PROBA), [1.0, 0.1, 1.0])
    assert_array_equal(label_quality_scores(np.array([-1.0, 2.0, 0.0]), PROBA), [1.0, 0.1, 0.0])


def test_the_score_of_rows_is_their_overlap():
    rows = [[0.5, 0.5, 0.0], [0.7, 0.2, 0.1], [1.0, 0.0, 0.0]]
    assert_allclose(label_quality_scores(rows, PROBA), [0.7, 1.0, 0.0])


@given(st.integers(0, 2**32 - 1))
def test_one_hot_rows_agree_with_indices_and_stay_in_the_unit_interval(seed):
    rng = np.random.default_rng(seed)
    proba, codes = rng.dirichlet(np.ones(4), size=6), rng.integers(0, 4, 6)
    by_index = label_quality_scores(codes, proba)
    assert_allclose(by_index, label_quality_scores(np.eye(4)[codes], proba))
    soft = label_quality_scores(rng.dirichlet(np.ones(4), size=6), proba)
    for scores in (by_index, soft):
        assert scores.min() >= 0
        assert scores.max() <= 1


@pytest.mark.parametrize(
    ("observed", "message"),
    [
        ([0, 1, 3], "observed holds 3; expected class indices from 0 to 2"),
        ([0, 1, -2], "observed holds -2"),
        ([0, 1, 0.5], "observed holds 0.5"),
        ([0, 1, np.nan], "observed holds nan"),
        (["a", "b", "c"], "encode labels"),
        ([0, 1], "inconsistent"),
        (np.ones((3, 2)), "shape"),
    ],
)
def test_bad_labels_are_refused(observed, message):
    with pytest.raises(ValueError, match=message):
        label_quality_scores(observed, PROBA)
