import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin

from sklearn_slr import SLRClassifier
from sklearn_slr.refinement import AverageRefinement


class Constant(ClassifierMixin, BaseEstimator):
    """Predicts the same distribution for every row, for any training data."""

    def __init__(self, proba=(0.2, 0.8)):
        self.proba = proba

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.tile(np.asarray(self.proba), (len(X), 1))


def labels_after(n_rounds, n):
    X, y = np.zeros((4, 1)), np.array([0, 1, 0, 1])
    slr = SLRClassifier(Constant(), n_rounds=n_rounds, cv=2, refinement=AverageRefinement(n))
    return slr.fit(X, y).refined_labels_[:, 0]


@pytest.mark.parametrize(
    ("n", "of_class_0", "of_class_1"),
    [
        # Equation 4 by hand, P = 0.2 for class 0: (3 * 1 + 0.2) / 4 = 0.8, ...
        (3, [0.8, 0.65, 0.5375], [0.05, 0.0875, 0.115625]),
        # n = t: the running mean of the label and all pseudo-labels.
        ("round", [0.6, 0.4666666666666667, 0.4], [0.1, 0.13333333333333333, 0.15]),
        (0, [0.2, 0.2, 0.2], [0.2, 0.2, 0.2]),
        (lambda t: 2 * t - 1, [0.6, 0.5, 0.45], [0.1, 0.125, 0.1375]),
    ],
)
def test_equation_4_over_three_rounds(n, of_class_0, of_class_1):
    for n_rounds in (1, 2, 3):
        expected = [of_class_0[n_rounds - 1], of_class_1[n_rounds - 1]] * 2
        assert np.allclose(labels_after(n_rounds, n), expected, rtol=0, atol=1e-12)


def test_the_default_is_that_of_the_paper():
    L, P = np.array([4.0, 0.0]), np.array([0.0, 4.0])
    assert np.array_equal(AverageRefinement().refine(L, L, P, round=5), [3.0, 1.0])


@given(
    st.lists(st.floats(0.01, 1), min_size=4, max_size=4),
    st.lists(st.floats(0.01, 1), min_size=4, max_size=4),
    st.floats(0, 100),
)
def test_rows_stay_on_the_simplex_between_label_and_prediction(label, prediction, n):
    L, P = (np.array([v]) / np.sum(v) for v in (label, prediction))
    refined = AverageRefinement(n).refine(L, L, P, round=1)
    assert np.isclose(refined.sum(), 1)
    assert np.all(refined >= np.minimum(L, P) - 1e-12)
    assert np.all(refined <= np.maximum(L, P) + 1e-12)


@pytest.mark.parametrize("n", [-1, np.nan, np.inf, "rounds", None, lambda t: -1])
def test_a_bad_n_is_refused(n):
    L = np.ones((1, 1))
    with pytest.raises(ValueError, match="expected a number >= 0, 'round', or a callable"):
        AverageRefinement(n).refine(L, L, L, round=1)


@pytest.mark.parametrize(("n", "text"), [(-1, "n is -1;"), (lambda t: -t, r"n\(2\) returned -2;")])
def test_errors_name_the_source_of_a_bad_n(n, text):
    L = np.ones((1, 1))
    with pytest.raises(ValueError, match=text):
        AverageRefinement(n).refine(L, L, L, round=2)
