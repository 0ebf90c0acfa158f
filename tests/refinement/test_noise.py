import numpy as np

from sklearn_slr.refinement._noise import (
    count_transition,
    em_transition,
    posterior_labels,
)

T = np.array([[0.8, 0.1, 0.1], [0.0, 0.9, 0.1], [0.3, 0.0, 0.7]])


def draw(n=30_000, seed=0):
    rng = np.random.default_rng(seed)
    true = rng.integers(3, size=n)
    observed = (rng.random(n)[:, None] >= np.cumsum(T, axis=1)[true]).sum(axis=1)
    return np.eye(3)[true], np.eye(3)[observed]


def test_counts_by_hand():
    proba = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    counted = count_transition(proba, np.eye(2)[[0, 1, 1]])
    assert np.allclose(counted, [[1.55 / 2.6, 1.05 / 2.6], [0.05 / 1.6, 1.55 / 1.6]])


def test_weights_count_as_repeated_rows():
    proba, observed = draw(50)
    weight = np.arange(50) % 3
    rows = np.repeat(np.arange(50), weight)
    for estimate in (
        count_transition,
        lambda p, y, weight=None: em_transition(p, y, T, weight=weight),
    ):
        weighted = estimate(proba, observed, weight=weight)
        assert np.allclose(weighted, estimate(proba[rows], observed[rows]))


def test_counts_recover_the_matrix_from_confident_predictions():
    true, observed = draw()
    assert np.abs(count_transition(true, observed) - T).max() < 0.02


def test_em_recovers_the_matrix_from_calibrated_predictions_but_counts_do_not():
    rng = np.random.default_rng(0)
    proba = rng.dirichlet([0.5] * 3, size=30_000)
    observed = np.eye(3)[[rng.choice(3, p=row) for row in proba @ T]]
    counted = count_transition(proba, observed)
    assert np.abs(counted - T).max() > 0.1
    estimate = em_transition(proba, observed, counted, n_iter=200)
    assert np.abs(estimate - T).max() < 0.03


def test_an_iteration_by_hand():
    proba, observed = np.array([[0.8, 0.2], [0.4, 0.6]]), np.eye(2)
    start = np.array([[0.9, 0.1], [0.3, 0.7]])
    # Posteriors by Bayes' rule: .72 to .06, and .04 to .42. The mean diagonal is 0.8.
    first, second = 0.72 / 0.78, 0.04 / 0.46
    counts = [[first + 2 * 0.8, second + 2 * 0.2], [1 - first + 2 * 0.2, 1 - second + 2 * 0.8]]
    counts = np.array(counts)
    estimate = em_transition(proba, observed, start, n_iter=1, prior=2.0)
    assert np.allclose(estimate, counts / counts.sum(axis=1, keepdims=True))


def test_pseudo_counts_shrink_to_equal_errors_in_all_other_classes():
    proba, observed = draw(30)
    estimate = em_transition(proba, observed, T, prior=1e9)
    assert np.allclose(estimate, np.where(np.eye(3) > 0, 0.8, 0.1))


def test_posterior_is_bayes_rule():
    p, y = np.array([[0.2, 0.5, 0.3]]), np.array([[1.0, 0, 0]])
    assert np.allclose(posterior_labels(p, y, T), np.array([[0.16, 0, 0.09]]) / 0.25)
    rows = np.array([[0.5, 0.5, 0.0]])
    expected = p * [[0.45, 0.45, 0.15]]
    assert np.allclose(posterior_labels(p, rows, T), expected / expected.sum())


def test_an_impossible_label_leaves_the_prediction():
    p, y = np.array([[0.0, 1.0, 0.0]]), np.array([[1.0, 0, 0]])
    assert np.array_equal(posterior_labels(p, y, T), p)
