import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_slr.soft_targets._check_predictions import check_codes, check_proba, check_scores

P = np.array([[0.25, 0.75], [1.0, 0.0]])
MODEL = LogisticRegression()
PIPELINE = make_pipeline(StandardScaler(), MODEL)


def with_classes(classes):
    model = LogisticRegression()
    model.classes_ = classes
    return model


@pytest.mark.parametrize(
    "predictions",
    [P, P.tolist(), pd.DataFrame(P, index=[3, 3]), P.astype(np.float32), P.astype(object)],
)
def test_probabilities_of_any_kind(predictions):
    assert check_proba(predictions, MODEL, 2, 2).tolist() == P.tolist()
    assert check_proba(predictions, with_classes([1, 0]), 2, 2).tolist() == P[:, ::-1].tolist()


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        (P[:1], r"returned shape \(1, 2\) for 2 rows"),
        (P[:, :1], r"shape \(2, 1\) for 2 rows and 2 classes"),
        (P * np.nan, "NaN or infinite"),
        (P - 0.5, "not probabilities"),
        (P * 2, "sums 2 to 2"),
        (None, r"shape \(\)"),
        (P + 0j, "Complex"),
    ],
)
def test_predictions_that_are_not_probabilities_are_named(predictions, message):
    with pytest.raises(ValueError, match=rf"LogisticRegression\.predict_proba.*{message}|Complex"):
        check_proba(predictions, PIPELINE, 2, 2)


@pytest.mark.parametrize("classes", [[5, 6], ["a", "b"], [0, 1, 2], [0, 0]])
def test_other_classes_than_those_trained_on_are_refused(classes):
    with pytest.raises(ValueError, match=r"LogisticRegression\.classes_ is .*0 to 1"):
        check_proba(P, with_classes(classes), 2, 2)


def test_sparse_predictions_are_named():
    with pytest.raises(TypeError, match=r"LogisticRegression\.predict_proba is sparse"):
        check_proba(sparse.csr_array(P), MODEL, 2, 2)


@pytest.mark.parametrize(
    "predictions", [[1, 0], [[1], [0]], np.array([1.0, 0.0]), [[0.1, 2], [3, 0]]]
)
def test_classes_of_any_kind(predictions):
    assert check_codes(predictions, MODEL, 2, 2).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("predictions", "message"),
    [([1], r"shape \(1,\)"), ([0, 2], "2; expected"), ([0, np.nan], "nan"), ([0, 0.5], "0.5")],
)
def test_predictions_that_are_not_classes_are_named(predictions, message):
    with pytest.raises(ValueError, match=rf"LogisticRegression\.predict returned.*{message}"):
        check_codes(predictions, PIPELINE, 2, 2)


def test_scores():
    assert check_scores([[1], [2]], MODEL, 2).tolist() == [1, 2]
    for predictions in ([1, 2, 3], [[1, 2], [3, 4]], 1.0, [np.inf, 0], ["a", "b"], None):
        with pytest.raises(ValueError, match=r"LogisticRegression\.predict"):
            check_scores(predictions, PIPELINE, 2)


def test_tensors_may_carry_a_gradient():
    torch = pytest.importorskip("torch")
    predictions = torch.tensor(P, requires_grad=True)
    assert check_proba(predictions, MODEL, 2, 2).tolist() == P.tolist()
    assert check_scores(predictions[:, 0], MODEL, 2).tolist() == [0.25, 1]
