import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 (makes the import work)
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.linear_model import LogisticRegression, Perceptron, SGDClassifier
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from sklearn_slr.soft_targets.routes import _weighted_rows

X = np.arange(6.0)[:, None]
P = np.array([[1, 0], [0.8, 0.2], [0.5, 0.5], [0.3, 0.7], [0.2, 0.8], [0, 1]], dtype=float)


class Recorder(DecisionTreeClassifier):
    def fit(self, X, y, sample_weight=None, extra=None):
        self.seen = (np.asarray(X)[:, 0], y, sample_weight, extra)
        return super().fit(X, y, sample_weight=sample_weight)


def fit(estimator, weight=None, **fit_params):
    return _weighted_rows.fit(estimator, X, P, sample_weight=weight, fit_params=fit_params, seed=0)


def test_a_copy_for_every_class_of_positive_probability():
    weight = np.arange(1.0, 7.0)
    rows, labels, weights, extra = fit(Recorder(), weight, extra=np.arange(6)).seen
    assert rows.tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5]
    assert labels.tolist() == [0, 0, 1, 0, 1, 0, 1, 0, 1, 1]
    np.testing.assert_allclose(weights, (P * weight[:, None])[P > 0])
    assert list(extra) == rows.tolist()


def test_balanced_classes_have_equal_weight():
    _, labels, weights, _ = fit(Recorder(class_weight="balanced")).seen
    assert weights[labels == 0].sum() == pytest.approx(weights[labels == 1].sum())
    assert weights.sum() == pytest.approx(6)


def test_balanced_classes_with_counts_of_rows():
    rows, _, weights, _ = fit(Recorder(class_weight="balanced", min_samples_leaf=2)).seen
    assert len(rows) == 12
    assert weights.sum() == pytest.approx(6)


@pytest.mark.parametrize(
    "tree",
    [
        DecisionTreeClassifier(min_samples_leaf=20, criterion="entropy"),
        DecisionTreeClassifier(min_samples_split=60, criterion="entropy"),
        ExtraTreesClassifier(2, min_samples_leaf=20, criterion="entropy"),
        GradientBoostingClassifier(n_estimators=2, min_samples_leaf=20),
    ],
    ids=str,
)
@pytest.mark.parametrize("targets", ["soft", "hard"])
def test_copies_are_not_counted_as_rows(tree, targets):
    """Whether a row has copies or not: as many rows are in a leaf, or in a node that is split."""
    rng = np.random.default_rng(0)
    inputs, soft = rng.normal(size=(200, 3)), rng.dirichlet(np.ones(3), 200)
    if targets == "hard":
        soft[:150] = np.eye(3)[soft[:150].argmax(axis=1)]
    options = {"sample_weight": None, "fit_params": {}, "seed": 0}
    model = _weighted_rows.fit(tree.set_params(random_state=0), inputs, soft, **options)
    grown = np.ravel(getattr(model, "estimators_", model))
    for each in grown:
        inner = each.tree_.children_left >= 0
        reached = np.asarray(each.decision_path(inputs).sum(axis=0)).ravel()
        assert inner.any()
        if tree.min_samples_leaf > 1:
            assert reached[~inner].min() >= 20
        assert reached[inner].min() >= 40
    assert model.get_params() == tree.get_params()


def test_lightgbm_counts_rows():
    lightgbm = pytest.importorskip("lightgbm")
    rng = np.random.default_rng(0)
    inputs, soft = rng.normal(size=(200, 3)), rng.dirichlet(np.ones(3), 200)
    booster = lightgbm.LGBMClassifier(
        n_estimators=2, min_child_samples=30, boosting_type="dart", verbose=-1, n_jobs=1
    )
    options = {"sample_weight": None, "fit_params": {}, "seed": 0}
    model = _weighted_rows.fit(booster, inputs, soft, **options)
    leaves = model.predict(inputs, pred_leaf=True)
    assert min(np.unique(column, return_counts=True)[1].min() for column in leaves.T) >= 30
    assert model.min_child_samples == 30


SEARCHED = {"min_samples_leaf": [1, 20]}


@pytest.mark.parametrize(
    "estimator",
    [
        AdaBoostClassifier(),
        AdaBoostClassifier(KNeighborsClassifier()),
        BaggingClassifier(KNeighborsClassifier()),
        CalibratedClassifierCV(CalibratedClassifierCV(SGDClassifier())),
        CalibratedClassifierCV(KNeighborsClassifier()),
        CalibratedClassifierCV(LinearSVC(class_weight="balanced")),
        DecisionTreeClassifier(class_weight="balanced_subsample"),
        GaussianProcessClassifier(),
        GradientBoostingClassifier(init=SGDClassifier(loss="log_loss")),
        GradientBoostingClassifier(n_iter_no_change=3),
        GridSearchCV(DecisionTreeClassifier(), SEARCHED),
        HalvingGridSearchCV(LogisticRegression(), {"C": [1, 2]}),
        KNeighborsClassifier(),
        MLPClassifier(early_stopping=True),
        Perceptron(),
        RandomForestClassifier(criterion="entropy"),
        RandomizedSearchCV(DecisionTreeClassifier(), [SEARCHED]),
        SGDClassifier(),
        SGDClassifier(loss="log_loss", early_stopping=True),
        SVC(),
    ],
    ids=str,
)
def test_what_is_left_to_others(estimator):
    assert not _weighted_rows.handles(estimator, np.eye(2), None)


@pytest.mark.parametrize(
    "estimator",
    [
        CalibratedClassifierCV(FrozenEstimator(SGDClassifier())),
        CalibratedClassifierCV(LinearSVC(class_weight={0: 2})),
        DecisionTreeClassifier(class_weight="balanced"),
        Recorder(),
        ExtraTreesClassifier(criterion="entropy"),
        GradientBoostingClassifier(),
        GradientBoostingClassifier(init=LogisticRegression()),
        GridSearchCV(LogisticRegression(), {"C": [1, 2]}),
        LinearSVC(),
        LogisticRegression(),
    ],
    ids=str,
)
def test_what_adds_up_weighted_rows(estimator):
    assert _weighted_rows.handles(estimator, np.eye(2), None)
