"""scikit-learn's own checks, with the expected failures of this package in one place."""

import pytest
import sklearn
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.baselines import (
    KnowledgeDistillationClassifier,
    KnowledgeDistillationRegressor,
    LabelRefineryClassifier,
    LabelRefineryRegressor,
    LabelSmoothingClassifier,
)

BOOTSTRAP = "a weighted bootstrap is no bootstrap of repeated rows: scikit-learn's forests fail too"
CENTERING = "scikit-learn 1.6 checks sparse matrices whatever the tags; scalers cannot centre them"
IS_OLD = sklearn.__version__.startswith("1.6.")

# What is asked does not depend on the number of rounds and folds.
FEW = {"n_rounds": 2, "cv": 2}
ESTIMATORS = [
    SLRClassifier(refinement="average"),
    # Seeded: means of students' scores and of their probabilities need not rank rows alike.
    SLRClassifier(refinement="posterior", final="folds", random_state=0, **FEW),
    SLRClassifier(make_pipeline(StandardScaler(), LogisticRegression()), **FEW),
    SLRClassifier(RandomForestClassifier(n_estimators=3), **FEW),
    SLRClassifier(teachers=[("nb", GaussianNB()), ("logistic", LogisticRegression())], **FEW),
    SLRRegressor(),
    SLRRegressor(final="folds", **FEW),
    SLRRegressor(make_pipeline(StandardScaler(), Ridge()), **FEW),
    SLRRegressor(RandomForestRegressor(n_estimators=3), **FEW),
    LabelSmoothingClassifier(),
    LabelSmoothingClassifier(RandomForestClassifier(n_estimators=5)),
    KnowledgeDistillationClassifier(),
    KnowledgeDistillationClassifier(teacher=GaussianNB()),
    KnowledgeDistillationRegressor(),
    KnowledgeDistillationRegressor(teacher=KernelRidge()),
    LabelRefineryClassifier(),
    LabelRefineryRegressor(),
    LabelRefineryRegressor(make_pipeline(StandardScaler(), Ridge())),
]


def expected_failures(estimator):
    """Return the checks that an estimator may fail, with the reason."""
    if isinstance(
        getattr(estimator, "estimator", None), (RandomForestClassifier, RandomForestRegressor)
    ):
        return {
            "check_sample_weight_equivalence_on_dense_data": BOOTSTRAP,
            "check_sample_weight_equivalence_on_sparse_data": BOOTSTRAP,
        }
    if IS_OLD and hasattr(getattr(estimator, "estimator", None), "steps"):
        return {"check_sample_weight_equivalence_on_sparse_data": CENTERING}
    return {}


@pytest.mark.filterwarnings("ignore:The least populated class")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
