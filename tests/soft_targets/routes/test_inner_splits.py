import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import KFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC
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
