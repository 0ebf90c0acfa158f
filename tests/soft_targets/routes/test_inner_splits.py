import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import AdaBoostClassifier
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, SGDClassifier
from sklearn.model_selection import KFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from sklearn_slr.soft_targets import SoftTargetClassifier
from sklearn_slr.soft_targets.routes import _inner_splits

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4))
P = RNG.dirichlet(np.ones(3), 120)
# What scikit-learn 1.8 began to warn of, where it is left at its default.
IS_NEW = hasattr(LogisticRegressionCV(), "use_legacy_attributes")
SPELLING = {"l1_ratios": (0,), "use_legacy_attributes": False} if IS_NEW else {}


def test_copies_of_a_row_stay_together():
    targets = np.array([[0.5, 0.5, 0], [0, 1, 0], [0.2, 0.3, 0.5], [1, 0, 0]])
    splits = [([0, 2], [1, 3]), ([1, 3], [0, 2])]
    rows = np.nonzero(targets)[0]
    for (train, test), (train_copies, test_copies) in zip(
        splits, _inner_splits.split_copies(splits, targets), strict=True
    ):
        assert sorted(set(rows[train_copies])) == train
        assert sorted(set(rows[test_copies])) == test
        assert len(train_copies) + len(test_copies) == len(rows)
    codes = targets.argmax(axis=1)
    scored = _inner_splits.split_copies(splits, targets, codes)
    assert [len(test) for _, test in scored] == [2, 2]


def test_no_leak_between_copies():
    """A tree that remembers rows would look certain on their copies."""
    model = SoftTargetClassifier(CalibratedClassifierCV(DecisionTreeClassifier(random_state=0)))
    model.fit(X, P)
    assert model.route_ == "inner_splits"
    assert model.predict_proba(X).std(axis=0).max() < 0.2


@pytest.mark.parametrize(
    "estimator",
    [
        CalibratedClassifierCV(LinearSVC(), cv=3),
        CalibratedClassifierCV(GaussianNB(), cv=KFold(3), ensemble=False),
        LogisticRegressionCV(Cs=2, cv=3, scoring="neg_log_loss", **SPELLING),
    ],
    ids=lambda each: type(each).__name__,
)
def test_one_hot_rows_are_labels(estimator):
    y = P.argmax(axis=1)
    soft = SoftTargetClassifier(estimator, route="inner_splits", random_state=0)
    soft.fit(X, np.eye(3)[y])
    plain = SoftTargetClassifier(estimator, random_state=0).fit(X, y)
    np.testing.assert_allclose(soft.predict_proba(X), plain.predict_proba(X), atol=1e-6)


def test_what_is_left_to_others():
    assert not _inner_splits.handles(
        CalibratedClassifierCV(KNeighborsClassifier()), np.eye(2), None
    )
    assert not _inner_splits.handles(LogisticRegression(), np.eye(2), None)
    for unknown in (SGDClassifier(), SVC(), AdaBoostClassifier()):
        assert not _inner_splits.handles(CalibratedClassifierCV(unknown), np.eye(2), None)


def test_counts_of_rows_inside():
    """Rows without doubt have copies, too: three rows of each leaf are nine copies."""
    rows = P.copy()
    rows[:60] = np.eye(3)[rows[:60].argmax(axis=1)]
    tree = DecisionTreeClassifier(criterion="entropy", min_samples_leaf=15, random_state=0)
    soft = SoftTargetClassifier(CalibratedClassifierCV(tree, cv=KFold(2))).fit(X, rows)
    assert soft.route_ == "inner_splits"
    for half, (train, _) in zip(
        soft.estimator_.calibrated_classifiers_, KFold(2).split(X), strict=True
    ):
        leaves = np.unique(half.estimator.apply(X[train]), return_counts=True)[1]
        assert len(leaves) > 1
        assert leaves.min() >= 15


def test_other_packages_that_split_rows_get_one_label_per_row():
    mlxtend = pytest.importorskip("mlxtend.classifier")
    stack = mlxtend.StackingCVClassifier(
        classifiers=[KNeighborsClassifier(), GaussianNB()],
        meta_classifier=LogisticRegression(),
        use_probas=True,
        random_state=0,
    )
    soft = SoftTargetClassifier(stack, random_state=0).fit(X, P)
    assert soft.route_ == "label_draws"
    assert soft.predict_proba(X).shape == (120, 3)
