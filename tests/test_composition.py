"""In Pipelines, searches and routing, on inputs of every kind."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVR

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.metrics import quadratic_weighted_kappa_scorer
from sklearn_slr.refinement import AverageRefinement

X, y = load_iris(return_X_y=True)
GROUPS = np.arange(150) % 10


def test_a_search_over_the_refinement_and_the_estimator():
    slr = SLRClassifier(LogisticRegression(max_iter=500), refinement=AverageRefinement())
    grid = {"refinement__n": [1, 3], "estimator__C": [0.1, 1.0], "n_rounds": [1]}
    search = GridSearchCV(slr, grid, cv=3).fit(X, y)
    assert search.best_score_ > 0.9
    assert search.best_estimator_.refinement.n == search.best_params_["refinement__n"]


def test_a_search_by_kappa():
    X, progression = load_diabetes(return_X_y=True)
    grades = np.digitize(progression, [100, 200])
    slr = SLRRegressor(Ridge(), thresholds="kappa", n_rounds=1)
    grid = {"estimator__alpha": [0.1, 1e6]}
    search = GridSearchCV(slr, grid, cv=3, scoring=quadratic_weighted_kappa_scorer)
    assert search.fit(X, grades).best_params_ == {"estimator__alpha": 0.1}
    assert not np.isnan(search.cv_results_["mean_test_score"]).any()


def test_teachers_have_their_parameters_under_their_names():
    teachers = [("forest", RandomForestClassifier(5)), ("nb", GaussianNB())]
    slr = SLRClassifier(teachers=teachers, refinement="average")
    assert slr.get_params()["forest__n_estimators"] == 5
    copy = clone(slr).set_params(forest__n_estimators=7, nb=LogisticRegression())
    assert copy.teachers[0][1].n_estimators == 7
    assert isinstance(copy.teachers[1][1], LogisticRegression)
    assert teachers[0][1].n_estimators == 5


def test_a_pipeline_as_student_and_around():
    inner = SLRClassifier(
        make_pipeline(StandardScaler(), LogisticRegression()), random_state=0, refinement="average"
    )
    outer = make_pipeline(
        StandardScaler(), SLRClassifier(LogisticRegression(), random_state=0, refinement="average")
    )
    assert inner.fit(X, y).score(X, y) > 0.9
    assert outer.fit(X, y, slrclassifier__groups=None).score(X, y) > 0.9


def test_a_pipelines_transformers_see_unrepeated_rows_and_its_last_step_its_keywords():
    seen = []

    def look(X):
        seen.append(len(X))
        return X

    student = make_pipeline(FunctionTransformer(look), GaussianNB())
    folds = [(np.flatnonzero(np.arange(150) % 2 == k), np.arange(1 - k, 150, 2)) for k in (0, 1)]
    SLRClassifier(student, cv=folds, n_rounds=2, refinement="average").fit(X, y)
    assert set(seen) == {75, 150}


def test_as_a_part_of_other_meta_estimators():
    slr = SLRClassifier(GaussianNB(), n_rounds=1, random_state=0, refinement="average")
    assert cross_val_score(slr, X, y).mean() > 0.9
    assert cross_val_predict(slr, X, y, method="predict_proba").shape == (150, 3)
    assert BaggingClassifier(slr, 2, random_state=0).fit(X, y).score(X, y) > 0.9
    assert StackingClassifier([("slr", slr)]).fit(X, y).score(X, y) > 0.9
    assert (
        SLRClassifier(slr, n_rounds=1, random_state=0, refinement="average").fit(X, y).score(X, y)
        > 0.9
    )
    search = GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9, 1e-3]}, cv=3)
    assert (
        SLRClassifier(search, n_rounds=1, random_state=0, refinement="average")
        .fit(X, y)
        .score(X, y)
        > 0.9
    )


def test_groups_without_routing():
    slr = SLRClassifier(GaussianNB(), cv=GroupKFold(5), n_rounds=1, refinement="average")
    direct = slr.fit(X, y, groups=GROUPS).refined_labels_
    pipeline = make_pipeline(FunctionTransformer(), clone(slr))
    inside = pipeline.fit(X, y, slrclassifier__groups=GROUPS)[-1].refined_labels_
    assert np.array_equal(direct, inside)
    assert len(cross_val_score(slr, X, y, params={"groups": GROUPS}, cv=3)) == 3


def test_fit_keywords_reach_the_student_and_follow_its_rows():
    lengths = []

    class Curious(GaussianNB):
        def fit(self, X, y, sample_weight=None, tag=None, flag=None):
            assert flag == "on"
            assert np.array_equal(tag, X[:, 0])
            lengths.append(len(X))
            return super().fit(X, y, sample_weight)

    SLRClassifier(Curious(), n_rounds=1, cv=3, refinement="average").fit(
        X, y, tag=X[:, 0], flag="on"
    )
    assert lengths[:3] == [100, 100, 100]
    assert len(lengths) == 4


@pytest.fixture
def _routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("_routing")
def test_groups_with_routing_reach_the_inner_splitter():
    slr = SLRClassifier(GaussianNB(), cv=GroupKFold(5), n_rounds=1, refinement="average")
    search = GridSearchCV(slr, {"n_rounds": [1, 2]}, cv=GroupKFold(3))
    search.fit(X, y, groups=GROUPS)
    assert np.array_equal(
        search.best_estimator_.fit(X, y, groups=GROUPS).predict(X), search.predict(X)
    )
    with pytest.raises(TypeError, match="groups"):
        SLRClassifier(GaussianNB(), n_rounds=1, refinement="average").fit(X, y, groups=GROUPS)


@pytest.mark.usefixtures("_routing")
def test_weights_with_routing_go_where_they_are_requested():
    weight = np.where(np.arange(150) % 5 == 0, 0.0, 1.0)
    folds = [(np.flatnonzero(np.arange(150) % 3 != k), np.arange(k, 150, 3)) for k in range(3)]
    asking, refusing = (
        SLRClassifier(
            GaussianNB().set_fit_request(sample_weight=ask),
            cv=folds,
            n_rounds=1,
            refinement="average",
        )
        for ask in (True, False)
    )
    asking.fit(X, y, sample_weight=weight)
    refusing.fit(X, y, sample_weight=weight)
    with sklearn.config_context(enable_metadata_routing=False):
        plain = SLRClassifier(GaussianNB(), cv=folds, n_rounds=1, refinement="average")
        assert np.array_equal(
            asking.refined_labels_, plain.fit(X, y, sample_weight=weight).refined_labels_
        )
        assert np.array_equal(refusing.refined_labels_, plain.fit(X, y).refined_labels_)
    with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError):
        SLRClassifier(GaussianNB(), n_rounds=1, refinement="average").fit(
            X, y, sample_weight=weight
        )


@pytest.mark.usefixtures("_routing")
def test_a_pipelines_steps_get_the_weights_that_they_request():
    student = make_pipeline(
        StandardScaler().set_fit_request(sample_weight=False),
        LogisticRegression().set_fit_request(sample_weight=True),
    )
    weight = np.linspace(0.5, 2, 150)
    slr = SLRClassifier(student, n_rounds=1, random_state=0, refinement="average").fit(
        X, y, sample_weight=weight
    )
    assert np.allclose(slr.estimator_[0].mean_, X.mean(axis=0))


@pytest.mark.usefixtures("_routing")
def test_a_validation_set_passes_the_steps_before():
    slr = SLRClassifier(GaussianNB(), n_rounds=1, random_state=0, refinement="average")
    slr.set_fit_request(X_val=True, y_val=True)
    pipeline = make_pipeline(StandardScaler(), slr, transform_input=["X_val"])
    inside = pipeline.fit(X, y, X_val=X[::3], y_val=y[::3])[-1]
    scaled = StandardScaler().fit_transform(X)
    with sklearn.config_context(enable_metadata_routing=False):
        outside = clone(slr).fit(scaled, y, X_val=scaled[::3], y_val=y[::3])
    assert np.array_equal(inside.history_["valid_score"], outside.history_["valid_score"])


@pytest.mark.usefixtures("_routing")
@pytest.mark.parametrize(
    "student",
    [
        GridSearchCV(LogisticRegression(max_iter=500), {"C": [0.1, 1]}, cv=2),
        CalibratedClassifierCV(GaussianNB(), cv=2),
        AdaBoostClassifier(n_estimators=3),
        SLRClassifier(GaussianNB(), n_rounds=1, refinement="average"),
        VotingClassifier([("nb", GaussianNB())], voting="soft"),
    ],
)
def test_weights_of_our_own_making_are_not_routed(student):
    slr = SLRClassifier(student, n_rounds=2, cv=2, random_state=0, refinement="average")
    assert slr.fit(X, y).score(X, y) > 0.8


@pytest.mark.parametrize("inner", [{}, {"final_estimator": GaussianNB()}])
def test_a_stack_as_student(inner):
    student = StackingClassifier([("nb", GaussianNB())], cv=2, **inner)
    slr = SLRClassifier(student, n_rounds=2, cv=2, random_state=0, refinement="average")
    assert slr.fit(X, y).score(X, y) > 0.8


@pytest.mark.parametrize(
    "convert",
    [
        lambda X: X.tolist(),
        sparse.csr_array,
        sparse.coo_array,
        sparse.csc_matrix,
        np.asfortranarray,
        lambda X: pd.DataFrame(X, columns=list("abcd")),
        lambda X: pl.DataFrame(X, schema=list("abcd")),
    ],
)
def test_inputs_of_every_kind_give_the_same_labels(convert):
    slr = SLRClassifier(
        LogisticRegression(max_iter=5000, tol=1e-9), random_state=0, refinement="average"
    )
    expected = slr.fit(X, y).refined_labels_
    given = slr.fit(convert(X), y)
    assert np.allclose(given.refined_labels_, expected, atol=1e-6)
    assert given.n_features_in_ == 4
    if hasattr(convert(X), "columns"):
        assert given.feature_names_in_.tolist() == list("abcd")


def test_texts():
    texts = [f"red {i % 7} apple" if i % 2 else f"green {i % 5} pear" for i in range(40)]
    labels = ["apple" if i % 2 else "pear" for i in range(40)]
    slr = SLRClassifier(
        make_pipeline(TfidfVectorizer(), LogisticRegression()), random_state=0, refinement="average"
    )
    assert slr.fit(texts, labels).predict(["a red one"]).tolist() == ["apple"]
    assert not hasattr(slr, "n_features_in_")


def test_a_precomputed_kernel():
    from sklearn.gaussian_process.kernels import RBF
    from sklearn.neighbors import KNeighborsClassifier

    distance = 1 - RBF()(X)
    folds = [(np.flatnonzero(np.arange(150) % 3 != k), np.arange(k, 150, 3)) for k in range(3)]
    plain, kernel = (
        SLRClassifier(
            KNeighborsClassifier(metric=metric), n_rounds=2, cv=folds, refinement="average"
        ).fit(data, y)
        for metric, data in (("euclidean", X), ("precomputed", distance))
    )
    assert np.allclose(plain.refined_labels_, kernel.refined_labels_)


@pytest.mark.parametrize("parameters", [{"final": "folds"}, {"n_rounds": 1}])
def test_a_precomputed_kernel_whose_students_see_fewer_rows(parameters):
    X, target = load_diabetes(return_X_y=True)
    X, target = X[:80], target[:80]
    weight = np.where(np.arange(80) % 9, 1.0, 0.0) if "n_rounds" in parameters else None
    folds = [(np.flatnonzero(np.arange(80) % 3 != k), np.arange(k, 80, 3)) for k in range(3)]
    linear, kernel = (
        SLRRegressor(SVR(kernel=name, C=100.0), cv=folds, **parameters).fit(
            data, target, sample_weight=weight, X_val=data[:9], y_val=target[:9]
        )
        for name, data in (("linear", X), ("precomputed", X @ X.T))
    )
    assert np.allclose(linear.refined_labels_, kernel.refined_labels_)
    assert np.allclose(linear.predict(X[:5]), kernel.predict(X[:5] @ X.T))
    valid = linear.history_["valid_score"]
    assert np.allclose(valid, kernel.history_["valid_score"])


def test_labels_of_every_kind():
    kinds = [
        np.array(["a", "b", "c"])[y],
        pd.Series(pd.Categorical(np.array(["a", "b", "c"])[y])),
        pl.Series(np.array(["a", "b", "c"])[y]),
        y * 10 - 10,
        y.astype(float),
        y.tolist(),
        np.array(["a", "b", "c"], dtype=object)[y],
        y.astype(object),
    ]
    fits = [
        SLRClassifier(GaussianNB(), random_state=0, refinement="average").fit(X, labels)
        for labels in kinds
    ]
    for slr, labels in zip(fits, kinds, strict=True):
        assert np.array_equal(slr.refined_labels_, fits[0].refined_labels_)
        assert slr.score(X, labels) > 0.9
        assert set(slr.predict(X)) == set(labels)
    truth = SLRClassifier(GaussianNB(), random_state=0, refinement="average").fit(X, y == 0)
    assert truth.predict(X).dtype == bool


def test_a_custom_scorer_sees_string_labels():
    names = np.array(["a", "b", "c"])[y]
    scorer = make_scorer(lambda true, predicted: np.mean(true == predicted))
    slr = SLRClassifier(GaussianNB(), n_rounds=1, random_state=0, refinement="average")
    assert cross_val_score(slr, X, names, scoring=scorer).mean() > 0.9


@pytest.mark.parametrize(
    ("params", "grid"),
    [
        ({"refinement": "posterior"}, {"refinement__temperature": [0.5, 1.0]}),
        ({"refinement": "average"}, {"refinement__n": [0, 3]}),
        ({}, {"refinement": ["posterior"], "refinement__smoothing": [0.0, 0.2]}),
        ({}, {"estimator__C": [0.1, 1.0]}),
    ],
)
def test_a_search_reaches_into_strings_and_the_default_estimator(params, grid):
    X, y = load_iris(return_X_y=True)
    slr = SLRClassifier(n_rounds=1, cv=2, random_state=0, **params)
    search = GridSearchCV(slr, grid, cv=2).fit(X[::3, :2], y[::3])
    assert len({*search.cv_results_["mean_test_score"], *search.best_params_.values()}) > 1
    assert slr.get_params()["refinement"] == params.get("refinement", "auto")
    name = next(each for each in grid if "__" in each)
    assert search.best_estimator_.get_params()[name] in grid[name]
