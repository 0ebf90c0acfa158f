"""Labels among parameters: what users write by their labels means the same inside SLR."""

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    f1_score,
    fbeta_score,
    make_scorer,
    recall_score,
)
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_slr import SLRClassifier, SoftTargetClassifier
from sklearn_slr.utils._label_parameters import rename_labels

TunedThresholdClassifierCV = getattr(
    pytest.importorskip("sklearn.model_selection"), "TunedThresholdClassifierCV", None
)
X, CODES = make_classification(400, weights=[0.9], flip_y=0.08, class_sep=0.7, random_state=0)
SPELLINGS = [(1, 2), (2, 1), (-1, 1), ("x", "a")]


def search(scoring, **grid):
    grid = grid or {"C": [1e-4, 1.0]}
    return GridSearchCV(LogisticRegression(), grid, scoring=scoring, cv=3)


def own_scorer(pos_label):
    return lambda estimator, X, y: f1_score(y, estimator.predict(X), pos_label=pos_label)


STUDENTS = {
    "threshold": lambda rare, common: TunedThresholdClassifierCV(
        LogisticRegression(), scoring=make_scorer(f1_score, pos_label=rare), thresholds=20, cv=3
    ),
    "threshold in a pipeline": lambda rare, common: make_pipeline(
        StandardScaler(),
        TunedThresholdClassifierCV(
            LogisticRegression(),
            scoring=make_scorer(fbeta_score, beta=2, pos_label=rare),
            thresholds=20,
            cv=3,
        ),
    ),
    "positive label": lambda rare, common: search(make_scorer(recall_score, pos_label=rare)),
    "labels": lambda rare, common: search(
        make_scorer(recall_score, labels=[rare], average="micro", pos_label=None)
    ),
    "probabilities": lambda rare, common: search(
        make_scorer(average_precision_score, response_method="predict_proba", pos_label=rare)
    ),
    "decisions": lambda rare, common: search(
        make_scorer(average_precision_score, response_method="decision_function", pos_label=rare)
    ),
    "a function": lambda rare, common: search(own_scorer(rare)),
    "no label": lambda rare, common: search(make_scorer(balanced_accuracy_score)),
    "weights in a grid": lambda rare, common: search(
        make_scorer(f1_score, pos_label=rare), class_weight=[{rare: 1}, {rare: 9, common: 1}]
    ),
}


@pytest.mark.parametrize("spelling", SPELLINGS, ids=str)
@pytest.mark.parametrize("name", STUDENTS)
def test_a_student_is_the_plain_one_for_every_spelling_of_the_labels(name, spelling):
    if name.startswith("threshold") and TunedThresholdClassifierCV is None:
        pytest.skip("scikit-learn has no tuned thresholds")
    common, rare = spelling
    student, y = STUDENTS[name](rare, common), np.array(spelling)[CODES]
    plain = student.fit(X, y)
    for wrapped in (
        SLRClassifier(student, n_rounds=0, random_state=0, refinement="average"),
        SoftTargetClassifier(student, random_state=0),
    ):
        np.testing.assert_array_equal(wrapped.fit(X, y).predict(X), plain.predict(X))


def test_names_of_scorers_mean_the_users_label():
    y = np.array([1, 2])[CODES]  # "f1" scores the label 1
    plain = search("f1").fit(X, y)
    ours = SLRClassifier(search("f1"), n_rounds=0, refinement="average").fit(X, y).estimator_
    np.testing.assert_allclose(
        ours.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
    )
    several = search(["accuracy", "f1"]).set_params(refit="f1")
    ours = SLRClassifier(several, n_rounds=0, refinement="average").fit(X, y).estimator_
    assert ours.best_score_ == pytest.approx(plain.best_score_)


def test_a_positive_label_that_is_not_a_class_is_an_error():
    scorer = make_scorer(f1_score, pos_label="eggs")
    with pytest.raises(ValueError, match=r"pos_label='eggs', which is not .*\['ham', 'spam'"):
        SLRClassifier(search(scorer), n_rounds=0, refinement="average").fit(
            X, np.array(["ham", "spam"])[CODES]
        )


def test_keys_of_sampling_strategies_and_weights_in_nested_estimators():
    class Sampler(LogisticRegression):
        def __init__(self, sampling_strategy=None):
            self.sampling_strategy = sampling_strategy

    classes = np.array(["ham", "spam"])
    renamed = rename_labels(Sampler({"spam": 20, "ham": 9}), classes)
    assert renamed.sampling_strategy == {1: 20, 0: 9}
    assert rename_labels(Sampler(["spam"]), classes).sampling_strategy == [1]
    assert rename_labels(Sampler("auto"), classes).sampling_strategy == "auto"


def test_priors_of_a_fold_that_lacks_a_class_are_those_of_its_own_classes():
    model = rename_labels(GaussianNB(priors=[0.2, 0.3, 0.5]), np.array([0, 2]), 3)
    np.testing.assert_allclose(model.priors, [2 / 7, 5 / 7])
    assert rename_labels(GaussianNB(), np.array([0, 2]), 3).priors is None
