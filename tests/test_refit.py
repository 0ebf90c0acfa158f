"""A second fit equals a fresh one, and a failed one changes nothing."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from sklearn_slr import SLRClassifier, SLRRegressor

X, y = load_iris(return_X_y=True)


def learned(estimator):
    return {
        name: value
        for name, value in vars(estimator).items()
        if name.endswith("_") and name not in ("estimator_", "estimators_", "history_")
    }


def assert_same(first, second):
    first, second = learned(first), learned(second)
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert np.array_equal(value, second[name]), name


@pytest.mark.parametrize(
    "estimator",
    [
        SLRClassifier(RandomForestClassifier(5), random_state=0, refinement="average"),
        SLRRegressor(RandomForestRegressor(5), thresholds="kappa", random_state=0),
    ],
)
def test_a_second_fit_on_other_data_equals_a_fresh_one(estimator):
    reused = clone(estimator).fit(X[:100, :2], y[:100])
    reused.set_params(final="folds").fit(X, 2 - y)
    fresh = clone(estimator).set_params(final="folds").fit(X, 2 - y)
    assert_same(reused, fresh)
    assert not hasattr(reused, "estimator_")
    assert len(reused.estimators_) == 5
    if hasattr(reused, "predict_proba"):
        assert np.array_equal(reused.predict_proba(X), fresh.predict_proba(X))


def test_constructor_parameters_are_left_as_they_are():
    forest = RandomForestClassifier(5)
    slr = SLRClassifier(forest, refinement="posterior", cv=3, random_state=0)
    before = {name: repr(value) for name, value in slr.get_params().items()}
    slr.fit(X, y)
    assert {name: repr(value) for name, value in slr.get_params().items()} == before
    assert slr.estimator is forest
    assert not hasattr(forest, "classes_")


@pytest.mark.parametrize(
    "bad", [{"y": np.zeros(150)}, {"X": X[:, :0]}, {"sample_weight": np.zeros(150)}]
)
def test_a_failed_fit_leaves_a_fitted_estimator_as_it_was(bad):
    slr = SLRClassifier(GaussianNB(), random_state=0, refinement="average").fit(X, y)
    before = pickle.dumps(slr)
    with pytest.raises(ValueError, match=r"class|feature|[Ww]eight"):
        slr.fit(bad.get("X", X), bad.get("y", y), sample_weight=bad.get("sample_weight"))
    assert pickle.dumps(slr) == before


def test_an_estimator_that_raises_in_a_late_fold_leaves_everything_as_it_was():
    calls = []

    class Moody(GaussianNB):
        def fit(self, X, y, sample_weight=None):
            calls.append(1)
            if len(calls) == 20:
                raise ValueError("had enough")
            return super().fit(X, y, sample_weight)

    slr = SLRClassifier(Moody(), n_rounds=2, random_state=0, refinement="average").fit(X, y)
    P, labels = slr.predict_proba(X), slr.refined_labels_
    with pytest.raises(ValueError, match="had enough"):
        slr.fit(X, 2 - y)
    assert np.array_equal(slr.predict_proba(X), P)
    assert slr.refined_labels_ is labels


def test_the_first_rounds_of_a_long_run_are_those_of_a_short_one():
    forest = RandomForestClassifier(5)
    short, long = (
        SLRClassifier(forest, n_rounds=n, random_state=0, refinement="average").fit(X, y)
        for n in (1, 3)
    )
    assert short.history_["oof_score"][0] == long.history_["oof_score"][0]


@pytest.mark.parametrize("final", ["refit", "folds", 7])
def test_any_number_of_jobs_and_any_backend_give_the_same(final):
    from joblib import parallel_config

    slr = SLRClassifier(
        RandomForestClassifier(5), refinement="posterior", final=final, random_state=0
    )
    serial = clone(slr).fit(X, y)
    assert_same(serial, clone(slr).set_params(n_jobs=2).fit(X, y))
    with parallel_config("threading", n_jobs=2):
        assert_same(serial, clone(slr).fit(X, y))
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    clone(slr).fit(X, y)
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_a_second_fit_on_texts_forgets_the_features_of_the_first():
    slr = SLRClassifier(GaussianNB(), n_rounds=0, refinement="average").fit(X[:, 2:], y)
    assert slr.n_features_in_ == 2
    slr.set_params(estimator=make_pipeline(TfidfVectorizer(), LogisticRegression()))
    slr.fit(["a red one", "a blue one", "red", "blue"], [0, 1, 0, 1])
    assert not hasattr(slr, "n_features_in_")


def test_parameters_set_after_the_fit_do_not_change_who_predicts():
    slr = SLRClassifier(GaussianNB(), random_state=0, refinement="average").fit(X, y)
    before = slr.predict(X)
    assert np.array_equal(before, slr.set_params(final="folds").predict(X))


def test_pickle_keeps_predictions():
    slr = SLRClassifier(RandomForestClassifier(5), random_state=0, refinement="average").fit(X, y)
    again = pickle.loads(pickle.dumps(slr))
    assert_same(slr, again)
    assert np.array_equal(slr.predict_proba(X), again.predict_proba(X))
