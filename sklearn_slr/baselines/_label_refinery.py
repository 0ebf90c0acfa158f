"""Label refinery: each model learns from the predictions of the model before it."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from ..soft_targets._base import BaseTargetClassifier
from ..utils._sklearn import HasMethods, Interval
from ..utils._typing import Estimator, Seed
from ._base import BaseTargetRegressor

_CONSTRAINTS = {
    "estimator": [HasMethods(["fit"]), None],
    "n_rounds": [Interval(Integral, 0, None, closed="left")],
    "random_state": ["random_state"],
}


class _LabelRefinery:
    """The fits of all rounds, for classes and for numbers."""

    def _fit_models(self, fit_model, X, observed):
        estimator, targets = self._get_estimator(), observed
        self._check_estimator(estimator, "estimator")
        for round in range(1, self.n_rounds + 1):
            targets = fit_model(estimator, targets, key=(round,)).predict(X)
        return fit_model(estimator, targets), {"soft_labels_": targets}


class LabelRefineryClassifier(_LabelRefinery, BaseTargetClassifier):
    """Classifier that learns from in-sample predictions of the model before it.

    A model is fitted to the labels. Its predictions for its own training rows replace them, a
    fresh model is fitted to these, and so on [1]_. Unlike `SLRClassifier` it has no folds and no
    average with the observed labels, so that later models learn what earlier models memorised.

    Parameters
    ----------
    estimator : estimator, default=None
        Any classifier with `predict_proba`, skorch net, or Pipeline ending in one. None is
        ``LogisticRegression()``. It is trained on class indices 0..C-1, and cloned, never changed.
    n_rounds : int, default=3
        How often predictions replace the labels; 0 is the plain estimator.
    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` of the models that is None, and skorch nets, anew in each round.

    Attributes
    ----------
    estimator_ : estimator
        The last model.
    soft_labels_ : ndarray of shape (n_samples, C)
        The targets that it was fitted to: the predictions of the model before it.
    classes_ : ndarray of shape (C,)
        Class labels, in the order of the columns.
    n_features_in_ : int
        Number of features, if X has features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X has column names.

    See Also
    --------
    SLRClassifier : Refines out of fold, and keeps part of the observed labels.

    Notes
    -----
    For images the source predicts each random crop when it is drawn. Here a row has one label per
    round, predicted from the row as it is.

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


class LabelRefineryRegressor(_LabelRefinery, BaseTargetRegressor):
    """Regressor that learns from in-sample predictions of the model before it.

    A model is fitted to the targets. Its predictions for its own training rows replace them, a
    fresh model is fitted to these, and so on. This is the label refinery [1]_ for numbers. The
    paper on SLR compares with it on DeepDRiD.

    Parameters
    ----------
    estimator : estimator, default=None
        Any regressor, skorch net, or Pipeline ending in one. None is ``Ridge()`` with a tiny
        tolerance. It is cloned, never changed.
    n_rounds : int, default=3
        How often predictions replace the targets; 0 is the plain estimator.
    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` of the models that is None, and skorch nets, anew in each round.

    Attributes
    ----------
    estimator_ : estimator
        The last model.
    soft_labels_ : ndarray of shape (n_samples,)
        The targets that it was fitted to: the predictions of the model before it.
    n_features_in_ : int
        Number of features, if X has features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X has column names.

    See Also
    --------
    SLRRegressor : Refines out of fold, and keeps part of the observed targets.

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
