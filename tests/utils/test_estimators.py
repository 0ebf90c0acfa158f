import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from sklearn_slr import SLRClassifier, SoftTargetClassifier
from sklearn_slr.utils._estimators import (
    check_classifier,
    check_regressor,
    check_teachers,
    rename_class_weights,
)


def test_who_can_learn_from_what():
    for estimator in (GaussianNB(), make_pipeline(GaussianNB()), StackingClassifier([])):
        check_classifier(estimator, "estimator")
    check_regressor(Ridge(), "estimator")
    check_teachers([("a", GaussianNB())], check_classifier)
    with pytest.raises(TypeError, match=r"CalibratedClassifierCV\(LinearSVC\(\)\)"):
        check_classifier(make_pipeline(LinearSVC()), "estimator")
    with pytest.raises(TypeError, match="the classifier GaussianNB"):
        check_regressor(GaussianNB(), "estimator")
    with pytest.raises(TypeError, match="teachers: 'a' is the regressor Ridge"):
        check_teachers([("a", Ridge())], check_classifier)


def test_class_weights_are_found_by_labels_wherever_they_are():
    pipeline = make_pipeline(LogisticRegression(class_weight={"b": 2.0, "a": 1.0, "gone": 3.0}))
    rename_class_weights(pipeline, np.array(["a", "b"]))
    assert pipeline[0].class_weight == {1: 2.0, 0: 1.0}
    balanced = rename_class_weights(LogisticRegression(class_weight="balanced"), np.arange(2))
    assert balanced.class_weight == "balanced"


@pytest.mark.parametrize("wrap", [SoftTargetClassifier, lambda e: SLRClassifier(e, n_rounds=0)])
def test_class_weights_by_the_users_labels_give_the_plain_fit(wrap):
    X, y = load_iris(return_X_y=True)
    names = np.array(["x", "y", "z"])[y]
    forest = RandomForestClassifier(5, class_weight={"x": 1.0, "y": 10.0, "z": 0.1}, random_state=0)
    assert np.array_equal(wrap(forest).fit(X, names).predict(X), forest.fit(X, names).predict(X))
