"""Knowledge distillation: a student learns from labels and a teacher's predictions."""

from __future__ import annotations

from numbers import Real
from typing import Any

from ..refinement._posterior import sharpen
from ..soft_targets._base import BaseTargetClassifier
from ..utils._sklearn import HasMethods, Interval, get_tags
from ..utils._typing import Estimator, Seed
from ._base import BaseTargetRegressor

_CONSTRAINTS = {
    "estimator": [HasMethods(["fit"]), None],
    "teacher": [HasMethods(["fit"]), None],
    "alpha": [Interval(Real, 0, 1, closed="both")],
    "random_state": ["random_state"],
}


class _Distillation:
    """The fit of teacher and student, for classes and for numbers."""

    def _fit_models(self, fit_model, X, observed):
        student = self._get_estimator()
        teacher = student if self.teacher is None else self.teacher
        # The keywords of `fit` are the student's; a teacher of another kind may not know them.
        options = {} if self.teacher is None else {"fit_params": None}
        self._check_estimator(student, "estimator")
        self._check_estimator(teacher, "teacher")
        fitted_teacher = fit_model(teacher, observed, key=(1,), **options)
        softened = self._soften(fitted_teacher.predict(X))
        targets = self.alpha * softened + (1 - self.alpha) * observed
        learned = {"teacher_": fitted_teacher.model, "soft_labels_": targets}
        return fit_model(student, targets), learned

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if self.teacher is not None:
            inputs = get_tags(self.teacher).input_tags
            tags.input_tags.sparse &= inputs.sparse
            tags.input_tags.allow_nan &= inputs.allow_nan
        return tags


class KnowledgeDistillationClassifier(_Distillation, BaseTargetClassifier):
    """Classifier that learns from labels and from a teacher's softened predictions.

    A teacher is fitted to all rows, and predicts the same rows. The student's targets are
    ``alpha * softened + (1 - alpha) * rows`` [1]_, where softened is proportional to the teacher's
    ``P ** (1 / temperature)`` and rows are one-hot for labels. For a softmax this divides the
    logits by the temperature.

    Parameters
    ----------
    estimator : estimator, default=None
        The student: any classifier with `predict_proba`, skorch net, or Pipeline ending in one.
        None is ``LogisticRegression()``. It is trained on class indices 0..C-1, and cloned, never
        changed.
    teacher : estimator, default=None
        Another such classifier. None is a clone of the student, with another seed.
    temperature : float > 0, default=2.0
        Above 1 flattens the teacher's predictions, so that the order of the less probable classes
        matters more; 1 leaves them unchanged.
    alpha : float in [0, 1], default=0.5
        Weight of the teacher; 0 uses the labels alone, 1 ignores them.
    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` of teacher and student that is None, and skorch nets.

    Attributes
    ----------
    estimator_ : estimator
        The fitted student.
    teacher_ : estimator
        The fitted teacher.
    soft_labels_ : ndarray of shape (n_samples, C)
        The targets that the student was fitted to.
    classes_ : ndarray of shape (C,)
        Class labels, in the order of the columns.
    n_features_in_ : int
        Number of features, if X has features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X has column names.

    See Also
    --------
    SLRClassifier : Its teachers predict rows that they were not trained on.

    Notes
    -----
    In the source the student, too, divides its logits by the temperature while it learns from the
    teacher, which only a net can do. Here it learns the softened targets as they are, so that its
    probabilities are flatter.

    The keywords of `fit` are the student's. A teacher gets them only if it is a clone of the
    student.

    References
    ----------
    .. [1] Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, arXiv 1503.02531,
       2015.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklearn_slr.baselines import KnowledgeDistillationClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> student = KnowledgeDistillationClassifier(
    ...     DecisionTreeClassifier(max_depth=3),
    ...     teacher=RandomForestClassifier(min_samples_leaf=5), random_state=0,
    ... ).fit(X, y)
    >>> student.score(X, y) > 0.95, student.soft_labels_.shape
    (True, (150, 3))
    """

    _parameter_constraints: dict[str, Any] = {
        **_CONSTRAINTS,
        "temperature": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        teacher: Estimator | None = None,
        temperature: float = 2.0,
        alpha: float = 0.5,
        random_state: Seed = None,
    ) -> None:
        self.estimator = estimator
        self.teacher = teacher
        self.temperature = temperature
        self.alpha = alpha
        self.random_state = random_state

    def _soften(self, predictions):
        return sharpen(predictions, self.temperature)


class KnowledgeDistillationRegressor(_Distillation, BaseTargetRegressor):
    """Regressor that learns from targets and from a teacher's predictions.

    A teacher is fitted to all rows, and predicts the same rows. The student's targets are
    ``alpha * prediction + (1 - alpha) * y``. This is knowledge distillation [1]_ for numbers,
    which have no temperature. The paper on SLR compares with it on DeepDRiD.

    Parameters
    ----------
    estimator : estimator, default=None
        The student: any regressor, skorch net, or Pipeline ending in one. None is ``Ridge()``
        with a tiny tolerance. It is cloned, never changed.
    teacher : estimator, default=None
        Another such regressor. None is a clone of the student, with another seed.
    alpha : float in [0, 1], default=0.5
        Weight of the teacher; 0 uses the observed targets alone, 1 ignores them.
    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` of teacher and student that is None, and skorch nets.

    Attributes
    ----------
    estimator_ : estimator
        The fitted student.
    teacher_ : estimator
        The fitted teacher.
    soft_labels_ : ndarray of shape (n_samples,)
        The targets that the student was fitted to.
    n_features_in_ : int
        Number of features, if X has features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X has column names.

    See Also
    --------
    SLRRegressor : Its teachers predict rows that they were not trained on.

    Notes
    -----
    The keywords of `fit` are the student's. A teacher gets them only if it is a clone of the
    student.

    References
    ----------
    .. [1] Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, arXiv 1503.02531,
       2015.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from sklearn_slr.baselines import KnowledgeDistillationRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> forest = RandomForestRegressor(20, min_samples_leaf=5)
    >>> student = KnowledgeDistillationRegressor(teacher=forest, random_state=0).fit(X, y)
    >>> bool(student.soft_labels_.std() < y.std())
    True
    """

    _parameter_constraints: dict[str, Any] = _CONSTRAINTS

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        teacher: Estimator | None = None,
        alpha: float = 0.5,
        random_state: Seed = None,
    ) -> None:
        self.estimator = estimator
        self.teacher = teacher
        self.alpha = alpha
        self.random_state = random_state

    def _soften(self, predictions):
        return predictions
