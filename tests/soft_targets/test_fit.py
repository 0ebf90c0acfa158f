import inspect
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_slr.soft_targets._fit import fit_targets

X, y = load_iris(return_X_y=True)
HARD = np.eye(3)[y]
SOFT = 0.7 * HARD + 0.1


def test_labels_without_doubt_are_fitted_plainly():
    fitted = fit_targets(GaussianNB(), X, HARD)
    assert fitted.route == "hard"
    assert np.array_equal(fitted.predict(X), GaussianNB().fit(X, y).predict_proba(X))


def test_class_weights_follow_the_columns_that_are_left():
    rows, weight = y != 1, {0: 1.0, 1: 5.0, 2: 50.0}
    inner = LogisticRegression(class_weight=weight, max_iter=1000)
    proba = fit_targets(inner, X[rows], HARD[rows]).predict(X)
    plain = inner.set_params(class_weight={0: 1.0, 2: 50.0}).fit(X[rows], y[rows])
    assert np.allclose(proba[:, [0, 2]], plain.predict_proba(X))


@pytest.mark.parametrize(("targets", "estimator"), [(SOFT, GaussianNB()), (y * 1.0, Ridge())])
def test_weights_are_repetitions_and_zero_is_absence(targets, estimator):
    weight = np.arange(150) % 3
    rows = np.repeat(np.arange(150), weight)
    weighted = fit_targets(make_pipeline(StandardScaler(), estimator), X, targets,
                           sample_weight=weight.astype(float))  # fmt: skip
    repeated = fit_targets(make_pipeline(StandardScaler(), estimator), X[rows], targets[rows])
    assert np.allclose(weighted.predict(X), repeated.predict(X))


def test_a_route_can_be_chosen():
    assert fit_targets(GaussianNB(), X, SOFT, route="weighted_rows").route == "weighted_rows"


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="1 class only"):
        fit_targets(GaussianNB(), X, HARD, sample_weight=(y == 0) * 1.0)


def test_one_frame_between_fit_targets_and_a_plain_estimator():
    frames = []

    class Listener(DummyClassifier):
        def fit(self, X, y, sample_weight=None):
            frames.extend(
                each.filename for each in inspect.stack() if "sklearn_slr" in each.filename
            )
            return super().fit(X, y, sample_weight)

    fit_targets(Listener(), X, HARD)
    names = [Path(name).name for name in frames]
    assert names[: names.index("_fit.py") + 1] == ["_hard.py", "_fit.py"]
