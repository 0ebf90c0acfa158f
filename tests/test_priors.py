"""Priors of the user, also in folds that lack a class."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.naive_bayes import BernoulliNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sklearn_slr import SLRClassifier, SoftTargetClassifier

X, y = load_iris(return_X_y=True)
ROWS = np.r_[0:60, 100:101]  # one row of the last class, which its fold then lacks
PRIORS = [0.5, 0.3, 0.2]
STUDENTS = [
    GaussianNB(priors=PRIORS),
    MultinomialNB(class_prior=PRIORS),
    ComplementNB(class_prior=PRIORS),
    BernoulliNB(class_prior=PRIORS),
    LinearDiscriminantAnalysis(priors=PRIORS),
    make_pipeline(MinMaxScaler(), MultinomialNB(class_prior=PRIORS)),
]


@pytest.mark.filterwarnings("ignore:The least populated class has only 1:UserWarning")
@pytest.mark.parametrize("student", STUDENTS, ids=lambda student: type(student).__name__)
@pytest.mark.parametrize("refinement", ["average", "posterior"])
def test_a_fold_that_lacks_a_class_takes_the_priors_of_its_own(student, refinement):
    slr = SLRClassifier(student, cv=3, n_rounds=2, refinement=refinement, random_state=0)
    slr.fit(X[ROWS], y[ROWS])
    assert np.isfinite(slr.refined_labels_).all()
    assert (slr.predict(X[:60]) == y[:60]).mean() > 0.5
    assert student.get_params() == type(student)(**student.get_params(deep=False)).get_params()


def test_the_entries_are_those_of_the_classes_that_are_left():
    rows = y != 1
    soft = 0.9 * np.eye(3)[y[rows]] + [0.05, 0.0, 0.05]
    model = SoftTargetClassifier(GaussianNB(priors=PRIORS)).fit(
        X[rows], soft / soft.sum(1)[:, None]
    )
    np.testing.assert_allclose(model.estimator_.class_prior_, [5 / 7, 2 / 7])


def test_priors_inside_a_calibrator():
    inner = CalibratedClassifierCV(GaussianNB(priors=PRIORS), cv=2)
    rows = y != 1
    model = SoftTargetClassifier(inner).fit(X[rows], np.eye(3)[y[rows]])
    assert (model.predict(X[rows]) == y[rows]).all()
