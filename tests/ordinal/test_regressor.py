"""ThresholdedRegressor: scikit-learn's checks, out-of-fold cuts, grades of any type, nets."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, RepeatedKFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_slr import out_of_fold_predict
from sklearn_slr.metrics import quadratic_weighted_kappa, quadratic_weighted_kappa_scorer
from sklearn_slr.ordinal import ThresholdedRegressor, apply_thresholds, fit_thresholds


class NonDeterministic(Ridge):
    """A regressor whose tags say that fits differ."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        return tags


EXPECTED_FAILURES = {
    "check_regressors_no_decision_function": "scores and probabilities of grades are the purpose"
}
CENTERING = "scikit-learn 1.6 ignores the tags and checks sparse matrices, which cannot be centred"


def expected_failures(estimator):
    """Return the checks that an estimator may fail, with the reason."""
    if sklearn.__version__.startswith("1.6.") and hasattr(estimator.estimator, "steps"):
        return {**EXPECTED_FAILURES, "check_sample_weight_equivalence_on_sparse_data": CENTERING}
    return EXPECTED_FAILURES


def make_data(n=150, seed=0, grades=(0, 1, 2, 3)):
    """Return X with one informative column, and grades."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    codes = np.clip(np.floor(1.5 + X[:, 0] + 0.5 * rng.normal(size=n)), 0, len(grades) - 1)
    return X, np.array(grades)[codes.astype(int)]


@parametrize_with_checks(
    [
        ThresholdedRegressor(),
        ThresholdedRegressor(thresholds="quantile"),
        ThresholdedRegressor(make_pipeline(StandardScaler(), Ridge()), metric="mae"),
    ],
    expected_failed_checks=expected_failures,
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("metric", ["accuracy", "linear_kappa", "mae", "quadratic_kappa"])
def test_cuts_are_those_of_the_out_of_fold_scores(metric):
    X, y = make_data()
    splits = list(KFold(5, shuffle=True, random_state=3).split(X))
    model = ThresholdedRegressor(LinearRegression(), metric=metric, cv=splits).fit(X, y)
    oof = out_of_fold_predict(LinearRegression(), X, y.astype(float), cv=splits)
    assert_allclose(model.oof_predictions_, oof)
    assert_allclose(model.thresholds_, fit_thresholds(oof, y, metric=metric))


def test_predictions_are_the_cut_scores_of_the_refitted_regressor():
    X, y = make_data()
    model = ThresholdedRegressor(Ridge(), random_state=0).fit(X, y)
    scores = Ridge().fit(X, y).predict(X)
    assert_allclose(model.decision_function(X), scores)
    assert_allclose(model.estimator_.predict(X), scores)
    assert_array_equal(model.predict(X), apply_thresholds(scores, model.thresholds_, [0, 1, 2, 3]))
    assert model.score(X, y) == quadratic_weighted_kappa(y, model.predict(X))


def test_a_rows_grade_does_not_reach_its_own_score():
    X, y = make_data()
    splits = list(KFold(5).split(X))
    other = y.copy()
    other[7] = 3 - other[7]
    before, after = (
        ThresholdedRegressor(cv=splits).fit(X, each).oof_predictions_ for each in (y, other)
    )
    assert before[7] == after[7]
    assert not np.allclose(before, after)


@pytest.mark.parametrize("thresholds", ["moments", "nearest", "quantile"])
def test_the_other_kinds_of_cuts(thresholds):
    X, y = make_data()
    model = ThresholdedRegressor(thresholds=thresholds, random_state=0).fit(X, y)
    expected = fit_thresholds(model.oof_predictions_, y, method=thresholds)
    assert_allclose(model.thresholds_, expected)


def test_given_cuts_are_used_as_they_are():
    X, y = make_data()
    cuts = np.array([0.1, 0.2, 0.3])
    model = ThresholdedRegressor(thresholds=cuts).fit(X, y)
    assert_array_equal(model.thresholds_, cuts)
    assert model.thresholds_ is not cuts
    for wrong, message in (([0.1, 0.2], "3 for 4 grades"), ([3, 2, 1], "do not ascend")):
        with pytest.raises(ValueError, match=message):
            ThresholdedRegressor(thresholds=wrong).fit(X, y)


def test_bags_average_cuts():
    X, y = make_data()
    one = ThresholdedRegressor(random_state=0).fit(X, y)
    bagged = ThresholdedRegressor(n_bags=30, random_state=0).fit(X, y)
    assert_array_equal(bagged.oof_predictions_, one.oof_predictions_)
    assert not np.allclose(bagged.thresholds_, one.thresholds_)
    assert np.all(np.diff(bagged.thresholds_) >= 0)
    assert_allclose(bagged.thresholds_, one.thresholds_, atol=0.5)
    again = ThresholdedRegressor(n_bags=30, random_state=0).fit(X, y)
    assert_array_equal(bagged.thresholds_, again.thresholds_)


@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_probabilities_are_on_the_simplex(seed, n_grades):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(30, 2))
    y = np.concatenate([np.arange(n_grades), rng.integers(0, n_grades, 30 - n_grades)])
    model = ThresholdedRegressor(random_state=0).fit(X, y)
    proba = model.predict_proba(np.vstack([X, 1e6 * X]))
    assert proba.shape == (60, n_grades)
    assert proba.min() >= 0
    assert_allclose(proba.sum(axis=1), 1)


def test_probabilities_are_calibrated_out_of_fold():
    X, y = make_data(2000)
    model = ThresholdedRegressor(random_state=0).fit(X[:1000], y[:1000])
    proba = model.predict_proba(X[1000:])
    assert_allclose(proba.mean(axis=0), np.bincount(y[1000:]) / 1000, atol=0.03)
    loss = -np.log(proba[np.arange(1000), y[1000:]]).mean()
    shares = np.bincount(y[:1000]) / 1000
    assert loss < 0.8 * -np.log(shares[y[1000:]]).mean()


@pytest.mark.parametrize(
    "grades",
    [(1, 2, 5, 9), (0.5, 1.0, 1.5, 4.0), ("a", "b", "c", "d"), (-2, -1, 0, 7)],
)
def test_grades_of_any_type_are_predicted(grades):
    X, y = make_data(grades=grades)
    model = ThresholdedRegressor(random_state=0).fit(X, y)
    assert_array_equal(model.grades_, grades)
    assert model.grades_.dtype == y.dtype
    predicted = model.predict(X)
    assert predicted.dtype == y.dtype
    assert set(predicted) <= set(grades)
    assert model.score(X, y) > 0.5


def test_an_ordered_categorical_keeps_its_order():
    X, codes = make_data()
    names = ["zero", "mild", "severe", "proliferative"]
    y = pd.Series(pd.Categorical.from_codes(codes, names, ordered=True))
    model = ThresholdedRegressor(random_state=0).fit(X, y)
    assert_array_equal(model.grades_, names)
    plain = ThresholdedRegressor(random_state=0).fit(X, codes)
    assert_array_equal(model.thresholds_, plain.thresholds_)
    assert model.score(X, y) == plain.score(X, codes)


def test_score_accepts_grades_that_were_absent_in_training():
    X, y = make_data()
    model = ThresholdedRegressor(random_state=0).fit(X, y)
    unseen = np.where(y == 3, 9, y)
    expected = quadratic_weighted_kappa(unseen, model.predict(X))
    assert model.score(X, unseen) == expected
    weight = np.arange(len(y))
    weighted = quadratic_weighted_kappa(y, model.predict(X), sample_weight=weight)
    assert model.score(X, y, sample_weight=weight) == weighted


def test_rows_that_are_never_held_out_do_not_fit_the_cuts():
    X, y = make_data()
    model = ThresholdedRegressor(cv=ShuffleSplit(1, test_size=50, random_state=0)).fit(X, y)
    held_out = np.isfinite(model.oof_predictions_)
    assert held_out.sum() == 50
    expected = fit_thresholds(model.oof_predictions_[held_out], y[held_out], grades=range(4))
    assert_allclose(model.thresholds_, expected)


def test_rows_of_weight_zero_are_ignored():
    X, y = make_data()
    weight = np.ones(len(y))
    weight[100:] = 0
    y_wrong = np.where(weight > 0, y, 17)
    folds = list(KFold(5).split(X[:100]))
    with_zeros = [(np.concatenate([train, np.arange(100, 150)]), test) for train, test in folds]
    model = ThresholdedRegressor(cv=with_zeros).fit(X, y_wrong, sample_weight=weight)
    alone = ThresholdedRegressor(cv=folds).fit(X[:100], y[:100])
    assert_array_equal(model.grades_, alone.grades_)
    assert_allclose(model.thresholds_, alone.thresholds_)
    assert_allclose(model.predict_proba(X), alone.predict_proba(X))


def test_results_do_not_depend_on_n_jobs_or_earlier_fits():
    X, y = make_data()
    forest = RandomForestRegressor(n_estimators=5)
    one = ThresholdedRegressor(forest, random_state=0).fit(X, y)
    two = ThresholdedRegressor(forest, random_state=0, n_jobs=2).fit(X[:90], y[:90]).fit(X, y)
    for name in ("thresholds_", "oof_predictions_", "grades_"):
        assert_array_equal(getattr(one, name), getattr(two, name))
    assert_array_equal(one.predict_proba(X), pickle.loads(pickle.dumps(two)).predict_proba(X))
    assert not hasattr(forest, "estimators_")


def test_a_failed_fit_leaves_the_model_unchanged():
    X, y = make_data()
    model = ThresholdedRegressor(random_state=0).fit(X, y)
    before = model.predict(X)
    with pytest.raises(ValueError, match="1 grade only"):
        model.fit(X, np.ones(len(y)))
    assert_array_equal(model.predict(X), before)


def test_grades_rarer_than_folds_are_kept():
    X, y = make_data()
    y[0] = 7
    model = ThresholdedRegressor(random_state=0).fit(X, y)
    assert_array_equal(model.grades_, [0, 1, 2, 3, 7])
    assert len(model.thresholds_) == 4


@pytest.mark.parametrize(
    ("parameters", "y", "error", "message"),
    [
        ({"estimator": LogisticRegression()}, [0, 1] * 10, TypeError, "expected a regressor"),
        ({}, [0, np.nan] * 10, ValueError, "NaN"),
        ({"cv": 30}, [0, 1] * 10, ValueError, "n_samples=20"),
        ({"thresholds": "best"}, [0, 1] * 10, ValueError, "thresholds"),
        ({"metric": "f1"}, [0, 1] * 10, ValueError, "metric"),
        ({"n_bags": -1}, [0, 1] * 10, ValueError, "n_bags"),
    ],
)
def test_bad_parameters_and_targets_are_refused(parameters, y, error, message):
    X = np.random.default_rng(0).normal(size=(20, 2))
    with pytest.raises(error, match=message):
        ThresholdedRegressor(**parameters).fit(X, y)


def test_sparse_and_named_inputs():
    X, y = make_data()
    dense = ThresholdedRegressor(cv=list(KFold(5).split(X))).fit(X, y)
    from_sparse = clone(dense).fit(sparse.csr_array(X), y)
    assert_allclose(from_sparse.thresholds_, dense.thresholds_, atol=1e-6)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    named = clone(dense).fit(frame, y)
    assert_array_equal(named.feature_names_in_, ["a", "b", "c"])
    assert_array_equal(named.predict(frame), dense.predict(X))
    assert not hasattr(named.fit(X, y), "feature_names_in_")
    assert named.n_features_in_ == 3
    with pytest.warns(Warning, match="1d array"):
        clone(dense).fit(X, y[:, None])


def test_tags_are_the_regressors():
    forest = get_tags(ThresholdedRegressor(RandomForestRegressor()))
    assert forest.input_tags.allow_nan
    assert not get_tags(ThresholdedRegressor()).input_tags.allow_nan
    tags = get_tags(ThresholdedRegressor(NonDeterministic()))
    assert tags.non_deterministic
    assert tags.estimator_type == "regressor"


def test_as_many_folds_as_rows():
    X, y = make_data(20)
    model = ThresholdedRegressor(Ridge(), cv=20, random_state=0).fit(X, y)
    alone = ThresholdedRegressor(Ridge(), cv=list(KFold(20).split(X))).fit(X, y)
    assert_allclose(model.oof_predictions_, alone.oof_predictions_)


def test_at_least_one_weighted_row_must_be_held_out():
    X, y = make_data()
    weight = np.repeat([0.0, 1.0], [100, 50])
    splits = [(np.arange(50, 150), np.arange(50))]
    with pytest.raises(ValueError, match="holds out no row of positive weight"):
        ThresholdedRegressor(Ridge(), cv=splits).fit(X, y, sample_weight=weight)


def test_groups_stay_together_and_repeats_are_averaged():
    X, y = make_data()
    groups = np.arange(len(y)) // 5
    model = ThresholdedRegressor(cv=GroupKFold(5)).fit(X, y, groups=groups)
    splits = list(GroupKFold(5).split(X, y, groups))
    expected = clone(model).set_params(cv=splits).fit(X, y)
    assert_array_equal(model.oof_predictions_, expected.oof_predictions_)
    repeated = ThresholdedRegressor(cv=RepeatedKFold(n_repeats=2, random_state=0)).fit(X, y)
    assert np.isfinite(repeated.oof_predictions_).all()
    with pytest.warns(UserWarning, match="groups are ignored"):
        ThresholdedRegressor().fit(X, y, groups=groups)


def test_grid_search_chooses_by_kappa():
    X, y = make_data()
    grid = {"estimator__alpha": [1e7, 1.0], "thresholds": ["kappa", "nearest"]}
    for scoring in (None, quadratic_weighted_kappa_scorer):
        model = ThresholdedRegressor(Ridge(), random_state=0)
        search = GridSearchCV(model, grid, scoring=scoring, cv=3).fit(X, y)
        assert search.best_params_["estimator__alpha"] == 1.0
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_metadata_routing():
    X, y = make_data()
    weight, groups = np.random.default_rng(0).random(len(y)), np.arange(len(y)) // 5
    metadata, cv = {"sample_weight": weight, "groups": groups}, GroupKFold(5)
    expected = ThresholdedRegressor(Ridge(), cv=cv).fit(X, y, **metadata)
    with sklearn.config_context(enable_metadata_routing=True):
        ridge = Ridge().set_fit_request(sample_weight=True)
        routed = ThresholdedRegressor(ridge, cv=cv).fit(X, y, **metadata)
        search = GridSearchCV(ThresholdedRegressor(cv=cv), {"n_bags": [0]}, cv=cv)
        search.fit(X, y, groups=groups)
    assert_allclose(routed.thresholds_, expected.thresholds_)


def test_fit_params_follow_the_rows():
    X, y = make_data()
    weight = np.random.default_rng(0).random(len(y))
    pipeline = make_pipeline(StandardScaler(), Ridge())
    splits = list(KFold(5).split(X))
    model = ThresholdedRegressor(pipeline, cv=splits).fit(X, y, ridge__sample_weight=weight)
    first = make_pipeline(StandardScaler(), Ridge())
    train, test = splits[0]
    first.fit(X[train], y[train], ridge__sample_weight=weight[train])
    assert_allclose(model.oof_predictions_[test], first.predict(X[test]))


def test_nets_are_regressors_too():
    torch = pytest.importorskip("torch")
    skorch = pytest.importorskip("skorch")
    X, y = make_data()
    net = skorch.NeuralNetRegressor(
        torch.nn.Linear,
        module__in_features=3,
        module__out_features=1,
        lr=0.1,
        max_epochs=10,
        train_split=None,
        verbose=0,
    )
    pipeline = make_pipeline(StandardScaler(), net)
    model = ThresholdedRegressor(pipeline, cv=3, random_state=0).fit(X.astype(np.float32), y)
    again = clone(model).fit(X.astype(np.float32), y)
    assert_array_equal(model.thresholds_, again.thresholds_)
    assert model.decision_function(X.astype(np.float32)).shape == (150,)
    assert model.score(X.astype(np.float32), y) > 0.5
