import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.linear_model import LogisticRegression, Perceptron, SGDClassifier
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, NuSVC
from sklearn.utils.validation import check_is_fitted

from sklearn_slr import SLRClassifier
from sklearn_slr.soft_targets import SoftTargetClassifier
from sklearn_slr.soft_targets.routes import _label_draws

X = np.zeros((2000, 1))
P = np.tile([0.2, 0.5, 0.3], (2000, 1))


def test_labels_are_drawn_from_the_rows():
    model = _label_draws.fit(DummyClassifier(), X, P, sample_weight=None, fit_params={}, seed=0)
    assert len(model.members) == _label_draws.N_DRAWS
    priors = [member.class_prior_ for _, member in model.members]
    np.testing.assert_allclose(np.mean(priors, axis=0), P[0], atol=0.02)
    assert np.std(priors, axis=0).min() > 0
    np.testing.assert_allclose(model.predict_proba(X[:1]), [np.mean(priors, axis=0)])
    assert model.predict(X[:2]).tolist() == [1, 1]
    assert model.classes_.tolist() == [0, 1, 2]


def test_the_seed_decides():
    def proba(seed):
        model = _label_draws.fit(
            DummyClassifier(), X, P, sample_weight=None, fit_params={}, seed=seed
        )
        return model.predict_proba(X[:1])

    np.testing.assert_array_equal(proba(3), proba(3))
    assert np.any(proba(3) != proba(4))


def test_a_class_that_was_not_drawn():
    rows = np.array([[1, 0, 0], [0, 1, 0], [1 - 1e-9, 0, 1e-9]])
    estimator = GaussianProcessClassifier()
    model = _label_draws.fit(
        estimator, np.arange(3.0)[:, None], rows, sample_weight=None, fit_params={}, seed=0
    )
    proba = model.predict_proba(np.arange(3.0)[:, None])
    np.testing.assert_array_equal(proba[:, 2], 0)
    np.testing.assert_allclose(proba.sum(axis=1), 1)


def test_weights_are_passed_or_refused():
    weight = np.where(np.arange(2000) < 1000, 100.0, 1.0)
    halves = np.repeat([[1.0, 0.0], [0.0, 1.0]], 1000, axis=0)
    model = _label_draws.fit(
        DummyClassifier(), X, halves, sample_weight=weight, fit_params={}, seed=0
    )
    assert model.predict_proba(X[:1])[0, 0] > 0.9
    with pytest.raises(TypeError, match="fit does not take it"):
        _label_draws.fit(
            GaussianProcessClassifier(), X, halves, sample_weight=weight, fit_params={}, seed=0
        )


def test_members_predict_in_the_order_of_their_own_classes():
    class Backwards(DummyClassifier):
        def fit(self, X, y):
            super().fit(X, y)
            self.classes_ = self.classes_[::-1]
            return self

        def predict_proba(self, X):
            return np.tile(self.class_prior_[::-1], (len(X), 1))

    args = {"sample_weight": None, "fit_params": {}, "seed": 0}
    plain = _label_draws.fit(DummyClassifier(), X, P, **args).predict_proba(X)
    np.testing.assert_array_equal(
        _label_draws.fit(Backwards(), X, P, **args).predict_proba(X), plain
    )


def draw(estimator, inputs, rows):
    return _label_draws.fit(estimator, inputs, rows, sample_weight=None, fit_params={}, seed=0)


def test_the_same_labels_are_fitted_once():
    model = draw(DummyClassifier(), X[:20], np.eye(3)[np.arange(20) % 3])
    assert len({id(member) for _, member in model.members}) == 1
    assert len(model.members) == _label_draws.N_DRAWS
    np.testing.assert_allclose(model.predict_proba(X[:1]), [[0.35, 0.35, 0.3]])


def test_class_weights_of_a_class_that_was_not_drawn():
    rows = np.array([[1, 0, 0], [0, 1e-12, 1 - 1e-12], [0, 0, 1]] * 10)
    student = LogisticRegression(class_weight={0: 1.0, 1: 50.0, 2: 1.0})
    proba = draw(student, rows, rows).predict_proba(rows)
    np.testing.assert_array_equal(proba[:, 1], 0)
    np.testing.assert_array_equal(proba.argmax(axis=1)[:3], [0, 2, 2])
    assert proba[0, 0] == pytest.approx(1 - proba[1, 0], abs=0.2)


class Judged(DummyClassifier):
    """Keeps the validation set that `fit` gets, as boosters with early stopping take it."""

    def fit(self, X, y, sample_weight=None, eval_set=None):
        self.eval_set_ = eval_set
        return super().fit(X, y, sample_weight)


