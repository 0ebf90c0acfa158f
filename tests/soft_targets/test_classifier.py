import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_slr.soft_targets import SoftTargetClassifier

X, Y = make_classification(200, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=0)
P = (np.eye(3)[Y] + np.random.default_rng(0).dirichlet(np.ones(3), 200)) / 2
NAMES = np.array(["bad", "fair", "good"])

# A neighbour of weight 2 is one neighbour, where two of weight 1 are two.
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": "neighbours are counted, not weighed",
    "check_sample_weight_equivalence_on_sparse_data": "neighbours are counted, not weighed",
}


@parametrize_with_checks(
    [
        SoftTargetClassifier(LogisticRegression()),
        SoftTargetClassifier(),
        SoftTargetClassifier(GaussianNB()),
        SoftTargetClassifier(DecisionTreeClassifier()),
        SoftTargetClassifier(LogisticRegression(), route="logistic"),
        SoftTargetClassifier(KNeighborsClassifier()),
    ],
    expected_failed_checks=lambda est: (
        EXPECTED_FAILURES if isinstance(est.estimator, KNeighborsClassifier) else {}
    ),
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_the_example_of_the_class():
    soft = SoftTargetClassifier().fit(X, P)
    assert soft.route_ == "logistic"
    assert isinstance(soft.estimator_, LogisticRegression)
    assert soft.classes_.tolist() == [0, 1, 2]
    assert soft.n_features_in_ == 5
    np.testing.assert_allclose(soft.predict_log_proba(X), np.log(soft.predict_proba(X)))
    np.testing.assert_allclose(soft.decision_function(X), soft.estimator_.decision_function(X))
    assert soft.score(X, P) == accuracy_score(P.argmax(axis=1), soft.predict(X))


def test_names_of_classes_and_features():
    frame = pd.DataFrame(X, columns=list("abcde"))
    soft = SoftTargetClassifier().fit(frame, pd.DataFrame(P, columns=NAMES))
    assert soft.classes_.tolist() == NAMES.tolist()
    assert soft.feature_names_in_.tolist() == list("abcde")
    assert soft.estimator_.feature_names_in_.tolist() == list("abcde")
    assert set(soft.predict(frame)) == set(NAMES)
    labels = SoftTargetClassifier().fit(frame, NAMES[Y])
    assert labels.route_ == "hard"
    plain = LogisticRegression().fit(frame, NAMES[Y])
    np.testing.assert_array_equal(labels.predict_proba(frame), plain.predict_proba(frame))


def test_a_class_of_probability_zero_is_never_predicted():
    rows = np.insert(P, 1, 0.0, axis=1)
    soft = SoftTargetClassifier(DecisionTreeClassifier(max_depth=2)).fit(X, rows)
    assert soft.classes_.tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(soft.predict_proba(X)[:, 1], 0)
    assert 1 not in soft.predict(X)


def test_routes_may_be_chosen():
    direct = SoftTargetClassifier(LogisticRegression(tol=1e-8)).fit(X, P)
    repeated = clone(direct).set_params(route="weighted_rows").fit(X, P)
    drawn = clone(direct).set_params(route="label_draws", random_state=0).fit(X, P)
    assert (direct.route_, repeated.route_, drawn.route_) == (
        "logistic",
        "weighted_rows",
        "label_draws",
    )
    np.testing.assert_allclose(direct.predict_proba(X), repeated.predict_proba(X), atol=1e-5)
    np.testing.assert_allclose(direct.predict_proba(X), drawn.predict_proba(X), atol=0.2)
    with pytest.raises(TypeError, match="route='trees' cannot train LogisticRegression"):
        clone(direct).set_params(route="trees").fit(X, P)


def test_weights_multiply_the_rows_and_zeros_are_left_out():
    weight = np.random.default_rng(1).integers(0, 3, 200).astype(float)
    weighted = SoftTargetClassifier(LogisticRegression(tol=1e-9, max_iter=1000)).fit(
        X, P, sample_weight=weight
    )
    repeats = np.repeat(np.arange(200), weight.astype(int))
    repeated = clone(weighted).fit(X[repeats], P[repeats])
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-6)


def test_in_pipelines_and_searches():
    inner = make_pipeline(StandardScaler(), KNeighborsClassifier())
    soft = SoftTargetClassifier(inner).fit(X, P)
    assert soft.route_ == "neighbors"
    assert soft.estimator_[0].mean_.shape == (5,)
    grid = {"estimator__kneighborsclassifier__n_neighbors": [1, 10]}
    search = GridSearchCV(SoftTargetClassifier(inner), grid, cv=3).fit(X, Y)
    assert search.best_score_ > 0.5
    again = pickle.loads(pickle.dumps(soft))
    np.testing.assert_array_equal(again.predict_proba(X), soft.predict_proba(X))


def test_the_seed_decides():
    def proba(seed):
        soft = SoftTargetClassifier(GaussianNB(), route="label_draws", random_state=seed)
        return soft.fit(X, P).predict_proba(X)

    np.testing.assert_array_equal(proba(0), proba(0))
    assert np.any(proba(0) != proba(1))


def test_keywords_are_routed():
    with sklearn.config_context(enable_metadata_routing=True):
        student = DecisionTreeClassifier().set_fit_request(sample_weight=True)
        soft = SoftTargetClassifier(student).fit(X, P, sample_weight=np.ones(200))
        assert soft.route_ == "trees"
        with pytest.raises(TypeError, match="unexpected argument"):
            SoftTargetClassifier(student).fit(X, P, nonsense=1)


def test_tags_are_those_of_the_estimator():
    assert get_tags(SoftTargetClassifier(DecisionTreeClassifier())).input_tags.allow_nan
    assert not get_tags(SoftTargetClassifier(GaussianNB())).input_tags.sparse


def test_errors():
    with pytest.raises(NotFittedError):
        SoftTargetClassifier().predict(X)
    with pytest.raises(TypeError, match="LinearSVC, which has no predict_proba"):
        SoftTargetClassifier(LinearSVC()).fit(X, P)
    with pytest.raises(ValueError, match="sum to 1"):
        SoftTargetClassifier().fit(X, P * 2)
    assert not hasattr(SoftTargetClassifier(KNeighborsClassifier()), "decision_function")
