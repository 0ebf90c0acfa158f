"""Route of MLPClassifier: its own training loop on probability rows. Exact.

The loop reads its targets as a matrix with a column for each class; only the validation before it
requires labels.
"""

import numpy as np
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.validation import validate_data

from .._fit_params import add_weights, refuse_fit_params
from . import _label_draws


def handles(estimator, targets, sample_weight):
    """Whether `estimator` is an MLPClassifier."""
    return targets.ndim == 2 and type(estimator) is MLPClassifier


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Train the network on the cross-entropy with the probability rows."""
    refuse_fit_params(estimator, fit_params)
    if estimator.early_stopping and targets.shape[1] == 2:
        # For two classes its inner split is stratified, which needs labels.
        return _label_draws.fit(
            estimator,
            X,
            targets,
            sample_weight=sample_weight,
            fit_params=fit_params,
            seed=seed,
        )
    network = _SoftMLP(**estimator.get_params(deep=False))
    network.target_rows = targets[:, 1:] if targets.shape[1] == 2 else targets
    network.fit(X, targets.argmax(axis=1), **add_weights(estimator, {}, sample_weight))
    del network.target_rows
    vars(estimator).update(vars(network))
    return estimator


class _SoftMLP(MLPClassifier):
    """MLPClassifier that trains on `target_rows` and ignores the labels."""

    def _validate_input(self, X, y, incremental, reset):
        X = validate_data(
            self,
            X,
            accept_sparse=["csr", "csc"],
            dtype=(np.float64, np.float32),
            reset=reset,
        )
        n_columns = self.target_rows.shape[1]
        self.classes_ = np.arange(max(2, n_columns))
        self._label_binarizer = LabelBinarizer().fit(self.classes_)
        return X, self.target_rows.astype(X.dtype, copy=False)
