import numpy as np
import pytest

from sklearn_slr.datasets import make_noisy_labels

Y = np.repeat(["a", "b", "c"], 4000)


def confusion(noisy):
    return np.array([[(noisy[t == Y] == o).mean() for o in "abc"] for t in "abc"])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("uniform", [[0.7, 0.15, 0.15], [0.15, 0.7, 0.15], [0.15, 0.15, 0.7]]),
        ("asymmetric", [[0.7, 0.3, 0], [0, 0.7, 0.3], [0.3, 0, 0.7]]),
        ("adjacent", [[0.7, 0.3, 0], [0.15, 0.7, 0.15], [0, 0.3, 0.7]]),
        ([[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1]], [[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1]]),
    ],
)
def test_shares(kind, expected):
    noisy = make_noisy_labels(Y, noise=0.3, kind=kind, random_state=0)
    measured = confusion(noisy)
    assert np.allclose(measured, expected, atol=0.03)
    assert np.all(measured[np.array(expected) == 0] == 0)
    assert noisy.dtype == Y.dtype


def test_only_the_seed_decides():
    first, again = (make_noisy_labels(Y, noise=0.5, random_state=1) for _ in range(2))
    assert np.array_equal(first, again)
    assert np.array_equal(make_noisy_labels(Y, noise=0.0), Y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "noise is None"),
        ({"kind": np.eye(2)}, r"expected shape \(3, 3\)"),
        ({"kind": np.ones((3, 3))}, "sum to 1"),
        ({"noise": 1.5}, "noise"),
        ({"noise": 0.1, "kind": "odd"}, "kind"),
    ],
)
def test_bad_parameters_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_noisy_labels(Y, **parameters)
