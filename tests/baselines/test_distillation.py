import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import get_tags

from sklearn_slr import SoftTargetClassifier
from sklearn_slr.baselines import KnowledgeDistillationClassifier, KnowledgeDistillationRegressor

X, y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])
NUMBERS = load_diabetes(return_X_y=True)


class Priest(ClassifierMixin, BaseEstimator):
    """Says the same of every row, and keeps what `fit` was given."""

    def __init__(self, says=(0.64, 0.32, 0.04)):
        self.says = says

    def fit(self, X, y, sample_weight=None, verse=None):
        self.classes_, self.n_rows_, self.verse_ = np.unique(y), len(X), verse
        return self

    def predict_proba(self, X):
        return np.tile(self.says, (len(X), 1))

    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)


def test_the_targets_by_hand():
    # Square roots 0.8, 0.4 sqrt(2), 0.2 over their sum; then half and half with the label.
    roots = np.sqrt([0.64, 0.32, 0.04])
    student = KnowledgeDistillationClassifier(GaussianNB(), teacher=Priest(), temperature=2)
    student.fit(X, NAMES[y])
    np.testing.assert_allclose(
        student.soft_labels_[0], [0.5, 0, 0] + 0.5 * roots / roots.sum(), rtol=1e-12
    )
    assert student.classes_.tolist() == NAMES.tolist()


def test_for_a_softmax_the_temperature_divides_the_logits():
    teacher = LogisticRegression(max_iter=500)
    student = KnowledgeDistillationClassifier(
        GaussianNB(), teacher=teacher, temperature=3, alpha=1
    ).fit(X, y)
    logits = student.teacher_.decision_function(X) / 3
    softened = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(student.soft_labels_, softened, atol=1e-9)


def test_the_teacher_learns_and_predicts_all_rows():
    memory = KNeighborsClassifier(1)
    student = KnowledgeDistillationClassifier(GaussianNB(), teacher=memory, alpha=1).fit(X, y)
    np.testing.assert_array_equal(student.soft_labels_, np.eye(3)[y])


def test_alpha_is_the_weight_of_the_teacher():
    labels = 0.7 * np.eye(3)[y] + 0.1
    model = KnowledgeDistillationClassifier(GaussianNB(), teacher=LogisticRegression(max_iter=500))
    alone = clone(model).set_params(alpha=0).fit(X, labels)
    plain = SoftTargetClassifier(GaussianNB()).fit(X, labels)
    np.testing.assert_array_equal(alone.predict_proba(X), plain.predict_proba(X))
    taught = clone(model).set_params(alpha=1, temperature=1).fit(X, labels)
    np.testing.assert_allclose(taught.soft_labels_, taught.teacher_.predict_proba(X))


def test_without_a_teacher_it_is_the_students_own_kind_with_another_seed():
    student = KnowledgeDistillationClassifier(DecisionTreeClassifier(max_features=1)).fit(X, y)
    assert type(student.teacher_) is DecisionTreeClassifier
    assert student.teacher_.random_state != student.estimator_.random_state


def test_the_seed_decides():
    def labels(seed):
        forest = RandomForestClassifier(5, max_depth=2)
        return KnowledgeDistillationClassifier(forest, random_state=seed).fit(X, y).soft_labels_

    np.testing.assert_array_equal(labels(0), labels(0))
    assert np.any(labels(0) != labels(1))


def test_keywords_are_the_students():
    student = KnowledgeDistillationClassifier(Priest(), teacher=GaussianNB()).fit(X, y, verse=7)
    assert {member.verse_ for _, member in student.estimator_.members} == {7}
    twins = KnowledgeDistillationClassifier(Priest()).fit(X, y, verse=7)
    assert twins.teacher_.verse_ == 7
    spared = KnowledgeDistillationClassifier(Priest(), teacher=Priest()).fit(X, y, verse=7)
    assert spared.teacher_.verse_ is None


