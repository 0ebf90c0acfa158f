import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr._em._e_step import EStep
from sklearn_slr._em._final_fit import FinalFit, without_scores
from sklearn_slr._em._splits import make_split_drawer

X, y = load_iris(return_X_y=True)
FOLDS = list(KFold(3, shuffle=True, random_state=0).split(X))


def e_step(student, targets, cv=FOLDS, **parameters):
    return EStep([student], X, make_split_drawer(cv, X, y), root=1, **parameters)


def test_a_refit_is_the_estimator_fitted_on_all_rows():
    students = FinalFit("refit").fit(e_step(GaussianNB(), y), np.eye(3)[y])
    assert students.scores is None
    assert np.array_equal(students.predict(X), GaussianNB().fit(X, y).predict_proba(X))


def test_fold_students_are_averaged_and_bring_their_own_scores():
    students = FinalFit("folds", with_scores=True).fit(e_step(Ridge(), y), y.astype(float))
    each = [Ridge().fit(X[train], y[train]).predict(X) for train, _ in FOLDS]
    assert np.allclose(students.predict(X), np.mean(each, axis=0))
    assert np.allclose(students.scores, cross_val_predict(Ridge(), X, y, cv=FOLDS))
    assert without_scores(students).scores is None


def test_a_refit_scores_by_one_more_pass():
    students = FinalFit("refit", with_scores=True).fit(e_step(Ridge(), y), y.astype(float))
    assert np.allclose(students.scores, cross_val_predict(Ridge(), X, y, cv=FOLDS))
    assert np.allclose(students.predict(X), Ridge().fit(X, y).predict(X))


def test_repeats_give_as_many_students():
    students = FinalFit("folds").fit(e_step(GaussianNB(), y, cv=4, n_repeats=2), np.eye(3)[y])
    assert len(students.fitted) == 8


def test_a_fold_of_one_class_has_no_student():
    split = [(np.arange(50), np.arange(50, 150))]
    with pytest.raises(ValueError, match="1 class only, so that no student"):
        FinalFit("folds").fit(e_step(LogisticRegression(), y, cv=split), np.eye(3)[y])


class RowsOf(GaussianNB):
    """Keeps the rows that it was trained on, by the number in their first column."""

    def fit(self, X, y, sample_weight=None):
        self.rows_ = np.unique(X[:, 0]).astype(int)
        return super().fit(X, y, sample_weight)


class Untouchable(GaussianNB):
    def fit(self, X, y, sample_weight=None):
        raise AssertionError("fitted")


@pytest.mark.parametrize("n_repeats", [1, 2])
def test_a_number_of_students_are_each_trained_without_their_share_of_the_rows(n_repeats):
    numbered = np.c_[np.arange(150), X]
    slr = SLRClassifier(
        RowsOf(),
        n_rounds=2,
        cv=3,
        n_repeats=n_repeats,
        final=7,
        random_state=0,
        refinement="average",
    )
    slr.fit(numbered, y)
    assert len(slr.estimators_) == 7
    assert slr.n_fits_ == 2 * 3 * n_repeats + 7
    left_out = [np.setdiff1d(np.arange(150), each.rows_) for each in slr.estimators_]
    np.testing.assert_array_equal(np.sort(np.concatenate(left_out)), np.arange(150))
    assert {len(each) for each in left_out} <= {21, 22}
    # As many of each class, to one.
    assert max(abs(np.bincount(y[each], minlength=3) - 50 / 7).max() for each in left_out) < 1
    mean = np.mean([each.predict_proba(numbered) for each in slr.estimators_], axis=0)
    np.testing.assert_allclose(slr.predict_proba(numbered), mean)


def test_the_number_of_students_changes_no_label():
    labels = [
        SLRClassifier(
            GaussianNB(), n_rounds=2, final=final, random_state=0, refinement="average"
        ).fit(X, y)
        for final in ("refit", "folds", 9)
    ]
    np.testing.assert_array_equal(labels[0].refined_labels_, labels[2].refined_labels_)
    np.testing.assert_array_equal(labels[1].refined_labels_, labels[2].refined_labels_)


def test_as_many_students_as_folds_are_the_fold_students():
    params = {"n_rounds": 2, "cv": 4, "random_state": 0}
    folds, number = (
        SLRClassifier(GaussianNB(), final=final, **params).fit(X, y) for final in ("folds", 4)
    )
    np.testing.assert_array_equal(folds.predict_proba(X), number.predict_proba(X))


def test_a_number_of_students_scores_the_cuts_of_grades(capsys):
    slr = SLRRegressor(
        Ridge(), n_rounds=1, thresholds="kappa", final=10, verbose=1, random_state=0
    ).fit(X, y)
    assert len(slr.estimators_) == 10
    assert "= 5 fits, 10 final: 15 in all" in capsys.readouterr().out
    assert slr.n_fits_ == 15


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"final": 1}, "final"),
        ({"final": True}, "final"),
        ({"final": 2.0}, "final"),
        ({"final": 151}, "final=151 students cannot each hold out a share of n_samples=150"),
        ({"final": 8, "cv": KFold(3)}, "cv, of type KFold, says .* or give cv as a number"),
        ({"final": 8, "cv": FOLDS}, "cv, of type list, says how to split rows"),
    ],
)
def test_a_wrong_number_of_students_is_told_before_anything_is_fitted(params, message):
    with pytest.raises(ValueError, match=message):
        SLRClassifier(Untouchable(), **params).fit(X, y)


def test_without_rounds_only_the_students_own_folds_count():
    few, grades = X[:4], [0, 1, 0, 1]
    slr = SLRRegressor(Ridge(), n_rounds=0, thresholds="kappa", final=3, cv=5).fit(few, grades)
    assert slr.n_fits_ == 3
    with pytest.warns(UserWarning, match="groups are ignored by final=3"):
        SLRClassifier(GaussianNB(), n_rounds=0, final=3, refinement="average").fit(X, y, groups=y)
