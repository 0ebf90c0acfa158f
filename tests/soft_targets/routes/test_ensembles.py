import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklearn_slr.soft_targets._fit import fit_targets
from sklearn_slr.soft_targets.routes import _ensembles

MEMBERS = [
    ("linear", make_pipeline(StandardScaler(), LogisticRegression())),
    ("near", KNeighborsClassifier()),
    ("bayes", GaussianNB()),
]
ENSEMBLES = [
    VotingClassifier(MEMBERS, voting="soft", weights=[1, 2, 3]),
    StackingClassifier(MEMBERS, cv=3),
    StackingClassifier([*MEMBERS[:2], ("svm", LinearSVC())], cv=3, passthrough=True),
    OneVsRestClassifier(LogisticRegression()),
]
EVERY = pytest.mark.parametrize("ensemble", ENSEMBLES, ids=lambda each: type(each).__name__)


def make_rows(n_classes):
    X, y = make_classification(
        150, 5, n_informative=4, n_redundant=0, n_classes=n_classes, random_state=0
    )
    P = np.random.default_rng(0).dirichlet(np.ones(n_classes), 150)
    return X, y, (np.eye(n_classes)[y] + P) / 2


def fit(estimator, X, P, weight=None, **fit_params):
    given = {"sample_weight": weight, "fit_params": fit_params, "seed": 0}
    return _ensembles.fit(clone(estimator), X, P, **given, fit_targets=fit_targets)


@EVERY
@pytest.mark.parametrize("n_classes", [2, 3])
def test_one_hot_rows_are_labels(ensemble, n_classes):
    X, y, _ = make_rows(n_classes)
    hard, soft = clone(ensemble).fit(X, y), fit(ensemble, X, np.eye(n_classes)[y])
    np.testing.assert_allclose(soft.predict_proba(X), hard.predict_proba(X), atol=1e-8)
    np.testing.assert_array_equal(soft.predict(X), hard.predict(X))
    assert set(vars(soft)) == set(vars(hard))


@EVERY
def test_weights_reach_every_member(ensemble):
    X, _, P = make_rows(3)
    light = fit(ensemble, X, P, np.where(P.argmax(axis=1) == 0, 0.01, 1.0))
    assert (
        light.predict_proba(X)[:, 0].mean()
        < 0.7 * fit(ensemble, X, P).predict_proba(X)[:, 0].mean()
    )


def test_members_take_their_own_routes():
    X, _, P = make_rows(3)
    model = fit(VotingClassifier([("a", LogisticRegression()), ("b", "drop")], voting="soft"), X, P)
    alone = fit_targets(LogisticRegression(), X, P)
    np.testing.assert_allclose(model.predict_proba(X), alone.predict(X))
    assert model.named_estimators_["b"] == "drop"
    assert alone.route == "logistic"
    assert fit_targets(GaussianNB(), X, P).route == "naive_bayes"


def test_one_vs_rest_is_a_problem_of_two_classes_for_each():
    X, _, P = make_rows(3)
    model = fit(OneVsRestClassifier(LogisticRegression()), X, P)
    alone = fit_targets(LogisticRegression(), X, np.column_stack([1 - P[:, 2], P[:, 2]]))
    np.testing.assert_allclose(model.estimators_[2].coef_, alone.model.coef_)


def test_stacking_needs_every_row_held_out():
    X, _, P = make_rows(3)
    stack = StackingClassifier(MEMBERS, cv=[(np.arange(100), np.arange(100, 150))])
    with pytest.raises(ValueError, match="hold out every row"):
        fit(stack, X, P)


def test_keywords_are_routed_or_refused():
    X, _, P = make_rows(3)
    voting = VotingClassifier([("forest", RandomForestClassifier(3))], voting="soft")
    with pytest.raises(TypeError, match="unexpected keyword"):
        fit(voting, X, P, check_input=True)
    with sklearn.config_context(enable_metadata_routing=True):
        assert fit(voting, X, P).predict_proba(X).shape == (150, 3)


def test_what_is_left_to_others():
    assert not _ensembles.handles(VotingClassifier(MEMBERS), np.eye(2), None)
    assert not _ensembles.handles(StackingClassifier(MEMBERS, cv="prefit"), np.eye(2), None)
