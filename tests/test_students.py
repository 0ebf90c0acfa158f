import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB

from sklearn_slr._out_of_fold import EStep
from sklearn_slr._splits import make_split_drawer
from sklearn_slr._students import fit_students, without_scores

X, y = load_iris(return_X_y=True)
FOLDS = list(KFold(3, shuffle=True, random_state=0).split(X))


def e_step(student, targets, cv=FOLDS, **parameters):
    return EStep([student], X, make_split_drawer(cv, X, y), root=1, **parameters)


def test_a_refit_is_the_estimator_fitted_on_all_rows():
    students = fit_students(e_step(GaussianNB(), y), np.eye(3)[y], final="refit", with_scores=False)
    assert students.scores is None
    assert np.array_equal(students.predict(X), GaussianNB().fit(X, y).predict_proba(X))


def test_fold_students_are_averaged_and_bring_their_own_scores():
    students = fit_students(e_step(Ridge(), y), y.astype(float), final="folds", with_scores=True)
    each = [Ridge().fit(X[train], y[train]).predict(X) for train, _ in FOLDS]
    assert np.allclose(students.predict(X), np.mean(each, axis=0))
    assert np.allclose(students.scores, cross_val_predict(Ridge(), X, y, cv=FOLDS))
    assert without_scores(students).scores is None


def test_a_refit_scores_by_one_more_pass():
    students = fit_students(e_step(Ridge(), y), y.astype(float), final="refit", with_scores=True)
    assert np.allclose(students.scores, cross_val_predict(Ridge(), X, y, cv=FOLDS))
    assert np.allclose(students.predict(X), Ridge().fit(X, y).predict(X))


def test_repeats_give_as_many_students():
    students = fit_students(
        e_step(GaussianNB(), y, cv=4, n_repeats=2), np.eye(3)[y], final="folds", with_scores=False
    )
    assert len(students.fitted) == 8


def test_a_fold_of_one_class_has_no_student():
    split = [(np.arange(50), np.arange(50, 150))]
    with pytest.raises(ValueError, match="1 class only, so that there is no student"):
        fit_students(
            e_step(LogisticRegression(), y, cv=split),
            np.eye(3)[y],
            final="folds",
            with_scores=False,
        )
