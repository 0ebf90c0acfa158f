"""Route of HistGradientBoostingClassifier: its own boosting, the loss taken against rows. Exact.

Trees only see gradients and hessians, and those of the cross-entropy with a probability row are
sums over its classes: X is binned once, uncopied and unweighted, and C trees a round are grown as
for hard labels.
"""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from . import _weighted_rows
from ._row_weights import weigh_rows

NAME = "hist_gradient_boosting"


def handles(estimator):
    """Whether `estimator` boosts on its loss, and stops, if early, by its loss."""
    return (
        type(estimator) is HistGradientBoostingClassifier
        and estimator.loss == "log_loss"
        and (estimator.scoring == "loss" or estimator.early_stopping is False)
    )


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Boost on the cross-entropy with the probability rows."""
    if fit_params:
        # A validation set of one's own has labels, which a loss against rows cannot read.
        return _weighted_rows.fit(
            estimator,
            X,
            targets,
            sample_weight=sample_weight,
            fit_params=fit_params,
            seed=seed,
        )
    rows, weights = weigh_rows(
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
    estimator._loss = booster.hard_loss
    del estimator.hard_loss
    return estimator


class _SoftHistGradientBoosting(HistGradientBoostingClassifier):
    """HistGradientBoostingClassifier fitted on row numbers, whose loss looks up the rows.

    The labels that pass through its inner train-validation split thus say which rows went where.
    """

    def _encode_y(self, y):
        n_classes = self.target_rows.shape[1]
        self.classes_ = np.arange(n_classes)
        self.n_trees_per_iteration_ = 1 if n_classes == 2 else n_classes
        return y.astype(np.float64)

    def _get_loss(self, sample_weight):
        self.hard_loss = super()._get_loss(sample_weight)
        return _SoftLoss(self.hard_loss, self.target_rows)


class _SoftLoss:
    """Cross-entropy with probability rows, by way of scikit-learn's loss on labels.

    Parameters
    ----------
    hard : HalfBinomialLoss or HalfMultinomialLoss
        The loss on labels. The first reads a probability as it is; the second is called with
        each row's likeliest class, and what is linear in the targets is put right.
    rows : ndarray of shape (n_samples, k)
        Probability rows; every method gets row numbers as `y_true`.
    """

    # Read while trees are grown. Without a `predict_proba`, the inner split is not stratified.
    constant_hessian = False
    differentiable = True

    def __init__(self, hard, rows):
        self.hard = hard
        self.link = hard.link
        self.init_gradient_and_hessian = hard.init_gradient_and_hessian
        self.rows = rows
        codes = rows.argmax(axis=1)
        self.codes = codes.astype(np.float64)
        # One tree reads one class at a time. Of one-hot rows, nothing is put right.
        self.shift = np.asfortranarray(np.eye(rows.shape[1])[codes] - rows)

    def _take(self, array, numbers):
        return array if len(numbers) == len(array) else array[numbers.astype(np.intp)]

    def fit_intercept_only(self, y_true, sample_weight=None):
        """Return the scores of a model without features."""
        rows = self._take(self.rows, y_true)
        if rows.shape[1] == 2:
            return self.hard.fit_intercept_only(rows[:, 1], sample_weight)
        prior = np.average(rows, weights=sample_weight, axis=0)
        eps = np.finfo(np.float64).eps
        return self.link.link(np.clip(prior, eps, 1 - eps)[None, :]).reshape(-1)

    def gradient_hessian(self, *, y_true, raw_prediction, sample_weight, **buffers):
        """Fill `gradient_out` and `hessian_out`."""
        if self.rows.shape[1] == 2:
            positive = np.ascontiguousarray(self._take(self.rows, y_true)[:, 1])
            return self.hard.gradient_hessian(positive, raw_prediction, sample_weight, **buffers)
        codes, shift = self._take(self.codes, y_true), self._take(self.shift, y_true)
        gradient, hessian = self.hard.gradient_hessian(
            codes, raw_prediction, sample_weight, **buffers
        )
        for k in range(shift.shape[1]):
            column = shift[:, k]
            gradient[:, k] += column if sample_weight is None else column * sample_weight
        return gradient, hessian

    def __call__(self, y_true, raw_prediction, sample_weight=None, n_threads=1):
        """Return the mean loss."""
        if self.rows.shape[1] == 2:
            positive = np.ascontiguousarray(self._take(self.rows, y_true)[:, 1])
            return self.hard(positive, raw_prediction, sample_weight, n_threads=n_threads)
        codes, shift = self._take(self.codes, y_true), self._take(self.shift, y_true)
        losses = self.hard.loss(codes, raw_prediction, n_threads=n_threads)
        losses += (shift * raw_prediction).sum(axis=1)
        return float(np.average(losses, weights=sample_weight))
