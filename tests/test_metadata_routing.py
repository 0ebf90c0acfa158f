"""Metadata routing: scikit-learn's own tests, run over our meta-estimators, and a few more."""

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import BaseCrossValidator, GridSearchCV, LeaveOneGroupOut
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

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
FOLDS = {"cv_name": "cv", "cv_routing_methods": ["fit"], "preserves_metadata": "subset"}


def describe(metaestimator, kind, *, y=harness.y, **settings):
    """Describe a meta-estimator in the format of scikit-learn's list."""
    init_args = {name: settings.pop(name) for name in list(settings) if name not in FOLDS}
    return {
        "metaestimator": metaestimator,
        "estimator_name": "estimator",
        "estimator": kind,
        "X": harness.X,
        "y": y,
        "init_args": init_args,
        "estimator_routing_methods": ["fit"],
        **settings,
    }


PROBABILITIES = np.full((harness.N, 3), 0.1)
PROBABILITIES[np.arange(harness.N), harness.y] = 0.8
METAESTIMATORS = {
    "SLRClassifier": describe(SLRClassifier, "classifier", n_rounds=1, **FOLDS),
    "posterior": describe(
        SLRClassifier, "classifier", n_rounds=1, refinement="posterior", final="folds", **FOLDS
    ),
    "unrefined": describe(SLRClassifier, "classifier", n_rounds=0, **FOLDS),
    "SLRRegressor": describe(SLRRegressor, "regressor", n_rounds=1, **FOLDS),
    "ThresholdedRegressor": describe(ThresholdedRegressor, "regressor", **FOLDS),
    "SoftTargetClassifier": describe(SoftTargetClassifier, "classifier"),
    "label_draws": describe(SoftTargetClassifier, "classifier", y=PROBABILITIES),
    "KnowledgeDistillationClassifier": describe(KnowledgeDistillationClassifier, "classifier"),
    "KnowledgeDistillationRegressor": describe(KnowledgeDistillationRegressor, "regressor"),
    "LabelRefineryClassifier": describe(LabelRefineryClassifier, "classifier"),
    "LabelRefineryRegressor": describe(LabelRefineryRegressor, "regressor"),
    "LabelSmoothingClassifier": describe(LabelSmoothingClassifier, "classifier"),
}

# They route as SoftTargetClassifier does, in the same lines.
ALSO_ROUTED_SO = ("LabelRefineryClassifier", "LabelRefineryRegressor", "label_draws")
ALSO_ROUTED_SO += ("KnowledgeDistillationRegressor", "LabelSmoothingClassifier")
FAILS_BY_DESIGN = {
    ("unrefined", "test_metadata_is_routed_correctly_to_splitter"): "no rounds, so no folds",
}


@pytest.mark.parametrize(
    ("name", "test"),
    [
        pytest.param(
            name,
            test,
            marks=[
                pytest.mark.xfail(
                    (name, test) in FAILS_BY_DESIGN,
                    reason=FAILS_BY_DESIGN.get((name, test), ""),
                    strict=True,
                ),
                *([pytest.mark.slow] if name in ALSO_ROUTED_SO else []),
            ],
        )
        for name in METAESTIMATORS
        for test in TESTS
    ],
)
def test_scikit_learns_own(name, test):
    if not hasattr(harness, test):
        pytest.skip(f"scikit-learn {sklearn.__version__} has no {test}")
    getattr(harness, test)(METAESTIMATORS[name])


X, y = harness.X, harness.y
DATES = np.repeat(np.arange(4), 25)
WEIGHT = np.where(np.arange(100) % 3 == 0, 0.0, 1.0)
WITH_FOLDS = [
    SLRClassifier(LogisticRegression(), n_rounds=2, random_state=0, refinement="average"),
    SLRClassifier(LogisticRegression(), refinement="posterior", final="folds", random_state=0),
    SLRRegressor(Ridge(), n_rounds=2, random_state=0),
    ThresholdedRegressor(Ridge(), random_state=0),
]
WITHOUT_FOLDS = [
    SoftTargetClassifier(random_state=0),
    KnowledgeDistillationClassifier(random_state=0),
    KnowledgeDistillationRegressor(random_state=0),
    LabelRefineryClassifier(random_state=0),
    LabelRefineryRegressor(random_state=0),
    LabelSmoothingClassifier(random_state=0),
]


def get_name(model):
    return type(model).__name__


@pytest.fixture
def _routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


class ByDate(BaseEstimator):
    """Holds out one date after another; its `get_n_splits` does not know how many there are."""

    __metadata_request__split = {"dates": True}

    def split(self, X, y=None, dates=None):
        for date in np.unique(dates):
            yield np.flatnonzero(dates != date), np.flatnonzero(dates == date)

    def get_n_splits(self, X=None, y=None, groups=None):
        raise NotImplementedError


class ByDateWithinGroups(BaseCrossValidator):
    """A splitter of scikit-learn's kind, which takes its metadata by keyword alone."""

    __metadata_request__split = {"dates": "day", "groups": True}

    def split(self, X, y=None, *, groups, dates=None):
        assert_array_equal(groups, np.arange(100))
        return ByDate().split(X, y, dates)

    def get_n_splits(self, X=None, y=None, groups=None):
        return 4


class GroupsByAlias(LeaveOneGroupOut):
    __metadata_request__split = {"groups": "dates"}