def test_validation_labels_of_a_class_that_was_not_drawn():
    rows = np.array([[1, 0, 0], [0, 1e-12, 1 - 1e-12], [0, 0, 1]] * 10)
    settings = {"sample_weight": None, "seed": 0}
    judged = {"eval_set": [(np.arange(4), np.array([2, 1, 0, 2]))]}
    model = _label_draws.fit(Judged(), rows, rows, fit_params=judged, **settings)
    for classes, member in model.members:
        [(inputs, labels)] = member.eval_set_
        assert classes.tolist() == [0, 2]
        assert inputs.tolist() == [0, 2, 3]
        assert labels.tolist() == [1, 0, 1]


def test_a_sampler_gets_as_many_rows_of_a_class_as_it_needs():
    pytest.importorskip("imblearn")
    from imblearn.over_sampling import SMOTE
    from imblearn.pipeline import make_pipeline

    inputs, y = load_iris(return_X_y=True)
    rows = 0.9 * np.eye(3)[np.minimum(y, 1)] + 0.1 / 3  # about five rows of the last class
    student = make_pipeline(SMOTE(k_neighbors=8), LogisticRegression(max_iter=1000))
    model = draw(student, inputs, rows)
    assert model.predict_proba(inputs).shape == (150, 3)


@pytest.mark.parametrize(
    "student",
    [
        CalibratedClassifierCV(SGDClassifier(random_state=0)),
        CalibratedClassifierCV(SGDClassifier(random_state=0), cv=3),
        SGDClassifier(loss="log_loss", random_state=0),
        SVC(probability=True),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:.*probability.*:FutureWarning")
@pytest.mark.parametrize("n_classes", [2, 4])
def test_classes_that_are_almost_never_drawn(student, n_classes):
    inputs, y = load_iris(return_X_y=True)
    codes = np.minimum(y, n_classes - 2)  # the last class has no row of its own
    rows = 0.98 * np.eye(n_classes)[codes] + 0.02 / n_classes
    for seed in range(3):
        soft = SoftTargetClassifier(student, random_state=seed).fit(inputs, rows)
        assert soft.predict_proba(inputs).shape == (150, n_classes)
        assert soft.score(inputs, codes) > 0.6


def test_thresholds_are_kept():
    """Rows of .4 would go to class 0, but the threshold is .1."""
    student = FixedThresholdClassifier(DummyClassifier(), threshold=0.1)
    model = draw(student, X, np.tile([0.6, 0.4], (2000, 1)))
    assert model.predict(X[:3]).tolist() == [1, 1, 1]
    assert model.predict_proba(X[:1])[0, 1] == pytest.approx(0.4, abs=0.05)


def test_scores_without_probabilities():
    inputs, y = load_iris(return_X_y=True)
    rows = 0.9 * np.eye(3)[y] + 0.1 / 3
    assert _label_draws.handles(Perceptron(), rows, None)
    model = draw(Perceptron(random_state=0), inputs, rows)
    assert not hasattr(model, "predict_proba")
    assert model.decision_function(inputs).shape == (150, 3)
    assert np.mean(model.predict(inputs) == y) > 0.6
    rows = np.array([[1, 0, 0], [0, 1e-12, 1 - 1e-12]] * 5)
    scores = draw(Perceptron(), rows, rows).decision_function(rows)
    assert scores.shape == (10, 3)
    np.testing.assert_array_equal(scores[:, 1], scores[:, [0, 2]].min(axis=1))


@pytest.mark.parametrize(
    "student",
    [
        SGDClassifier(loss="log_loss", random_state=0),
        CalibratedClassifierCV(KNeighborsClassifier()),
        GaussianProcessClassifier(),
    ],
    ids=lambda each: type(each).__name__,
)
def test_last_step_of_a_pipeline(student):
    inputs, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), student)
    soft = SoftTargetClassifier(pipeline, random_state=0).fit(inputs, 0.7 * np.eye(3)[y] + 0.1)
    assert soft.route_ == "label_draws"
    check_is_fitted(soft.estimator_)
    assert soft.score(inputs, y) > 0.8


@pytest.mark.filterwarnings("ignore:.*probability.*:FutureWarning")
@pytest.mark.parametrize("final", ["folds", "refit"])
@pytest.mark.parametrize(
    "student",
    [
        SVC(kernel="precomputed", probability=True),
        NuSVC(nu=0.3, kernel="precomputed", probability=True),
    ],
    ids=lambda each: type(each).__name__,
)
def test_pairs(student, final):
    inputs, y = load_iris(return_X_y=True)
    pairs, weight = inputs @ inputs.T, np.where(np.arange(150) % 7, 1.0, 0.0)
    slr = SLRClassifier(student, n_rounds=1, refinement="posterior", cv=3, final=final)
    slr.set_params(random_state=0).fit(pairs, y, sample_weight=weight)
    assert slr.score(pairs, y) > 0.9
