"""SoftTargetClassifier: any classifier learns from probability rows."""

import copy

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from ..utils._estimators import rename_class_weights
from ..utils._inputs import as_indexable, check_lengths
from ..utils._labels import as_array, encode_known_labels, encode_labels
from ..utils._nets import final_step
from ..utils._routing import check_weight, make_router
from ..utils._sklearn import (
    HasMethods,
    _fit_context,
    get_tags,
    process_routing,
    routing_enabled,
)
from ._door import fit_targets


def _decides(self):
    return hasattr(getattr(self, "estimator_", self._inner()), "decision_function")


class SoftTargetClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
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
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names, where X has such.

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

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit"]), None],
        "route": [str],
        "random_state": ["random_state"],
    }

    def __init__(self, estimator=None, *, route="auto", random_state=None):
        self.estimator = estimator
        self.route = route
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, **fit_params):
        """Fit the estimator to probability rows or labels.

        Parameters
        ----------
        X : indexable of length n_samples
            Whatever the estimator takes.
        y : array-like of shape (n_samples, C) or (n_samples,)
            Probability rows, non-negative and summing to 1, whose classes are a DataFrame's
            columns, else 0..C-1; or labels of any sortable kind.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights that multiply the rows; rows of weight zero are left out.
        **fit_params : dict
            Keywords of the estimator's `fit`; arrays of length n_samples follow the rows. With
            metadata routing enabled they are routed.

        Returns
        -------
        self
            The fitted estimator.
        """
        given, X = X, as_indexable(X)
        labels = encode_labels(y)
        n_samples = check_lengths(X, y=y, sample_weight=sample_weight)
        sample_weight = check_weight(sample_weight, n_samples)
        if routing_enabled():
            fit_params = dict(process_routing(self, "fit", **fit_params)["estimator"]["fit"])
        fitted = fit_targets(
            rename_class_weights(clone(self._inner()), labels.classes),
            X,
            labels.rows,
            sample_weight=sample_weight,
            fit_params=fit_params,
            seed=int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max)),
            route=self.route,
        )
        if not hasattr(fitted.model, "predict_proba"):
            kind = type(final_step(fitted.model)).__name__
            raise TypeError(
                f"estimator is {kind}, which has no predict_proba: wrap it, as "
                f"CalibratedClassifierCV({kind}()), or choose a probabilistic classifier."
            )
        validate_data(self, given, skip_check_array=True)
        self._fitted = fitted
        self.estimator_, self.route_ = fitted.model, fitted.route
        self.classes_ = labels.classes
        return self

    def predict(self, X):
        """Predict the class of each row.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples,)
            Class labels.
        """
        codes = self._checked().classify(as_indexable(X))
        return self.classes_[codes]

    def predict_proba(self, X):
        """Predict the probability of each class.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples, C)
            Probabilities, columns in the order of `classes_`.
        """
        return self._checked().predict(as_indexable(X))

    def predict_log_proba(self, X):
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples, C)
            Log-probabilities; -inf where the probability is zero.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    @available_if(_decides)
    def decision_function(self, X):
        """Return the estimator's decision function.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, C)
            Scores, columns in the order of `classes_`.
        """
        return self._checked().decide(as_indexable(X))

    def score(self, X, y, sample_weight=None):
        """Return the accuracy.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, C)
            True labels, or probability rows whose argmax counts.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        float
            Share of rows predicted right.
        """
        predicted = self.predict(X)
        labels = as_array(y, name="y")
        if labels.ndim == 2 and labels.shape[1] > 1:
            y = self.classes_[encode_known_labels(y, self.classes_, name="y")]
        return accuracy_score(y, predicted, sample_weight=sample_weight)

    def get_metadata_routing(self):
        """Get the metadata routing: `estimator` for fit.

        Returns
        -------
        MetadataRouter
            The routing of this meta-estimator.
        """
        return make_router(self, self._inner())

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self._inner())
        tags.input_tags = copy.deepcopy(inner.input_tags)
        tags.non_deterministic = inner.non_deterministic
        if inner.classifier_tags is not None:
            tags.classifier_tags.multi_class = inner.classifier_tags.multi_class
            tags.classifier_tags.poor_score = inner.classifier_tags.poor_score
        return tags

    def _inner(self):
        return LogisticRegression() if self.estimator is None else self.estimator

    def _checked(self):
        check_is_fitted(self)
        return self._fitted
