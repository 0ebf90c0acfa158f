"""Route of HistGradientBoostingClassifier: its own boosting, with the loss against rows. Exact.

Trees only see gradients and hessians, and those of the cross-entropy with a probability row are
sums over its classes. X is binned once, uncopied and unweighted, and C trees are grown in each
iteration, as for hard labels.
"""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from .._class_weight import apply_class_weight
from . import _weighted_rows


def handles(estimator, targets, sample_weight):
    """Whether `estimator` boosts on the log-loss, and early stopping, if any, uses the loss."""
    return (
        targets.ndim == 2
        and type(estimator) is HistGradientBoostingClassifier
        and estimator.loss == "log_loss"
        and (estimator.scoring == "loss" or estimator.early_stopping is False)
    )


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Boost on the cross-entropy with the probability rows."""
    if fit_params:
        # A validation set that the user gives has labels, which a loss against rows cannot read.
        return _weighted_rows.fit(
            estimator,
            X,
            targets,
            sample_weight=sample_weight,
            fit_params=fit_params,
            seed=seed,
        )
    rows, weights = apply_class_weight(
        targets, sample_weight, estimator.class_weight, counts_weighted=False
    )
    params = {**estimator.get_params(deep=False), "class_weight": None}
    booster = _SoftHistGradientBoosting(**params)
    booster.target_rows = rows
    booster.fit(X, np.arange(len(rows)), sample_weight=weights)
    learned = {
        name: value for name, value in vars(booster).items() if name not in {*params, "target_rows"}
    }
    vars(estimator).update(learned)
    estimator._loss = booster.label_loss
    del estimator.label_loss
    return estimator


class _SoftHistGradientBoosting(HistGradientBoostingClassifier):
    """HistGradientBoostingClassifier fitted on row numbers, whose loss looks up the rows.

    After the inner train-validation split, the row numbers tell which rows are in which set.
    """

    def _encode_y(self, y):
        n_classes = self.target_rows.shape[1]
        self.classes_ = np.arange(n_classes)
        self.n_trees_per_iteration_ = 1 if n_classes == 2 else n_classes
        return y.astype(np.float64)

    def _get_loss(self, sample_weight):
        self.label_loss = super()._get_loss(sample_weight)
        return _SoftLoss(self.label_loss, self.target_rows)


class _SoftLoss:
    """Cross-entropy with probability rows, computed from scikit-learn's loss on labels.

    Parameters
    ----------
    label_loss : HalfBinomialLoss or HalfMultinomialLoss
        The loss on labels. The first takes probabilities as they are. The second is called with
        each row's most probable class; then the terms that are linear in the targets are corrected.
    rows : ndarray of shape (n_samples, k)
        Probability rows; every method gets row numbers as `y_true`.
    """

    # Attributes that scikit-learn reads. Without `predict_proba` the split is not stratified.
    constant_hessian = False
    differentiable = True

    def __init__(self, label_loss, rows):
        self.label_loss = label_loss
        self.link = label_loss.link
        self.init_gradient_and_hessian = label_loss.init_gradient_and_hessian
        self.rows = rows
        codes = rows.argmax(axis=1)
        self.codes = codes.astype(np.float64)
        # Each tree reads one class, so classes are contiguous. For one-hot rows this is zero.
        self.correction = np.asfortranarray(np.eye(rows.shape[1])[codes] - rows)

    def _select(self, array, row_numbers):
        return array if len(row_numbers) == len(array) else array[row_numbers.astype(np.intp)]

    def fit_intercept_only(self, y_true, sample_weight=None):
        """Return the scores of a model without features."""
        rows = self._select(self.rows, y_true)
        if rows.shape[1] == 2:
            return self.label_loss.fit_intercept_only(rows[:, 1], sample_weight)
        prior = np.average(rows, weights=sample_weight, axis=0)
        eps = np.finfo(np.float64).eps
        return self.link.link(np.clip(prior, eps, 1 - eps)[None, :]).reshape(-1)

    def gradient_hessian(self, *, y_true, raw_prediction, sample_weight, **buffers):
        """Fill `gradient_out` and `hessian_out`."""
        if self.rows.shape[1] == 2:
            positive = np.ascontiguousarray(self._select(self.rows, y_true)[:, 1])
            return self.label_loss.gradient_hessian(
                positive, raw_prediction, sample_weight, **buffers
            )
        codes, correction = self._select(self.codes, y_true), self._select(self.correction, y_true)
        gradient, hessian = self.label_loss.gradient_hessian(
            codes, raw_prediction, sample_weight, **buffers
        )
        for k in range(correction.shape[1]):
            column = correction[:, k]
            gradient[:, k] += column if sample_weight is None else column * sample_weight
        return gradient, hessian

    def __call__(self, y_true, raw_prediction, sample_weight=None, n_threads=1):
        """Return the mean loss."""
        if self.rows.shape[1] == 2:
            positive = np.ascontiguousarray(self._select(self.rows, y_true)[:, 1])
            return self.label_loss(positive, raw_prediction, sample_weight, n_threads=n_threads)
        codes, correction = self._select(self.codes, y_true), self._select(self.correction, y_true)
        losses = self.label_loss.loss(codes, raw_prediction, n_threads=n_threads)
        losses += (correction * raw_prediction).sum(axis=1)
        return float(np.average(losses, weights=sample_weight))
