"""scikit-learn's own tests of metadata routing, run over the meta-estimators of this package."""

import pytest

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.baselines import (
    KnowledgeDistillationClassifier,
    KnowledgeDistillationRegressor,
    LabelRefineryClassifier,
    LabelRefineryRegressor,
    LabelSmoothingClassifier,
)
from sklearn_slr.ordinal import ThresholdedRegressor
from sklearn_slr.soft_targets import SoftTargetClassifier

harness = pytest.importorskip("sklearn.tests.test_metaestimators_metadata_routing")

TESTS = (
    "test_default_request",
    "test_error_on_missing_requests_for_sub_estimator",
    "test_setting_request_on_sub_estimator_removes_error",
    "test_non_consuming_estimator_works",
    "test_metadata_is_routed_correctly_to_scorer",
    "test_metadata_is_routed_correctly_to_splitter",
    "test_metadata_routed_to_sub_estimator_in_pipeline",
    "test_metadata_routed_to_group_splitter",
)
SPLITTER = {"cv_name": "cv", "cv_routing_methods": ["fit"]}


def describe(metaestimator, kind, **settings):
    """Describe a meta-estimator in the format of scikit-learn's list."""
    return {
        "metaestimator": metaestimator,
        "estimator_name": "estimator",
        "estimator": kind,
        "X": harness.X,
        "y": harness.y,
        "estimator_routing_methods": ["fit"],
        "preserves_metadata": "subset",
        **settings,
    }


METAESTIMATORS = [
    describe(SLRClassifier, "classifier", init_args={"n_rounds": 1}, **SPLITTER),
    describe(SLRRegressor, "regressor", init_args={"n_rounds": 1}, **SPLITTER),
    describe(ThresholdedRegressor, "regressor", **SPLITTER),
    describe(SoftTargetClassifier, "classifier"),
    describe(KnowledgeDistillationClassifier, "classifier"),
    describe(KnowledgeDistillationRegressor, "regressor"),
    describe(LabelRefineryClassifier, "classifier"),
    describe(LabelRefineryRegressor, "regressor"),
    describe(LabelSmoothingClassifier, "classifier"),
]


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("row", METAESTIMATORS, ids=lambda row: row["metaestimator"].__name__)
def test_scikit_learns_own(row, test):
    getattr(harness, test)(row)
