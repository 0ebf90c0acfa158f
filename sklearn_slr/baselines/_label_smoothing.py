"""Label smoothing: each label is mixed with the uniform distribution."""

from __future__ import annotations

from numbers import Real
from typing import Any

from ..refinement._posterior import smooth
from ..soft_targets._base import BaseTargetClassifier
from ..utils._sklearn import HasMethods, Interval
from ..utils._typing import Estimator, Seed


class LabelSmoothingClassifier(BaseTargetClassifier):
    """Classifier that learns from labels mixed with the uniform distribution.

    The targets are ``(1 - smoothing) * rows + smoothing / C`` [1]_, rows being one-hot for labels.

    Parameters
    ----------
    estimator : estimator, default=None
        Any classifier with `predict_proba`, skorch net, or Pipeline ending in one. None is
        ``LogisticRegression()``. It is trained on class indices 0..C-1, and cloned, never changed.
    smoothing : float in [0, 1), default=0.1
        Share of each label that is spread evenly over all C classes, its own class included.
    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` of the estimator that is None, and skorch nets.

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator.
    soft_labels_ : ndarray of shape (n_samples, C)
        The targets that it was fitted to.
    classes_ : ndarray of shape (C,)
        Class labels, in the order of the columns.
    n_features_in_ : int
        Number of features, if X has features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X has column names.

    See Also
    --------
    SoftTargetClassifier : Learns from soft targets that you give.

    References
    ----------
    .. [1] Szegedy, Vanhoucke, Ioffe, Shlens, Wojna: Rethinking the Inception Architecture for
       Computer Vision, CVPR 2016, section 7.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn_slr.baselines import LabelSmoothingClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> smooth = LabelSmoothingClassifier(GaussianNB(), smoothing=0.3).fit(X, y)
    >>> smooth.soft_labels_[0].round(2).tolist()
    [0.8, 0.1, 0.1]
    """

    _parameter_constraints: dict[str, Any] = {
        "estimator": [HasMethods(["fit"]), None],
        "smoothing": [Interval(Real, 0, 1, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        smoothing: float = 0.1,
        random_state: Seed = None,
    ) -> None:
        self.estimator = estimator
        self.smoothing = smoothing
        self.random_state = random_state

    def _fit_models(self, fit_model, X, observed):
        estimator = self._get_estimator()
        self._check_estimator(estimator, "estimator")
        targets = smooth(observed, self.smoothing)
        return fit_model(estimator, targets), {"soft_labels_": targets}
