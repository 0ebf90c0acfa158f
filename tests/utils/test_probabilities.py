"""One check of probability rows, with the tolerance of each caller."""

import numpy as np
import pytest

from sklearn_slr.utils._probabilities import check_probabilities


def test_exact_rows_are_returned_unchanged_to_the_bit():
    rows = np.array([[0.1, 0.2, 0.7], [1 / 3, 1 / 3, 1 / 3]])
    assert check_probabilities(rows, "y holds") is rows


@pytest.mark.parametrize("normalize", ["inexact", "always"])
def test_rows_within_the_tolerance_are_clipped_and_divided_by_their_sums(normalize):
    rows = np.array([[0.5, 0.5002], [-1e-7, 1.0]])
    found = check_probabilities(rows, "y holds", normalize=normalize)
    np.testing.assert_allclose(found, [[0.5 / 1.0002, 0.5002 / 1.0002], [0, 1]], atol=1e-15)
    assert rows[1, 0] == -1e-7


def test_never_means_unchanged():
    rows = np.array([[0.5, 0.5002]])
    assert check_probabilities(rows, "y holds", normalize="never") is rows


def test_in_place_means_no_second_array():
    rows = np.array([[0.5, 0.5002]])
    assert check_probabilities(rows, "y holds", copy=False) is rows
    assert rows.sum() == 1


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (
            [[0.5, 0.6]],
            {},
            r"y holds rows that are not probabilities .*sums 1.1 to 1.1; e.g. row 0",
        ),
        ([[1, 0], [-0.1, 1.1]], {}, r"smallest entry -0.1,.*row 1\)"),
        ([[0, 1], [-1e-7, 1]], {"lowest": 0.0, "hint": " Do this."}, r"row 1.*to 1\. Do this\."),
        ([[0.5, 0.53]], {"tolerance": 0.02}, "not probabilities"),
    ],
)
def test_other_rows_are_refused_with_an_example(rows, options, message):
    with pytest.raises(ValueError, match=message):
        check_probabilities(np.array(rows, dtype=float), "y holds", **options)
