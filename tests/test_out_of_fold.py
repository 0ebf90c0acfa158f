import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold, KFold, RepeatedKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from sklearn_slr import out_of_fold_predict
from sklearn_slr._em._e_step import combine_folds
from sklearn_slr._em._fold import Fold

X, y = load_iris(return_X_y=True)
HARD = np.eye(3)[y]
FOLDS = list(KFold(5, shuffle=True, random_state=0).split(X))


@pytest.mark.parametrize(
    "estimator", [GaussianNB(), KNeighborsClassifier(), RandomForestClassifier(5, random_state=1)]
)
def test_hard_targets_give_what_cross_val_predict_gives(estimator):
    expected = cross_val_predict(estimator, X, y, cv=FOLDS, method="predict_proba")
    assert np.allclose(out_of_fold_predict(estimator, X, HARD, cv=FOLDS), expected)


def test_numbers_give_what_cross_val_predict_gives():
    X, y = load_diabetes(return_X_y=True)
    folds = list(KFold(3).split(X))
    expected = cross_val_predict(Ridge(), X, y, cv=folds)
    assert np.allclose(out_of_fold_predict(Ridge(), X, y, cv=folds), expected)


def test_rows_never_held_out_keep_their_targets_and_others_are_averaged():
    soft = 0.8 * HARD + 0.2 / 3
    splits = [(np.arange(50, 150), np.arange(10)), (np.arange(20, 120), np.arange(5, 15))]
    both = out_of_fold_predict(GaussianNB(), X, soft, cv=splits)
    first, second = (out_of_fold_predict(GaussianNB(), X, soft, cv=[s]) for s in splits)
    assert np.array_equal(both[15:], soft[15:])
    assert np.allclose(both[:5], first[:5])
    assert np.allclose(both[5:10], (first[5:10] + second[5:10]) / 2)


def test_answers_are_put_together_by_hand():
    folds = [
        Fold((1, 0, k, 0), np.arange(0), np.array(test), 0) for k, test in enumerate([[0, 1], [1]])
    ]
    targets = np.array([[1.0, 0], [0, 1], [0.25, 0.75]])
    half = np.array([[0.1, 0.9], [0.3, 0.7]], dtype=np.float32)
    oof, held_out = combine_folds(folds, [half, half[:1]], targets)
    assert np.allclose(oof, [[0.1, 0.9], [0.2, 0.8], [0.25, 0.75]])
    assert np.allclose(oof.sum(axis=1), 1, rtol=0, atol=1e-15)  # halves of single precision do not
    assert np.array_equal(held_out, [True, True, False])
    numbers, _ = combine_folds(folds, [np.array([2.0, 4]), np.array([7.0])], np.array([1.0, 3, 9]))
    assert np.array_equal(numbers, [2, 5.5, 9])
    with pytest.raises(ValueError, match="shorter"):
        combine_folds(folds, [half], targets)


def test_a_column_of_numbers_is_raveled():
    column = np.arange(150.0)[:, None]
    with pytest.warns(DataConversionWarning, match="column-vector"):
        P = out_of_fold_predict(Ridge(), X, column, cv=FOLDS)
    assert np.array_equal(P, out_of_fold_predict(Ridge(), X, column[:, 0], cv=FOLDS))


