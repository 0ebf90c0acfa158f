import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_slr.utils._random import derive_seed, isolated_generators, seed_estimator

addresses = st.lists(st.integers(0, 1000), max_size=5)


@given(st.integers(0, 2**31 - 1), addresses, addresses)
def test_every_address_has_its_own_seed(root, first, second):
    a, b = derive_seed(root, *first), derive_seed(root, *second)
    assert 0 <= a < 2**31
    # Collisions of 31-bit hashes are rare enough not to be met here.
    assert (a == b) == (first == second)


def test_open_random_states_are_filled_and_others_kept():
    pipeline = make_pipeline(
        RandomForestClassifier(), GridSearchCV(RandomForestClassifier(random_state=7), {})
    )
    seed_estimator(pipeline, 3)
    assert isinstance(pipeline[0].random_state, int)
    assert pipeline[1].estimator.random_state == 7


def test_generators_are_seeded_inside_and_restored_after():
    torch = pytest.importorskip("torch")

    def draw():
        return torch.rand(1).item(), np.random.rand(), random.random()  # noqa: NPY002

    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    threads = torch.get_num_threads()
    with isolated_generators(5):
        first = draw()
        assert torch.get_num_threads() == 1
    with isolated_generators(5, n_threads=None):
        assert draw() == first
    assert torch.equal(states[0], torch.get_rng_state())
    assert np.array_equal(states[1], np.random.get_state()[1])  # noqa: NPY002
    assert states[2] == random.getstate()
    assert torch.get_num_threads() == threads