def test_rows_of_weight_zero_teach_nothing_and_are_predicted():
    weight = (np.arange(len(y)) % 3 > 0).astype(float)
    student = KnowledgeDistillationClassifier(GaussianNB()).fit(X, y, sample_weight=weight)
    rows = weight > 0
    fewer = KnowledgeDistillationClassifier(GaussianNB()).fit(X[rows], y[rows])
    np.testing.assert_allclose(student.predict_proba(X), fewer.predict_proba(X), rtol=1e-9)
    assert student.soft_labels_.shape == (len(y), 3)


def test_tags_are_those_of_student_and_teacher():
    def inputs(model):
        return get_tags(model).input_tags

    machine = SVC(kernel="precomputed")
    assert inputs(KnowledgeDistillationClassifier(machine, teacher=GaussianNB())).pairwise
    student = KnowledgeDistillationClassifier(DecisionTreeClassifier())
    assert inputs(student).allow_nan
    assert inputs(student).sparse == inputs(DecisionTreeClassifier()).sparse
    student.set_params(teacher=GaussianNB())
    assert not inputs(student).allow_nan
    assert not inputs(student).sparse


def test_matrices_of_pairs():
    X, y = NUMBERS
    X, y, rows = X[:60], y[:60], np.arange(60) % 3 > 0
    model = KnowledgeDistillationRegressor(KernelRidge(kernel="precomputed"), teacher=None)
    weighted = clone(model).fit(X @ X.T, y, sample_weight=rows.astype(float))
    fewer = clone(model).fit(X[rows] @ X[rows].T, y[rows])
    np.testing.assert_allclose(weighted.predict(X @ X.T), fewer.predict(X @ X[rows].T))


def test_numbers_by_hand():
    X, y = np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 1.0, 5.0])
    student = KnowledgeDistillationRegressor(
        DecisionTreeRegressor(), teacher=LinearRegression(), alpha=0.25
    ).fit(X, y)
    # The line of least squares is 2.5 x - 0.5.
    np.testing.assert_allclose(student.soft_labels_, 0.25 * np.array([-0.5, 2.0, 4.5]) + 0.75 * y)
    np.testing.assert_allclose(student.predict(X), student.soft_labels_)


def test_a_linear_student_learns_nothing_new_from_its_own_line():
    X, y = NUMBERS
    student = KnowledgeDistillationRegressor(LinearRegression()).fit(X, y)
    plain = LinearRegression().fit(X, y)
    np.testing.assert_allclose(student.predict(X), plain.predict(X))
    assert student.score(X, y) == pytest.approx(plain.score(X, y))


def test_numbers_with_weights_and_seed():
    X, y = NUMBERS
    weight = np.random.default_rng(0).integers(0, 3, len(y))
    model = KnowledgeDistillationRegressor(Ridge())
    weighted = clone(model).fit(X, y, sample_weight=weight)
    repeated = clone(model).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X))
    forest = KnowledgeDistillationRegressor(RandomForestRegressor(3), random_state=0)
    np.testing.assert_array_equal(
        clone(forest).fit(X, y).predict(X), clone(forest).fit(X, y).predict(X)
    )


def test_errors():
    with pytest.raises(ValueError, match="alpha"):
        KnowledgeDistillationClassifier(alpha=1.5).fit(X, y)
    with pytest.raises(ValueError, match="temperature"):
        KnowledgeDistillationClassifier(temperature=0).fit(X, y)
    with pytest.raises(TypeError, match="teacher is the regressor Ridge"):
        KnowledgeDistillationClassifier(teacher=Ridge()).fit(X, y)
    with pytest.raises(TypeError, match="teacher is the classifier GaussianNB"):
        KnowledgeDistillationRegressor(teacher=GaussianNB()).fit(*NUMBERS)
    with pytest.raises(TypeError, match="estimator is the classifier GaussianNB"):
        KnowledgeDistillationRegressor(GaussianNB()).fit(*NUMBERS)
