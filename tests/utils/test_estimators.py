import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import RadiusNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from sklearn_slr import SLRClassifier, SoftTargetClassifier
from sklearn_slr.utils._estimators import (
    check_classifier,
    check_regressor,
    check_teachers,
)
from sklearn_slr.utils._label_parameters import rename_labels


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
    rename_labels(pipeline, np.array(["a", "b"]))
    assert pipeline[0].class_weight == {1: 2.0, 0: 1.0}
    balanced = rename_labels(LogisticRegression(class_weight="balanced"), np.arange(2))
    assert balanced.class_weight == "balanced"


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (RadiusNeighborsClassifier(outlier_label="b"), "outlier_label"),
        (DummyClassifier(strategy="constant", constant="b"), "constant"),
        (FixedThresholdClassifier(LogisticRegression(), pos_label="b"), "pos_label"),
    ],
)
def test_parameters_that_are_a_label(estimator, name):
    classes = np.array(["a", "b"])
    assert getattr(rename_labels(clone(estimator), classes), name) == 1
    assert rename_labels(make_pipeline(clone(estimator)), classes)[-1].get_params()[name] == 1
    assert rename_labels(clone(estimator), np.array(["b", "c"])).get_params()[name] == 0
    with pytest.raises(ValueError, match=f"{name}='b' is not a class .* expected one of"):
        rename_labels(clone(estimator), np.array(["a", "c"]))


def test_what_is_no_label_stays():
    for outlier_label in ("most_frequent", None):
        estimator = RadiusNeighborsClassifier(outlier_label=outlier_label)
        assert rename_labels(estimator, np.arange(2)).outlier_label is outlier_label
    transformer = make_pipeline(FunctionTransformer(kw_args={"constant": 7}), LogisticRegression())
    assert rename_labels(transformer, np.arange(2))[0].kw_args == {"constant": 7}
    assert rename_labels(object(), np.arange(2))


@pytest.mark.parametrize(
    "wrap", [SoftTargetClassifier, lambda e: SLRClassifier(e, n_rounds=0, refinement="average")]
)
def test_outliers_get_the_users_label(wrap):
    X, y = load_iris(return_X_y=True)
    names = np.array(["x", "y", "z"])[y]
    neighbors = RadiusNeighborsClassifier(0.5, outlier_label="y")
    far = np.full((1, 4), 100.0)
    assert wrap(neighbors).fit(X, names).predict(far).tolist() == ["y"]
    soft = 0.9 * np.eye(3)[y] + 0.1 / 3
    named = pd.DataFrame(soft, columns=["x", "y", "z"])
    assert wrap(neighbors).fit(X, named).predict(far).tolist() == ["y"]


@pytest.mark.parametrize(
    "wrap", [SoftTargetClassifier, lambda e: SLRClassifier(e, n_rounds=0, refinement="average")]
)
def test_class_weights_by_the_users_labels_give_the_plain_fit(wrap):
    X, y = load_iris(return_X_y=True)
    names = np.array(["x", "y", "z"])[y]
    forest = RandomForestClassifier(5, class_weight={"x": 1.0, "y": 10.0, "z": 0.1}, random_state=0)
    assert np.array_equal(wrap(forest).fit(X, names).predict(X), forest.fit(X, names).predict(X))
