import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_slr.refinement import _answers
from sklearn_slr.refinement._answers import (
    annotator_posterior,
    answer_matrix,
    label_posterior,
    share_right,
    vote_shares,
)

C = 3


def draw(n=4000, seed=0):
    """Return calibrated predictions, true classes, answers and matrices of three annotators.

    One of them is good, one poor, and one mixes up classes 0 and 1.
    """
    rng = np.random.default_rng(seed)
    proba = rng.dirichlet([0.5] * C, size=n)
    true = (rng.random(n)[:, None] >= np.cumsum(proba, axis=1)).sum(axis=1)
    matrices = np.array(
        [
            [[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.05, 0.05, 0.9]],
            [[0.4, 0.3, 0.3], [0.3, 0.4, 0.3], [0.3, 0.3, 0.4]],
            [[0.1, 0.8, 0.1], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8]],
        ]
    )
    answers = np.stack(
        [(rng.random(n)[:, None] >= np.cumsum(T[true], axis=1)).sum(axis=1) for T in matrices], 1
    )
    answers[rng.random(answers.shape) < 0.2] = -1
    return proba, true, answers, matrices


def brute_force(proba, codes, labels, weight, prior):
    """Compute one iteration by loops, as in the formulas."""
    n, annotators = codes.shape
    counts = np.zeros((annotators, C, C))
    for i in range(n):
        for a in range(annotators):
            if codes[i, a] >= 0:
                counts[a, :, codes[i, a]] += weight[i] * labels[i]
    pooled = counts.sum(0) + 0.5 * np.eye(C) + 0.05
    pooled /= pooled.sum(1, keepdims=True)
    confusion = counts + prior * pooled
    confusion /= confusion.sum(2, keepdims=True)
    posterior = proba.copy()
    for i in range(n):
        for a in range(annotators):
            if codes[i, a] >= 0:
                posterior[i] *= confusion[a, :, codes[i, a]]
    return posterior / posterior.sum(1, keepdims=True), confusion, pooled


@given(st.integers(0, 1000), st.floats(0.1, 20))
def test_an_iteration_is_the_formula(seed, prior):
    rng = np.random.default_rng(seed)
    codes = rng.integers(-1, C, size=(7, 4))
    proba, labels = rng.dirichlet([1] * C, size=7), rng.dirichlet([1] * C, size=7)
    weight = rng.integers(0, 3, size=7).astype(float)
    found = annotator_posterior(
        proba, codes, labels, temperature=0.5, weight=weight, n_iter=1, prior=prior
    )
    assert found[3] == 0.5
    squares = np.maximum(proba, 1e-6) ** 2
    formula = brute_force(squares, codes, labels, weight, prior)
    for got, expected in zip(found, formula, strict=False):
        assert np.allclose(got, expected, rtol=1e-9, atol=1e-12)


def test_matrices_are_recovered_and_systematic_errors_are_inverted():
    proba, true, answers, matrices = draw(20_000)
    start = vote_shares(answers, C)
    posterior, confusion, _, temperature = annotator_posterior(proba, answers, start, n_iter=50)
    assert np.abs(confusion - matrices).max() < 0.03
    assert abs(temperature - 1) < 0.05  # the predictions are calibrated
    for power in (0.3, 3.0):
        distorted = proba**power / (proba**power).sum(axis=1, keepdims=True)
        *_, temperature = annotator_posterior(distorted, answers, start, n_iter=50)
        assert abs(temperature / power - 1) < 0.05
    right = [(each.argmax(axis=1) == true).mean() for each in (start, proba, posterior)]
    assert right[2] > max(right[:2]) + 0.1


def test_a_row_without_answers_keeps_its_prediction():
    proba = np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]])
    codes = np.array([[-1, -1], [2, 2]])
    posterior, *_ = annotator_posterior(proba, codes, proba, temperature=1)
    assert np.allclose(posterior[0], proba[0])


def test_an_annotator_without_answers_gets_the_pooled_matrix():
    proba, _, answers, _ = draw(200)
    answers[:, 1] = -1
    _, confusion, pooled, _ = annotator_posterior(proba, answers, vote_shares(answers, C))
    assert np.allclose(confusion[1], pooled)


def test_the_order_of_annotators_does_not_matter():
    proba, _, answers, _ = draw(300)
    order = [2, 0, 1]
    start = vote_shares(answers, C)
    a = annotator_posterior(proba, answers, start)
    b = annotator_posterior(proba, answers[:, order], start)
    assert np.allclose(a[0], b[0])
    assert np.allclose(a[1][order], b[1])


def test_many_annotators_do_not_underflow():
    codes = np.zeros((5, 3000), dtype=int)
    codes[:2] = 1
    proba = np.full((5, 2), 0.5)
    posterior, *_ = annotator_posterior(proba, codes, vote_shares(codes, 2))
    assert np.allclose(posterior.argmax(axis=1), [1, 1, 0, 0, 0])
    assert np.all(np.isfinite(posterior))


@pytest.mark.parametrize("n_annotators", [1, 2])
def test_the_matrix_has_an_entry_for_every_answer(n_annotators):
    codes = np.array([[0, -1], [2, 1]])[:, :n_annotators]
    matrix = answer_matrix(codes, C)
    assert matrix.shape == (2, n_annotators * C)
    assert matrix.sum() == (codes >= 0).sum()


def test_the_share_right_of_an_annotator_by_hand():
    labels, codes = np.array([[0.9, 0.1], [0.4, 0.6], [0.5, 0.5]]), np.array([[0, -1], [0, -1]])
    codes = np.vstack([codes, [-1, -1]])
    found = share_right(labels, codes, weight=np.array([3.0, 1, 9]))
    np.testing.assert_allclose(found, [(3 * 0.9 + 0.4) / 4, np.nan])


def test_the_posterior_of_labels_is_that_of_one_annotator(monkeypatch):
    proba, _, answers, _ = draw(300)
    codes = answers[:, 0]
    start = np.eye(C)[proba.argmax(axis=1)]
    expected, *_ = annotator_posterior(proba, codes[:, None], start)
    np.testing.assert_allclose(label_posterior(proba, codes), expected)
    # In blocks, with noise fitted to every second row.
    monkeypatch.setattr(_answers, "N_PROBABILITIES", 450)
    _, confusion, _, temperature = annotator_posterior(proba[::2], codes[::2, None], start[::2])
    likely = np.where(codes[:, None] < 0, 1, confusion[0].T[codes])
    joint = np.maximum(proba, 1e-6) ** (1 / temperature) * likely
    np.testing.assert_allclose(
        label_posterior(proba, codes), joint / joint.sum(axis=1, keepdims=True)
    )
