"""mlxtend: its votes, stacks and selections around SLR, and as its students."""

import numpy as np
import pytest

pytest.importorskip("mlxtend")
from mlxtend.classifier import EnsembleVoteClassifier, StackingClassifier, StackingCVClassifier
from mlxtend.feature_selection import SequentialFeatureSelector
from mlxtend.regressor import StackingCVRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeRegressor

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.datasets import make_noisy_labels

X, Y = load_iris(return_X_y=True)
GIVEN = make_noisy_labels(Y, noise=0.2, random_state=0)
FEW = {"n_rounds": 1, "cv": 3, "random_state": 0}
# scikit-learn does not take mlxtend's votes for classifiers: `cv=3` would leave out a whole class.
SPLITTER = StratifiedKFold(3)


def make_members(wrap):
    members = [LogisticRegression(max_iter=1000), GaussianNB(), RandomForestClassifier(10)]
    return [wrap(member) for member in members]


def make_ensembles(wrap):
    """Return mlxtend's ensembles of three models."""
    members, last = make_members(wrap), LogisticRegression()
    return {
        "hard vote": EnsembleVoteClassifier(members),
        "soft vote": EnsembleVoteClassifier(members, voting="soft", weights=[2, 1, 1]),
        "stack": StackingClassifier(members, last, use_probas=True),
        "stack of folds": StackingCVClassifier(
            members, last, use_probas=True, cv=3, random_state=0
        ),
        "stack of SLR": StackingCVClassifier(members, wrap(last), cv=3, random_state=0),
    }


ENSEMBLES = list(make_ensembles(lambda member: member))


@pytest.mark.parametrize("name", ENSEMBLES)
def test_ensembles_of_slr(name):
    ensemble = make_ensembles(lambda member: SLRClassifier(member, refinement="posterior", **FEW))
    plain = make_ensembles(lambda member: member)[name].fit(X, GIVEN)
    assert ensemble[name].fit(X, GIVEN).score(X, Y) > max(0.9, plain.score(X, Y) - 0.05)
    assert cross_val_score(ensemble[name], X, Y, cv=SPLITTER, error_score="raise").mean() > 0.9


def test_a_vote_of_fitted_models():
    members = [
        SLRClassifier(member, **FEW, refinement="average").fit(X, Y)
        for member in make_members(lambda m: m)
    ]
    vote = EnsembleVoteClassifier(
        members, voting="soft", fit_base_estimators=False, use_clones=False
    )
    vote.fit(X, Y)
    mean = np.mean([member.predict_proba(X) for member in members], axis=0)
    np.testing.assert_allclose(vote.predict_proba(X), mean)


@pytest.mark.parametrize("final", ["refit", "folds"])
@pytest.mark.parametrize("name", [name for name in ENSEMBLES if name != "hard vote"])
def test_ensembles_as_students(name, final):
    student = make_ensembles(lambda member: member)[name]
    slr = SLRClassifier(student, refinement="posterior", final=final, **FEW)
    slr.fit(X, np.array(["setosa", "versicolor", "virginica"])[GIVEN])
    repaired = slr.refined_labels_.argmax(axis=1)
    plain = student.fit(X, GIVEN).score(X, Y)
    assert (repaired == Y).mean() > 0.9 > (GIVEN == Y).mean()
    assert (slr.classes_.searchsorted(slr.predict(X)) == Y).mean() > max(0.9, plain - 0.03)


def test_a_stack_of_regressors_around_slr_and_as_student():
    X, number = load_diabetes(return_X_y=True)
    members = [Ridge(0.1), DecisionTreeRegressor(max_depth=3, random_state=0)]
    plain = StackingCVRegressor(members, Ridge(), cv=3, random_state=0, shuffle=False)
    around = StackingCVRegressor(
        [SLRRegressor(member, **FEW) for member in members], Ridge(), cv=3, random_state=0
    )
    inside = SLRRegressor(plain, **FEW)
    scores = [cross_val_score(model, X, number, cv=3).mean() for model in (plain, around, inside)]
    assert min(scores) > scores[0] - 0.1
    assert scores[0] > 0.35


def test_features_are_selected_by_the_score_of_slr():
    noise = np.random.default_rng(0).normal(size=(150, 2))
    selector = SequentialFeatureSelector(
        SLRClassifier(GaussianNB(), **FEW, refinement="average"), k_features=2, cv=3
    )
    selector.fit(np.hstack([noise, X]), GIVEN)
    assert set(selector.k_feature_idx_) & {4, 5}
    assert selector.k_score_ > 0.7
