"""SoftTargetClassifier: any classifier learns from probability rows."""

from __future__ import annotations

from typing import Any

from ..utils._sklearn import HasMethods
from ..utils._typing import Estimator, Seed
from ._base import BaseTargetClassifier


class SoftTargetClassifier(BaseTargetClassifier):
    """Classifier that learns from probabilities instead of labels.

    Any estimator is fitted to the probability rows themselves, by the cheapest route that suits it.
    Most routes are exact: the estimator minimises or counts what it would minimise or count if
    each row were repeated once per class and weighted by its probability. Rows of zeros and ones
    give the plain fit.

    Parameters
    ----------
    estimator : estimator, default=None
        Any classifier with `predict_proba`, skorch net, or Pipeline ending in one. None is
        ``LogisticRegression()``. It is trained on class indices 0..C-1, and cloned, never changed.
    route : str, default="auto"
        How it learns. "auto" takes the first route that suits the estimator; "weighted_rows"
        repeats each row once per class; "label_draws" averages models of drawn labels. Under
        "auto", labels without doubt give the estimator's plain fit.
    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` of the estimator that is None, label draws, and skorch nets.

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator; its classes are the indices of the columns that are not all zero.
    route_ : str
        The route taken; "hard" if the labels leave no doubt.
    classes_ : ndarray of shape (C,)
        Class labels, in the order of the columns.
    n_features_in_ : int
        Number of features, if X has features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X has column names.

    See Also
    --------
    SLRClassifier : Estimates soft targets from the labels.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklearn_slr.soft_targets import SoftTargetClassifier
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.2, 0.8]])
    >>> soft = SoftTargetClassifier(DecisionTreeClassifier(max_depth=1)).fit(X, probabilities)
    >>> soft.predict_proba([[0.4]]).round(2).tolist(), soft.route_
    ([[0.8, 0.2]], 'trees')
    """

    _parameter_constraints: dict[str, Any] = {
        "estimator": [HasMethods(["fit"]), None],
        "route": [str],
        "random_state": ["random_state"],
    }

    def __init__(
        self, estimator: Estimator | None = None, *, route: str = "auto", random_state: Seed = None
    ) -> None:
        self.estimator = estimator
        self.route = route
        self.random_state = random_state

    def _fit_models(self, fit_model, X, observed):
        fitted = fit_model(self._get_estimator(), observed, route=self.route)
        return fitted, {"route_": fitted.route}
