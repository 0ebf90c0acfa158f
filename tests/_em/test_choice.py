import re

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.datasets import load_iris
from sklearn.model_selection import GroupKFold, KFold
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from sklearn_slr import SLRClassifier
from sklearn_slr._em._choice import count_trial_fits, open_alternatives
from sklearn_slr.datasets import make_noisy_labels
from sklearn_slr.refinement import AverageRefinement, PosteriorRefinement

X, Y = load_iris(return_X_y=True)
SPLITS = [(np.flatnonzero(np.arange(150) % 3 != k), np.arange(k, 150, 3)) for k in range(3)]


class Open(BaseEstimator):
    """A refinement that cannot decide, and keeps what it was asked."""

    def __init__(self, asked=None, index=0):
        self.asked = asked
        self.index = index

    def alternatives(self):
        return [AverageRefinement(1), AverageRefinement(5)]

    def choose(self, held_out, observed, *, sample_weight=None):
        self.asked.append((held_out, observed, sample_weight))
        return self.index, [0.0, 1.0]

    def refine(self, *args, **kwargs):
        raise AssertionError("not settled")


def ask(y, weight=None, index=0, **parameters):
    refinement = Open([], index)
    slr = SLRClassifier(
        DecisionTreeClassifier(random_state=0), refinement=refinement, random_state=0, **parameters
    )
    slr.fit(X, y, sample_weight=weight)
    return slr, refinement.asked[0]


def test_held_out_predictions_know_nothing_of_their_own_labels():
    flipped = np.array([3, 50, 101])
    other = Y.copy()
    other[flipped] = (Y[flipped] + 1) % 3
    _, (before, *_) = ask(Y, cv=SPLITS)
    _, (after, *_) = ask(other, cv=SPLITS)
    for a, b in zip(before, after, strict=True):
        # Other rows' predictions may change, and must: these labels train their models.
        assert np.array_equal(a[flipped], b[flipped])
        assert not np.array_equal(a, b)


@pytest.mark.parametrize("index", [0, 1])
def test_the_chosen_one_refines_as_if_it_had_been_given(index):
    y = make_noisy_labels(Y, noise=0.3, random_state=0)
    chosen, _ = ask(y, index=index)
    given = SLRClassifier(
        DecisionTreeClassifier(random_state=0),
        refinement=Open().alternatives()[index],
        random_state=0,
    ).fit(X, y)
    assert np.array_equal(chosen.refined_labels_, given.refined_labels_)
    assert np.array_equal(chosen.predict(X), given.predict(X))


def test_weights_reach_the_judgement():
    weight = np.arange(150.0)
    _, (held_out, observed, got) = ask(Y, weight=weight, cv=SPLITS)
    assert np.array_equal(got, weight)
    assert np.array_equal(observed, np.eye(3)[Y])
    assert [proba.shape for proba in held_out] == [(150, 3)] * 2


@pytest.mark.slow
@pytest.mark.parametrize("n_rounds", [1, 3])
@pytest.mark.parametrize("cv", [2, 5, KFold(7, shuffle=True), SPLITS, GroupKFold(4)])
def test_the_plan_tells_the_number_of_fits(n_rounds, cv, capsys):
    slr = SLRClassifier(
        teachers=[("nb", GaussianNB()), ("tree", DecisionTreeClassifier())],
        estimator=GaussianNB(),
        refinement=PosteriorRefinement("auto"),
        n_rounds=n_rounds,
        cv=cv,
        random_state=0,
        verbose=1,
    )
    slr.fit(X, Y, groups=np.arange(150) // 5 if isinstance(cv, GroupKFold) else None)
    plan = capsys.readouterr().out.splitlines()[0]
    assert int(re.search(r"(\d+) in all", plan)[1]) == slr.n_fits_


def test_settled_refinements_and_no_rounds_cost_nothing():
    assert open_alternatives(AverageRefinement()) == []
    assert open_alternatives(PosteriorRefinement(0.5)) == []
    assert count_trial_fits(PosteriorRefinement("auto"), 0, 5, 1) == 0
    slr = SLRClassifier(GaussianNB(), refinement=PosteriorRefinement("auto"), n_rounds=0)
    assert slr.fit(X, Y).n_fits_ == 1


def test_auto_is_cold_where_the_model_beats_the_labels_and_hot_where_it_cannot():
    rng = np.random.RandomState(0)
    true = rng.randint(4, size=600)
    easy = np.eye(4)[true] + 0.3 * rng.randn(600, 4)
    noisy = make_noisy_labels(true, noise=0.4, random_state=0)
    auto = PosteriorRefinement("auto", transition="em")
    slr = SLRClassifier(GaussianNB(), refinement=auto, random_state=0, n_rounds=5)
    assert slr.fit(easy, noisy).temperature_ == 0.5