class ByPosition(LeaveOneGroupOut):
    """Calls its groups otherwise."""

    def split(self, X, y, dates):
        return super().split(X, y, dates)

    def get_n_splits(self, X, y, dates):
        return super().get_n_splits(X, y, dates)


def fit_without_routing(model, **params):
    with sklearn.config_context(enable_metadata_routing=False):
        return clone(model).fit(X, y, **params)


@pytest.mark.usefixtures("_routing")
@pytest.mark.parametrize(
    ("splitter", "metadata"),
    [
        (ByDate(), {"dates": DATES}),
        (ByDateWithinGroups(), {"day": DATES, "groups": np.arange(100)}),
        (GroupsByAlias(), {"dates": DATES}),
    ],
    ids=["keyword", "alias and groups", "groups as an alias"],
)
@pytest.mark.parametrize("model", WITH_FOLDS, ids=get_name)
def test_splitters_get_the_metadata_that_they_request(model, splitter, metadata):
    routed = clone(model).set_params(cv=splitter).fit(X, y, **metadata)
    model = clone(model).set_params(cv=LeaveOneGroupOut())
    expected = fit_without_routing(model, groups=DATES)
    assert_array_equal(routed.oof_predictions_, expected.oof_predictions_)
    assert_array_equal(routed.predict(X), expected.predict(X))


@pytest.mark.usefixtures("_routing")
@pytest.mark.parametrize("model", WITH_FOLDS, ids=get_name)
def test_a_search_hands_the_metadata_of_an_inner_splitter_on(model):
    model = clone(model).set_params(cv=ByDate())
    search = GridSearchCV(model, {"n_jobs": [None]}, cv=3, error_score="raise")
    assert search.fit(X, y, dates=DATES).best_estimator_.predict(X).shape == (100,)
    with pytest.raises(TypeError, match="unexpected argument"):
        clone(model).fit(X, y, moons=DATES)


def test_without_routing_groups_go_by_position():
    for model in WITH_FOLDS:
        model = clone(model)
        expected = model.set_params(cv=LeaveOneGroupOut()).fit(X, y, groups=DATES).predict(X)
        model.set_params(cv=ByPosition()).fit(X, y, groups=DATES)
        assert_array_equal(model.predict(X), expected)


@pytest.mark.usefixtures("_routing")
@pytest.mark.parametrize("model", [*WITH_FOLDS, *WITHOUT_FOLDS], ids=get_name)
def test_weights_go_to_an_estimator_that_requests_them(model):
    student = LogisticRegression() if is_classifier(model) else Ridge()
    model = clone(model).set_params(estimator=student)
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        clone(model).fit(X, y, sample_weight=WEIGHT)
    student.set_fit_request(sample_weight=True)
    routed = clone(model).fit(X, y, sample_weight=WEIGHT)
    expected = fit_without_routing(model, sample_weight=WEIGHT)
    assert_array_equal(routed.predict(X), expected.predict(X))


@pytest.mark.usefixtures("_routing")
@pytest.mark.parametrize("model", WITHOUT_FOLDS, ids=get_name)
def test_weights_that_are_refused_or_called_otherwise(model):
    student = LogisticRegression() if is_classifier(model) else Ridge()
    model = clone(model).set_params(estimator=student)
    plain = fit_without_routing(model).estimator_.coef_
    weighted = fit_without_routing(model, sample_weight=WEIGHT).estimator_.coef_
    assert np.any(plain != weighted)
    student.set_fit_request(sample_weight=False)
    assert_array_equal(model.fit(X, y, sample_weight=WEIGHT).estimator_.coef_, plain)
    student.set_fit_request(sample_weight="importance")
    assert_array_equal(model.fit(X, y, importance=WEIGHT).estimator_.coef_, weighted)


@pytest.mark.usefixtures("_routing")
@pytest.mark.parametrize("model", WITHOUT_FOLDS, ids=get_name)
def test_weights_that_no_fit_can_request_are_applied_by_us(model):
    if not is_classifier(model):
        pytest.skip("neighbors cannot weight numbers")
    model = clone(model).set_params(estimator=KNeighborsClassifier())
    weighted = clone(model).fit(X, y, sample_weight=WEIGHT)
    expected = fit_without_routing(model, sample_weight=WEIGHT)
    assert_array_equal(weighted.predict_proba(X), expected.predict_proba(X))


@pytest.mark.usefixtures("_routing")
@pytest.mark.parametrize("model", WITHOUT_FOLDS, ids=get_name)
def test_a_last_step_that_refuses_the_weights_of_the_step_before(model):
    """As in a Pipeline that is fitted by itself: each step gets the weights that it requests."""
    last = (LogisticRegression() if is_classifier(model) else Ridge()).set_fit_request(
        sample_weight=False
    )
    scaler = StandardScaler().set_fit_request(sample_weight=True)
    weight = np.linspace(0.1, 4, len(X))
    model = clone(model).set_params(estimator=make_pipeline(scaler, last))
    routed = clone(model).fit(X, y, sample_weight=weight).estimator_
    by_hand = StandardScaler().fit(X, sample_weight=weight)
    assert_array_equal(routed[0].mean_, by_hand.mean_)
    model.set_params(estimator=clone(last))
    with sklearn.config_context(enable_metadata_routing=False):
        unweighted = model.fit(by_hand.transform(X), y).estimator_
    assert_array_equal(routed[1].coef_, unweighted.coef_)
