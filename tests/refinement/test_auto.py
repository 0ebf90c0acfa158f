"""The refinement that decides, and the guards of the others."""

import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import load_digits, load_iris, load_wine, make_blobs
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.datasets import make_noisy_labels
from sklearn_slr.refinement import AutoRefinement, PosteriorRefinement
from sklearn_slr.refinement._guards import find_harm

X, Y = load_wine(return_X_y=True)
GIVEN = make_noisy_labels(Y, noise=0.3, random_state=0)


def auto(estimator=None, **parameters):
    estimator = GaussianNB() if estimator is None else estimator
    return SLRClassifier(estimator, refinement="auto", random_state=0, **parameters)


def make_texts(seed):
    """Return texts whose right labels a linear model hardly learns."""
    rng = np.random.default_rng(seed)
    words = rng.zipf(1.3, (4000, 15)) % 5000
    tone = rng.normal(size=5000) * (np.arange(5000) > 50)
    score = tone[words].sum(axis=1) + 2 * rng.normal(size=4000)
    y = (score > np.quantile(score, 0.45)).astype(int)
    texts = [" ".join(f"w{i}" for i in row) for row in words]
    return TfidfVectorizer().fit_transform(texts), y


def history(gains, kept=None, skill=9.0, explained=1.0):
    kept = np.ones(len(gains)) if kept is None else kept
    return {
        "agreement_gain": np.array(gains),
        "likelihood_gain": np.full(len(gains), explained),
        "over_chance": np.full(len(gains), skill),
        "smallest_class_kept": np.array(kept),
    }


@pytest.mark.parametrize(
    ("gains", "kept", "round"),
    [
        ([0.0], [1.0], None),
        ([0.0, 3.0, 2.0], None, None),
        ([0.0, -2.2], None, None),
        ([0.0, -2.3], None, 0),  # worse
        ([0.0, 5.0, 2.6], None, None),
        ([0.0, 5.0, 2.4], None, 0),  # more than half of the gain is gone
        ([0.0, 2.0, 0.5], None, None),  # which is less than two standard errors
        ([0.0], [0.05], 0),
        ([0.0, 3.0, 3.0], [0.9, 0.5, 0.05], 0),  # a class dies out
    ],
)
def test_harm_is_seen_in_the_history(gains, kept, round):
    decision = find_harm(history(gains, kept), n_rounds=5)
    if round is None:
        assert decision is None
        return
    assert decision["round"] == round
    assert decision["refinement"] == "none"
    assert decision["harm"]
    assert decision["reason"].startswith("the given labels are used")


def test_more_rounds_are_more_chances_of_a_false_alarm():
    gains = history([0.0, -1.7])
    assert find_harm(gains, n_rounds=2)["harm"]
    assert find_harm(gains, n_rounds=3) is None


def test_a_model_that_guesses_is_not_asked_again():
    assert find_harm(history([0.0], skill=2.1), 5) is None
    assert find_harm(history([0.0], skill=1.9), 5)["round"] == 0
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 5)), rng.integers(2, size=300)
    with pytest.warns(UserWarning, match="round 1: the given labels .* hardly better than chance"):
        slr = auto().fit(X, y)
    np.testing.assert_array_equal(slr.refined_labels_, np.eye(2)[y])
    assert slr.n_fits_ == 5 + 10


