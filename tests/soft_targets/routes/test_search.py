import numpy as np
import sklearn
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, RandomizedSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_slr.soft_targets import SoftTargetClassifier
from sklearn_slr.soft_targets._fit import fit_targets
from sklearn_slr.soft_targets.routes import _search

X, Y = make_classification(150, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=0)
P = (np.eye(3)[Y] + np.random.default_rng(0).dirichlet(np.ones(3), 150)) / 2
WEIGHT = np.random.default_rng(1).uniform(0.1, 2, 150)


def test_candidates_learn_from_rows_and_score_on_labels():
    search = GridSearchCV(LogisticRegression(), {"C": [1e-6, 1.0]}, scoring="neg_log_loss", cv=3)
    soft = SoftTargetClassifier(search).fit(X, P, sample_weight=WEIGHT)
    assert soft.route_ == "search"
    found = soft.estimator_
    assert isinstance(found, GridSearchCV)
    assert isinstance(found.estimator, LogisticRegression)
    assert isinstance(found.best_estimator_, LogisticRegression)
    assert found.best_params_ == {"C": 1.0}
    alone = fit_targets(LogisticRegression(), X, P, sample_weight=WEIGHT)
    np.testing.assert_allclose(found.best_estimator_.coef_, alone.model.coef_)
    assert search.estimator is not found.estimator


def test_one_hot_rows_search_as_labels():
    grid = {"kneighborsclassifier__n_neighbors": [1, 5, 20]}
    search = RandomizedSearchCV(
        make_pipeline(StandardScaler(), KNeighborsClassifier()), grid, n_iter=3, random_state=0
    )
    hard = search.fit(X, Y)
    soft = SoftTargetClassifier(search, route="search").fit(X, np.eye(3)[Y]).estimator_
    np.testing.assert_allclose(
        soft.cv_results_["mean_test_score"], hard.cv_results_["mean_test_score"]
    )
    np.testing.assert_allclose(soft.predict_proba(X), hard.predict_proba(X))


def test_groups_and_decision_functions():
    search = GridSearchCV(
        LogisticRegression(), {"C": [0.1, 1.0]}, cv=GroupKFold(3), scoring="roc_auc_ovr"
    )
    soft = SoftTargetClassifier(search).fit(X, P, groups=np.arange(150) % 5)
    assert not np.isnan(soft.estimator_.best_score_)
    candidate = _search.SoftCandidate(LogisticRegression(), 0, fit_targets).fit(X, Y, P)
    assert candidate.decision_function(X).shape == (150, 3)
    assert candidate.classes_.tolist() == [0, 1, 2]
    assert not hasattr(
        _search.SoftCandidate(KNeighborsClassifier(), 0, fit_targets), "decision_function"
    )


def test_with_routing_rows_are_weighted():
    with sklearn.config_context(enable_metadata_routing=True):
        student = LogisticRegression().set_fit_request(sample_weight=True)
        search = GridSearchCV(student, {"C": [1e-6, 1.0]}, cv=3)
        soft = SoftTargetClassifier(search).fit(X, P)
    assert soft.route_ == "inner_splits"
    assert soft.estimator_.best_params_ == {"C": 1.0}
