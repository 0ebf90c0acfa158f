"""Vanilla label refinery: each model learns from what the one before says of its training rows."""

from numbers import Integral
from typing import Any

from ..soft_targets._base import BaseTargetClassifier
from ..utils._estimators import check_classifier, check_regressor
from ..utils._sklearn import HasMethods, Interval
from ..utils._typing import Estimator, Seed
from ._base import BaseTargetRegressor

_CONSTRAINTS = {
    "estimator": [HasMethods(["fit"]), None],
    "n_rounds": [Interval(Integral, 0, None, closed="left")],
    "random_state": ["random_state"],
}


class LabelRefineryClassifier(BaseTargetClassifier):
    """Classifier that learns from in-sample predictions of its predecessor.

    A model is fitted to the labels; its predictions for its own training rows replace them, and
    a fresh model is fitted to these; and so on [1]_. Unlike `SLRClassifier` it has no folds and no
    average with the labels given, so that what a model has learned by heart is handed on.

    Parameters
    ----------
    estimator : estimator, default=None
        Any classifier with `predict_proba`, skorch net, or Pipeline ending in one. None is
        ``LogisticRegression()``. It is trained on class indices 0..C-1, and cloned, never changed.
    n_rounds : int, default=3
        How often predictions replace the labels; 0 is the plain estimator.
    random_state : int, RandomState instance or None, default=None
        Seeds every open `random_state` of the models, and skorch nets, anew in each round.

    Attributes
    ----------
    estimator_ : estimator
        The last model.
    soft_labels_ : ndarray of shape (n_samples, C)
        The targets that it learned: the predictions of the model before.
    classes_ : ndarray of shape (C,)
        Class labels, in the order of the columns.
    n_features_in_ : int
        Number of features, where X has such.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, where X has such.

    See Also
    --------
    SLRClassifier : Refines out of fold, and keeps part of the labels given.

    Notes
    -----
    For images the source predicts a random crop anew whenever it is seen; here a row has one
    label a round, predicted from the row as it is.

    References
    ----------
    .. [1] Bagherinezhad, Horton, Rastegari, Farhadi: Label Refinery: Improving ImageNet
       Classification through Label Progression, arXiv 1805.02641, 2018.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_slr.baselines import LabelRefineryClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> refinery = LabelRefineryClassifier(KNeighborsClassifier(15), n_rounds=2).fit(X, y)
    >>> refinery.soft_labels_[70].round(2).tolist()
    [0.0, 0.53, 0.47]
    """

    _parameter_constraints: dict[str, Any] = _CONSTRAINTS

    def __init__(
        self, estimator: Estimator | None = None, *, n_rounds: int = 3, random_state: Seed = None
    ) -> None:
        self.estimator = estimator
        self.n_rounds = n_rounds
        self.random_state = random_state

    def _learn(self, task, observed):
        check_classifier(self._inner(), "estimator")
        return _refine(task, self._inner(), observed, self.n_rounds)


class LabelRefineryRegressor(BaseTargetRegressor):
    """Regressor that learns from in-sample predictions of its predecessor.

    A model is fitted to the targets; its predictions for its own training rows replace them, and
    a fresh model is fitted to these; and so on: the label refinery [1]_ for numbers, with which
    the paper on SLR compares on DeepDRiD.

    Parameters
    ----------
    estimator : estimator, default=None
        Any regressor, skorch net, or Pipeline ending in one. None is ``Ridge()``, solved to the
        last digits. It is cloned, never changed.
    n_rounds : int, default=3
        How often predictions replace the targets; 0 is the plain estimator.
    random_state : int, RandomState instance or None, default=None
        Seeds every open `random_state` of the models, and skorch nets, anew in each round.

    Attributes
    ----------
    estimator_ : estimator
        The last model.
    soft_labels_ : ndarray of shape (n_samples,)
        The targets that it learned: the predictions of the model before.
    n_features_in_ : int
        Number of features, where X has such.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, where X has such.

    See Also
    --------
    SLRRegressor : Refines out of fold, and keeps part of the targets given.

    References
    ----------
    .. [1] Bagherinezhad, Horton, Rastegari, Farhadi: Label Refinery: Improving ImageNet
       Classification through Label Progression, arXiv 1805.02641, 2018.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_slr.baselines import LabelRefineryRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> refinery = LabelRefineryRegressor(n_rounds=2).fit(X, y)
    >>> bool(refinery.soft_labels_.std() < y.std())
    True
    """

    _parameter_constraints: dict[str, Any] = _CONSTRAINTS

    def __init__(
        self, estimator: Estimator | None = None, *, n_rounds: int = 3, random_state: Seed = None
    ) -> None:
        self.estimator = estimator
        self.n_rounds = n_rounds
        self.random_state = random_state

    def _learn(self, task, observed):
        check_regressor(self._inner(), "estimator")
        return _refine(task, self._inner(), observed, self.n_rounds)


def _refine(task, estimator, targets, n_rounds):
    for round in range(1, n_rounds + 1):
        targets = task.fit(estimator, targets, address=(round,)).predict(task.X)
    return task.fit(estimator, targets), {"soft_labels_": targets}
