"""shap: explanations of what SLR estimators predict."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("shap")
import shap
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge

from sklearn_slr import SLRClassifier, SLRRegressor

FEW = {"n_rounds": 1, "cv": 3, "random_state": 0}
# Columns 0 and 1 tell the class, the other three are noise.
X, Y = make_classification(
    200, 5, n_informative=2, n_redundant=0, shuffle=False, class_sep=2, random_state=0
)
NAMES = np.array(["no", "yes"])[Y]
BACKGROUND, ROWS = X[:40], X[::10]


def check_values(values, base, predicted):
    """The values sum to the prediction, and the columns that matter have the largest."""
    np.testing.assert_allclose(values.sum(axis=1) + base, predicted, atol=1e-6)
    size = np.abs(values).mean(axis=0)
    if size.ndim == 2:
        size = size.mean(axis=1)
    assert size[:2].sum() > 5 * size[2:].sum()


@pytest.mark.parametrize("final", ["refit", "folds"])
@pytest.mark.parametrize("algorithm", ["permutation", "exact", "partition"])
def test_explanations_of_predict_proba(final, algorithm):
    slr = SLRClassifier(LogisticRegression(C=10), final=final, **FEW, refinement="average").fit(
        X, NAMES
    )
    masker = BACKGROUND
    if algorithm == "partition":
        masker = shap.maskers.Partition(BACKGROUND, max_samples=40)
    explain = shap.Explainer(slr.predict_proba, masker, algorithm=algorithm, seed=0)
    found = explain(ROWS)
    assert found.values.shape == (20, 5, 2)
    check_values(found.values, found.base_values, slr.predict_proba(ROWS))
    np.testing.assert_allclose(found.values[:, :, 0], -found.values[:, :, 1], atol=1e-9)


def test_kernel_explanations_of_a_forest_on_a_frame():
    frame = pd.DataFrame(X, columns=list("abcde"))
    slr = SLRClassifier(RandomForestClassifier(10), refinement="posterior", **FEW)
    slr.fit(frame, NAMES)

    def predict(rows):
        return slr.predict_proba(pd.DataFrame(rows, columns=frame.columns))[:, 1]

    explain = shap.KernelExplainer(predict, shap.sample(frame, 20, random_state=0), seed=0)
    values = explain.shap_values(frame[::10], silent=True)
    check_values(values, explain.expected_value, predict(frame[::10]))


def test_explanations_of_a_regressor_are_those_of_its_student():
    number = 3 * X[:, 0] - X[:, 1]
    slr = SLRRegressor(Ridge(), **FEW).fit(X, number)
    found = shap.Explainer(slr.predict, BACKGROUND, algorithm="exact")(ROWS)
    check_values(found.values, found.base_values, slr.predict(ROWS))
    linear = shap.LinearExplainer(slr.estimator_, BACKGROUND)(ROWS)
    np.testing.assert_allclose(found.values, linear.values, atol=1e-6)


def test_the_trees_of_the_fitted_student_are_explained():
    slr = SLRClassifier(RandomForestClassifier(10, max_depth=4), **FEW, refinement="average").fit(
        X, NAMES
    )
    explain = shap.TreeExplainer(slr.estimator_)
    values = explain.shap_values(ROWS)
    check_values(values, explain.expected_value, slr.predict_proba(ROWS))