def test_int_folds_are_stratified_by_the_most_probable_class():
    rare = np.eye(2)[np.arange(150) // 146]  # four rows of class 1, one for each fold
    P = out_of_fold_predict(DummyClassifier(), X, rare, cv=4, random_state=0)
    assert np.allclose(P[:, 1], 3 / 112.5, atol=1e-3)


def test_repeats_are_averaged_as_a_repeated_splitter_does():
    repeated = RepeatedKFold(n_splits=3, n_repeats=2, random_state=0)
    splits = list(repeated.split(X))
    both = out_of_fold_predict(GaussianNB(), X, HARD, cv=repeated)
    halves = [out_of_fold_predict(GaussianNB(), X, HARD, cv=s) for s in (splits[:3], splits[3:])]
    assert np.allclose(both, np.mean(halves, axis=0))


def test_n_repeats_draws_new_folds():
    once, twice = (
        out_of_fold_predict(GaussianNB(), X, HARD, n_repeats=r, random_state=0) for r in (1, 2)
    )
    assert not np.allclose(once, twice)


def test_teachers_are_averaged():
    teachers = [("nb", GaussianNB()), ("knn", KNeighborsClassifier())]
    each = [out_of_fold_predict(t, X, HARD, cv=FOLDS) for _, t in teachers]
    mean = out_of_fold_predict(GaussianNB(), X, HARD, cv=FOLDS, teachers=teachers)
    assert np.allclose(mean, np.mean(each, axis=0))


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_the_number_of_jobs_changes_nothing(n_jobs):
    forest = RandomForestClassifier(5)
    serial, parallel = (
        out_of_fold_predict(forest, X, HARD, random_state=3, n_jobs=n) for n in (None, n_jobs)
    )
    assert np.array_equal(serial, parallel)


def test_int_folds_hold_every_row_out_once_and_groups_are_kept():
    groups = np.arange(150) // 10
    P = out_of_fold_predict(GaussianNB(), X, HARD, cv=GroupKFold(5), groups=groups)
    expected = cross_val_predict(
        GaussianNB(), X, y, cv=GroupKFold(5), groups=groups, method="predict_proba"
    )
    assert np.allclose(P, expected)


class Recorder(KFold):
    """Folds that note, in a list that copies share, which y they were asked to split."""

    seen = []

    def split(self, X, y=None, groups=None):
        self.seen.append(y)
        return super().split(X, y, groups)


def test_splitters_see_the_most_probable_class_or_the_numbers():
    soft = 0.8 * HARD + 0.2 / 3
    for model, targets, expected in ((GaussianNB(), soft, y), (Ridge(), X[:, 0], X[:, 0])):
        out_of_fold_predict(model, X, targets, cv=Recorder(3, shuffle=True, random_state=0))
        assert np.array_equal(Recorder.seen.pop(), expected)


def test_rows_of_weight_zero_are_predicted_but_never_trained_on():
    weight = np.ones(150)
    weight[::7] = 0
    flipped = HARD.copy()
    flipped[::7] = np.roll(flipped[::7], 1, axis=1)
    P, Q = (
        out_of_fold_predict(GaussianNB(), X, T, cv=FOLDS, sample_weight=weight)
        for T in (HARD, flipped)
    )
    assert np.allclose(P, Q)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (HARD - 0.1, "softmax"),
        (HARD * 1.5, "not probabilities .*sums 1.5 to 1.5"),
        (np.full((150, 3), np.nan), "NaN"),
        (HARD[:-1], "inconsistent numbers of samples"),
    ],
)
def test_bad_targets_are_refused(targets, message):
    with pytest.raises(ValueError, match=message):
        out_of_fold_predict(LogisticRegression(), X, targets)


@pytest.mark.parametrize(
    ("estimator", "targets", "parameters", "error", "message"),
    [
        (Ridge(), np.r_[np.inf, np.zeros(149)], {}, ValueError, "infinity"),
        (GaussianNB(), y, {}, TypeError, "probability rows of shape"),
        (Ridge(), HARD, {}, TypeError, "the regressor Ridge"),
        (GaussianNB(), HARD, {"teachers": [GaussianNB()]}, ValueError, r"list of \(name, est"),
        (GaussianNB(), HARD, {"augmentations": [np.copy, 3]}, TypeError, "augmentations holds 3"),
        (GaussianNB(), HARD, {"n_repeats": 0}, ValueError, "'n_repeats' parameter"),
        (GaussianNB(), HARD, {"teachers": [("r", Ridge())]}, TypeError, "teachers: 'r' is the"),
    ],
)
def test_estimators_that_do_not_fit_the_targets_are_refused(
    estimator, targets, parameters, error, message
):
    with pytest.raises(error, match=message):
        out_of_fold_predict(estimator, X, targets, **parameters)