def test_the_average_goes_on_and_warns():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 5)), rng.integers(2, size=300)
    slr = SLRClassifier(GaussianNB(), refinement="average", random_state=0)
    with pytest.warns(UserWarning, match="changed labels, although models of round 1 predict"):
        slr.fit(X, y)
    assert (slr.n_rounds_, slr.decision_) == (3, None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clone(slr).fit(*load_iris(return_X_y=True))


def test_auto_decides_after_the_last_round_by_the_signs_of_both_gains():
    step = AutoRefinement()
    assert step.review(history([0.0, 3.0]), 3) is None
    better = step.review(history([0.0, 3.0, 2.5]), 3)
    assert (better["refinement"], better["round"]) == ("posterior", 3)
    assert (better["agreement_gain"], better["temperature"]) == (2.5, 0.7)
    worse = step.review(history([0.0, 1.0, -0.5]), 3)
    assert (worse["refinement"], worse["round"]) == ("none", 0)
    assert "harm" not in worse
    worse = step.review(history([0.0, 1.0, 0.5], explained=-0.1), 3)
    assert (worse["refinement"], worse["round"]) == ("none", 0)
    assert "explain them less well" in worse["reason"]
    assert step.review(history([0.0]), 1)["refinement"] == "posterior"


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("refinement", "n_rounds"), [("auto", None), ("posterior", 3)])
def test_a_model_with_little_to_say_is_not_believed(seed, refinement, n_rounds):
    X, y = make_texts(seed)
    student = LogisticRegression(max_iter=1000)
    plain = clone(student).fit(X[:1500], y[:1500]).score(X[1500:], y[1500:])
    slr = SLRClassifier(student, refinement=refinement, n_rounds=n_rounds, random_state=0)
    with pytest.warns(UserWarning, match="Refinement stopped after round .: the given labels"):
        slr.fit(X[:1500], y[:1500])
    assert slr.score(X[1500:], y[1500:]) > plain - 0.015
    assert slr.decision_["refinement"] == "none"
    assert slr.n_rounds_ == 0 < len(slr.history_["round"]) < 5
    np.testing.assert_array_equal(slr.refined_labels_, np.eye(2)[y[:1500]])
    final = 10 if refinement == "auto" else 1
    assert slr.n_fits_ == slr.history_["n_fits"].sum() + final
    assert slr.history_["agreement_gain"][-1] < 0


def test_labels_that_can_be_repaired_are():
    slr = auto().fit(X, GIVEN)
    assert slr.decision_["refinement"] == "posterior"
    assert slr.decision_["reason"].startswith("the refined labels are used")
    assert (slr.n_fits_, slr.n_rounds_, len(slr.estimators_)) == (35, 5, 10)
    assert (slr.refined_labels_.argmax(axis=1) == Y).mean() > (GIVEN == Y).mean() + 0.15


def test_a_class_that_dies_out_stops_the_rounds():
    """Twenty blobs on top of each other, ten rows each: classes are merged."""
    X, y = make_blobs(200, centers=20, n_features=2, cluster_std=3.0, random_state=0)
    with pytest.warns(UserWarning, match="a class kept .* of its labels"):
        slr = auto().fit(X, y)
    assert slr.decision_["smallest_class_kept"] < 0.1
    assert slr.n_rounds_ == 0


