import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from sklearn_slr.soft_targets._base import Task

X, y = load_iris(return_X_y=True)
ROWS = 0.7 * np.eye(3)[y] + 0.1
NAMES = np.array(["a", "b", "c"])


def task(**parameters):
    given = {"classes": NAMES, "sample_weight": None, "fit_params": {}, "seed": 3}
    return Task(X, **{**given, **parameters})


def test_the_last_fit_has_the_seed_of_the_call_and_others_their_own():
    seeds = [
        task().fit(DecisionTreeClassifier(), ROWS, address=address).model.random_state
        for address in [(), (1,), (2,), ()]
    ]
    assert seeds[0] == seeds[3]
    assert len(set(seeds)) == 3


def test_keywords_are_for_whom_they_are_meant():
    seen = []

    class Listener(LogisticRegression):
        def fit(self, X, y, sample_weight=None, word=None):
            seen.append(word)
            return super().fit(X, y, sample_weight)

    hard = np.eye(3)[y]
    told = task(fit_params={"word": "now"})
    told.fit(Listener(max_iter=500), hard)
    told.fit(Listener(max_iter=500), hard, with_params=False)
    assert seen == ["now", None]


def test_class_weights_are_written_by_the_labels_and_the_estimator_is_left_alone():
    heavy = DecisionTreeClassifier(class_weight={"a": 1, "b": 2, "c": 3})
    fitted = task().fit(heavy, np.eye(3)[y])
    assert fitted.model.class_weight == {0: 1, 1: 2, 2: 3}
    assert heavy.class_weight == {"a": 1, "b": 2, "c": 3}
