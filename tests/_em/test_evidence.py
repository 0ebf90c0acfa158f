import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_slr._em._evidence import (
    agreement_gain,
    explain_labels,
    in_errors,
    loss_gain,
    smallest_class_kept,
)
from sklearn_slr.refinement import _answers


@given(st.integers(0, 10_000))
def test_weights_of_the_gain_are_repeated_rows(seed):
    rng = np.random.default_rng(seed)
    codes, first, last = rng.integers(3, size=(3, 20))
    weight = rng.integers(0, 4, 20)
    repeated = np.repeat(np.arange(20), weight)
    assert agreement_gain(codes, first, last, weight) == pytest.approx(
        agreement_gain(codes[repeated], first[repeated], last[repeated])
    )
    assert agreement_gain(codes, first, first) == 0
    assert agreement_gain(codes, first, last) == -agreement_gain(codes, last, first)


def test_the_gain_counts_all_answers_of_a_row():
    answers = np.array([[0, 0, -1], [1, -1, -1], [0, 1, 1]])
    first, last = np.array([1, 0, 0]), np.array([0, 1, 1])
    # Two answers more, one more, and one more (two of three instead of one).
    assert agreement_gain(answers, first, last) == pytest.approx(4 / 6**0.5)


def test_a_class_that_loses_its_last_row_is_not_kept():
    codes = np.repeat([0, 1], [95, 5])
    refined = np.column_stack([np.full(100, 0.992), np.full(100, 0.008)])
    assert smallest_class_kept(codes, refined) == 0  # .8 of a row are left of five
    assert smallest_class_kept(codes[:-1], refined[:-1]) == pytest.approx(99 * 0.008 / 4)


def draw(n=600, seed=0):
    """Return calibrated predictions, and labels of which a fifth are random."""
    rng = np.random.default_rng(seed)
    proba = rng.dirichlet([0.3] * 3, size=n)
    codes = (rng.random(n)[:, None] >= np.cumsum(proba, axis=1)).sum(axis=1)
    wrong = rng.random(n) < 0.2
    return proba, np.where(wrong, rng.integers(3, size=n), codes)[:, None]


def test_what_explains_labels_is_neither_temperature_nor_the_names_of_classes():
    proba, codes = draw()
    explained, _ = explain_labels(proba, codes)
    for power in (0.5, 2.0):
        other, _ = explain_labels(proba**power / (proba**power).sum(1, keepdims=True), codes)
        assert other.sum() == pytest.approx(explained.sum(), rel=0.03)
    renamed, _ = explain_labels(proba[:, [1, 2, 0]], codes)
    assert renamed.sum() == pytest.approx(explained.sum(), rel=0.03)
    blurred = 0.3 * proba + 0.7 * proba[np.random.default_rng(1).permutation(len(proba))]
    worse, _ = explain_labels(blurred, codes)
    assert in_errors(worse - explained) < -5


def test_weights_of_an_explanation_are_repeated_rows():
    proba, codes = draw(60)
    weight = np.random.default_rng(2).integers(0, 3, 60)
    rows = np.repeat(np.arange(60), weight)
    weighted, _ = explain_labels(proba, codes, weight)
    repeated, _ = explain_labels(proba[rows], codes[rows])
    np.testing.assert_allclose(weighted[rows], repeated)


def test_of_a_large_problem_some_rows_are_explained(monkeypatch):
    proba, codes = draw(100)
    monkeypatch.setattr(_answers, "N_PROBABILITIES", 120)
    explained, rows = explain_labels(proba, codes)
    assert len(explained) == len(codes[rows]) == 34


def test_rows_far_from_all_predictions_do_not_decide_which_are_better():
    rng = np.random.default_rng(0)
    first, noise = rng.normal(size=200), 0.1 * rng.normal(size=200)
    y = first + noise
    y[:20] += 100
    worse, poisoned = first + 0.1 * rng.normal(size=200), first + 2
    assert loss_gain(y, first, worse) < -2
    # The sum of squares would prefer the predictions that outliers have drawn upwards.
    assert ((y - poisoned) ** 2).sum() < ((y - first) ** 2).sum()
    assert loss_gain(y, first, poisoned) < -10
    assert loss_gain(y, poisoned, first) == -loss_gain(y, first, poisoned)
    assert loss_gain(y, first, first) == 0
    weight = np.ones(200)
    weight[20:] = 0
    assert loss_gain(y, first, worse, weight) != loss_gain(y, first, worse)
