from functools import partial

import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from sklearn_slr.soft_targets._base import fit_clone

X, y = load_iris(return_X_y=True)
HARD = np.eye(3)[y]
ROWS = 0.7 * HARD + 0.1
fit = partial(fit_clone, X=X, classes=np.array(["a", "b", "c"]), seed=3)


def test_the_last_fit_has_the_seed_of_the_call_and_others_their_own():
    seeds = [
        fit(DecisionTreeClassifier(), ROWS, key=key).model.random_state
        for key in [(), (1,), (2,), ()]
    ]
    assert seeds[0] == seeds[3]
    assert len(set(seeds)) == 3


def test_keywords_reach_the_estimator():
    seen = []

    class Listener(LogisticRegression):
        def fit(self, X, y, sample_weight=None, word=None):
            seen.append(word)
            return super().fit(X, y, sample_weight)

    fit(Listener(max_iter=500), HARD, fit_params={"word": "now"})
    fit(Listener(max_iter=500), HARD, fit_params=None)
    assert seen == ["now", None]


def test_class_weights_are_written_by_the_labels_and_the_estimator_is_left_alone():
    heavy = DecisionTreeClassifier(class_weight={"a": 1, "b": 2, "c": 3})
    fitted = fit(heavy, HARD)
    assert fitted.model.class_weight == {0: 1, 1: 2, 2: 3}
    assert heavy.class_weight == {"a": 1, "b": 2, "c": 3}