def test_the_paper_s_average_goes_on_whatever_it_sees():
    X, y = make_texts(0)
    slr = SLRClassifier(
        LogisticRegression(max_iter=1000), n_rounds=5, random_state=0, refinement="average"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        slr.fit(X[:1500], y[:1500])
    assert slr.decision_ is None
    assert slr.n_rounds_ == 5


@pytest.mark.parametrize(
    ("parameters", "n_fits"),
    [
        ({}, 35),
        ({"n_rounds": 2}, 20),
        ({"cv": 3}, 25),
        ({"final": "refit"}, 26),
        ({"cv": KFold(3, shuffle=True, random_state=0)}, 18),  # the students are those of folds
        ({"n_rounds": 0}, 1),
        ({"teachers": [("a", GaussianNB()), ("b", GaussianNB(var_smoothing=0.1))]}, 60),
    ],
)
def test_numbers_that_are_open_are_the_refinements_own(parameters, n_fits, capsys):
    slr = auto(verbose=1, **parameters).fit(X, GIVEN)
    assert slr.n_fits_ == n_fits
    assert f"{n_fits} in all" in capsys.readouterr().out
    assert hasattr(slr, "estimators_") == (len(slr._students.fitted) > 1)


def test_other_refinements_have_the_numbers_of_the_paper():
    for slr in (
        SLRClassifier(GaussianNB(), refinement="average"),
        SLRClassifier(GaussianNB(), refinement="posterior"),
    ):
        assert slr.fit(X, GIVEN).n_fits_ == 16
    assert SLRRegressor(refinement="average").fit(X, X[:, 0]).n_fits_ == 16


@pytest.mark.filterwarnings("ignore:The least populated class")
@pytest.mark.parametrize("n", [4, 7, 12])
def test_few_rows(n):
    rows = np.linspace(0, 177, n).astype(int)
    slr = auto(LogisticRegression()).fit(StandardScaler().fit_transform(X)[rows], Y[rows])
    assert len(slr.estimators_) == min(10, n)
    assert slr.refined_labels_.shape == (n, len(np.unique(Y[rows])))


def test_probability_rows_weights_groups_and_searches():
    rows = 0.9 * np.eye(3)[GIVEN] + 0.1 / 3
    assert (auto().fit(X, rows).refined_labels_.argmax(axis=1) == Y).mean() > 0.9
    grouped = auto(cv=GroupKFold(4)).fit(X, GIVEN, groups=np.arange(178) // 3)
    assert len(grouped.estimators_) == 4
    search = GridSearchCV(auto(), {"refinement__temperature": [0.5, 1.0]}, cv=2).fit(X, GIVEN)
    assert search.best_estimator_.decision_["temperature"] in (0.5, 1.0)


def test_weights_are_repeated_rows():
    weight = np.where(np.arange(178) % 3 == 0, 2, 1)
    repeated = np.repeat(np.arange(178), weight)
    split = np.arange(178) % 2
    halves = [(np.flatnonzero(split != k), np.flatnonzero(split == k)) for k in (0, 1)]
    twice = [
        (np.flatnonzero(split[repeated] != k), np.flatnonzero(split[repeated] == k)) for k in (0, 1)
    ]
    scaled, student = StandardScaler().fit_transform(X), LogisticRegression(tol=1e-10)
    one = auto(student, cv=halves).fit(scaled, GIVEN, sample_weight=weight)
    two = auto(student, cv=twice).fit(scaled[repeated], GIVEN[repeated])
    np.testing.assert_allclose(one.refined_labels_[repeated], two.refined_labels_, atol=1e-5)
    assert one.decision_["agreement_gain"] == pytest.approx(two.decision_["agreement_gain"])


def test_a_fit_goes_on_from_its_checkpoint(tmp_path):
    first = auto(n_rounds=2, checkpoint=tmp_path).fit(X, GIVEN)
    longer = auto(checkpoint=tmp_path).fit(X, GIVEN)
    plain = auto().fit(X, GIVEN)
    np.testing.assert_array_equal(longer.refined_labels_, plain.refined_labels_)
    assert longer.decision_ == plain.decision_
    assert first.n_rounds_ == 2


def test_repairs_of_hundred_classes_are_guarded():
    box = (-6, 6)
    X, y = make_blobs(
        1000, centers=100, n_features=30, cluster_std=5.0, center_box=box, random_state=0
    )
    with pytest.warns(UserWarning, match="Refinement stopped after round"):
        slr = auto(KNeighborsClassifier(10)).fit(X, y)
    np.testing.assert_array_equal(slr.refined_labels_.argmax(axis=1), y)


def test_a_review_of_the_users_own():
    class Once(BaseEstimator):
        def __init__(self, round=0):
            self.round = round

        def refine(self, observed, targets, oof, *, round, sample_weight=None):
            return oof

        def review(self, history, n_rounds):
            done = len(history["round"])
            return {"round": self.round, "reason": "two are enough"} if done == 2 else None

    for round in (0, 1, 2):
        slr = SLRClassifier(GaussianNB(), refinement=Once(round), random_state=0).fit(X, GIVEN)
        assert slr.decision_["reason"] == "two are enough"
        assert (slr.n_rounds_, len(slr.history_["round"])) == (round, 2)
        found = {0: np.eye(3)[GIVEN], 2: slr.oof_predictions_}.get(round)
        if found is not None:
            np.testing.assert_allclose(slr.refined_labels_, found)
    with pytest.raises(ValueError, match=r"Once.review returned .*'round', whose labels to use: 2"):
        SLRClassifier(GaussianNB(), refinement=Once(7)).fit(X, GIVEN)


@pytest.mark.parametrize("student", [KNeighborsClassifier(), LogisticRegression(max_iter=500)])
def test_the_posterior_keeps_its_gains(student):
    """The guard is silent where labels are repaired."""
    X, y = load_digits(return_X_y=True)
    X, y = X[:600], y[:600]
    given = make_noisy_labels(y, noise=0.3, random_state=1)
    slr = SLRClassifier(
        make_pipeline(StandardScaler(), student), refinement=PosteriorRefinement(), random_state=0
    )
    assert slr.fit(X, given).decision_ is None
    assert (slr.refined_labels_.argmax(axis=1) == y).mean() > (given == y).mean() + 0.05


def test_a_good_model_on_right_labels_changes_little():
    X, y = load_iris(return_X_y=True)
    slr = auto(LogisticRegression(max_iter=1000)).fit(X, y)
    assert slr.score(X, y) > 0.95
    assert (slr.refined_labels_.argmax(axis=1) == y).mean() > 0.95
