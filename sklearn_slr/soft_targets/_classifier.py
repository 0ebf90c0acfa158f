"""SoftTargetClassifier: any classifier learns from probability rows."""

from typing import Any

from ..utils._sklearn import HasMethods
from ..utils._typing import Estimator, Seed
from ._base import BaseTargetClassifier


class SoftTargetClassifier(BaseTargetClassifier):
    """Classifier that learns from probabilities instead of labels.

    Whatever the estimator, it is fitted to the probability rows themselves, by the cheapest way
    that suits it. Most ways are exact: what the estimator minimises or counts is what it would
    minimise or count, were every row repeated once a class and weighted by its probability. Rows
    of certainty give the plain fit.

    Parameters
    ----------
    estimator : estimator, default=None
        Any classifier with `predict_proba`, skorch net, or Pipeline ending in one. None is
        ``LogisticRegression()``. It is trained on class indices 0..C-1, and cloned, never changed.
    route : str, default="auto"
        How it learns. "auto" takes the first way that suits the estimator; "weighted_rows"
        repeats each row once a class, "label_draws" averages models of drawn labels. Labels
        without doubt are fitted plainly under "auto".
    random_state : int, RandomState instance or None, default=None
        Seeds every open `random_state` of the estimator, label draws, and skorch nets.

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator, whose classes are the indices of those columns that hold any mass.
    route_ : str
        The way taken; "hard" where the labels left no doubt.
    classes_ : ndarray of shape (C,)
        Class labels, in the order of the columns.
    n_features_in_ : int
        Number of features, where X has such.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, where X has such.

    See Also
    --------
    SLRClassifier : Finds its soft targets itself.

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

    def _learn(self, task, observed):
        fitted = task.fit(self._inner(), observed, route=self.route)
        return fitted, {"route_": fitted.route}
