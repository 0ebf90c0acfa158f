"""What `fit_targets` returns."""

from dataclasses import dataclass

import numpy as np

from ..utils._sklearn import get_tags, num_samples
from ._check_predictions import check_codes, check_proba, check_scores
from ._contexts import prediction_context


@dataclass(frozen=True)
class FittedTargets:
    """A fitted estimator that predicts in the columns of the targets it was fitted on.

    Parameters
    ----------
    model : estimator
        The fitted estimator, trained on class indices.
    columns : ndarray of shape (k,) or None
        The target columns that the classes of `model` stand for; None for regression.
    n_classes : int or None
        Number of target columns C.
    route : str
        How the estimator learned from its targets.
    rows : ndarray of int, default=None
        The training rows that it was fitted on, if X is a matrix of pairs; None for all.
    """

    model: object
    columns: np.ndarray | None
    n_classes: int | None
    route: str
    rows: np.ndarray | None = None

    def predict(self, X):
        """Predict probability rows (n_samples, C), or numbers (n_samples,)."""
        X = self._select_pairs(X)
        with prediction_context(self.model):
            if self.columns is None:
                return check_scores(self.model.predict(X), self.model, num_samples(X))
            proba = self.model.predict_proba(X)
        proba = check_proba(proba, self.model, num_samples(X), len(self.columns))
        return self._spread(proba, 0.0)

    def predict_codes(self, X):
        """Predict target columns (n_samples,) by the model's own `predict`."""
        X = self._select_pairs(X)
        with prediction_context(self.model):
            codes = self.model.predict(X)
        return self.columns[check_codes(codes, self.model, num_samples(X), len(self.columns))]

    def decision_function(self, X):
        """Return the model's decision function; classes that it does not know get -inf."""
        X = self._select_pairs(X)
        with prediction_context(self.model):
            scores = np.asarray(self.model.decision_function(X), dtype=np.float64)
        if scores.ndim == 1 and len(self.columns) < self.n_classes:
            scores = np.column_stack([-scores, scores])
        return self._spread(scores, -np.inf)

    def _spread(self, values, fill):
        """Spread the columns of the classes that the model knows over all C columns."""
        if len(self.columns) == self.n_classes:
            return values
        spread = np.full((len(values), self.n_classes), fill)
        spread[:, self.columns] = values
        return spread

    def _select_pairs(self, X):
        """Select from a matrix of pairs the columns of the rows that the model was fitted on."""
        if self.rows is None or not get_tags(self.model).input_tags.pairwise:
            return X
        return X[:, self.rows]
