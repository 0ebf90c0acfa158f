import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.datasets import make_noisy_labels
from sklearn_slr.refinement import AutoRefinement, PosteriorRefinement
from sklearn_slr.refinement._posterior import sharpen


class NeverFitted(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        raise AssertionError

    def predict(self, X):
        raise AssertionError


rows = st.lists(st.floats(0.001, 1), min_size=3, max_size=3)


def test_a_step_by_hand():
    observed, P = np.array([[1.0, 0.0]]), np.array([[0.6, 0.4]])
    T = [[0.9, 0.1], [0.3, 0.7]]
    refined, learned = PosteriorRefinement(0.5, transition=T).refine(observed, None, P, round=1)
    # Sharpened: 0.36 against 0.16; times T's first column: 0.324 against 0.048.
    assert np.allclose(refined, [[0.324 / 0.372, 0.048 / 0.372]])
    assert np.array_equal(learned["noise_matrix_"], T)
    assert learned["temperature_"] == 0.5


def test_training_targets_are_smoothed():
    targets = PosteriorRefinement(smoothing=0.2).training_targets(np.array([[1.0, 0, 0, 0]]))
    assert np.allclose(targets, [[0.85, 0.05, 0.05, 0.05]])


@given(st.lists(st.tuples(rows, st.integers(0, 2)), min_size=1, max_size=20), st.floats(0.05, 5))
def test_rows_stay_on_the_simplex_and_classes_are_exchangeable(samples, temperature):
    P = np.array([p for p, _ in samples])
    P /= P.sum(axis=1, keepdims=True)
    observed = np.eye(3)[[c for _, c in samples]]
    order = [2, 0, 1]
    for transition in ("count", "em"):
        step = PosteriorRefinement(temperature, transition)
        refined, learned = step.refine(observed, observed, P, round=1)
        assert np.all(refined >= 0)
        assert np.allclose(refined.sum(axis=1), 1)
        assert np.allclose(learned["noise_matrix_"].sum(axis=1), 1)
        # Ties in the argmax are broken by position.
        if np.all(np.diff(np.sort(sharpen(P, temperature), axis=1)[:, -2:]) > 1e-9):
            again, _ = step.refine(observed[:, order], None, P[:, order], round=1)
            assert np.allclose(again, refined[:, order])


def test_sharpening_survives_tiny_probabilities_and_temperatures():
    sharp = sharpen(np.array([[1e-300, 1e-290], [0.5, 0.5], [1.0, 0.0]]), 0.01)
    assert np.allclose(sharp, [[0, 1], [0.5, 0.5], [1, 0]])


def test_it_corrects_labels_and_learns_the_noise():
    X, y = load_iris(return_X_y=True)
    noisy = make_noisy_labels(y, noise=0.3, random_state=0)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    slr = SLRClassifier(model, refinement="posterior", random_state=0).fit(X, noisy)
    assert (slr.refined_labels_.argmax(axis=1) == y).mean() > (noisy == y).mean() + 0.1
    assert np.diag(slr.noise_matrix_).mean() == pytest.approx((noisy == y).mean(), abs=0.1)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"temperature": 0}, "'temperature' parameter.* Got 0"),
        ({"temperature": "warm"}, "'temperature' parameter.* Got 'warm'"),
        ({"transition": "counts"}, "'transition' parameter.* Got 'counts'"),
        ({"transition": [[1.0, 0.5], [0.0, 1.0]]}, "sum to 1"),
        ({"transition": [[1.5, -0.5], [0.0, 1.0]]}, "entries >= 0"),
        ({"transition": [[1.0]]}, r"shape \(2, 2\)"),
        ({"smoothing": 1}, "'smoothing' parameter.* Got 1"),
        ({"smoothing": -0.1}, "'smoothing' parameter.* Got -0.1"),
    ],
)
def test_bad_parameters_are_refused(parameters, message):
    X, y = np.arange(8.0)[:, None], np.arange(8) % 2
    with pytest.raises(ValueError, match=message):
        SLRClassifier(refinement=PosteriorRefinement(**parameters), cv=2).fit(X, y)


def test_parameters_at_their_limits_are_accepted():
    L = np.array([[0.9, 0.1]])
    step = PosteriorRefinement(1, transition=[[1.0, 0.0], [0.3333333, 0.6666666]], smoothing=0)
    assert np.allclose(step.refine(np.array([[0, 1.0]]), L, L, round=1)[0], [[0, 1]])
    assert np.array_equal(step.training_targets(L), L)


@pytest.mark.parametrize("refinement", [AutoRefinement(), PosteriorRefinement()])
def test_numbers_are_refused_before_anything_is_fitted(refinement):
    with pytest.raises(ValueError, match="Refinement is for classification"):
        SLRRegressor(NeverFitted(), refinement=refinement).fit(np.ones((9, 1)), np.arange(9.0))
