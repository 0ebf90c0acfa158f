"""Fit a net on several folds in one pass, where that is known to be what single fits would give.

A small net spends its time in Python and in memory, not in arithmetic. Nets of the same make that
learn from different rows can share both: their weights are stacked, and each step takes one batch
of every fold.
"""

import numpy as np
from sklearn.base import clone

from ..utils._nets import final_step, is_net
from ..utils._random import isolated_generators, seed_estimator
from ._door import FittedTargets, fit_before_last


def can_stack(estimator, targets):
    """Whether `fit_stacked` knows the module and the training of an estimator.

    Parameters
    ----------
    estimator : estimator
        What is to be fitted; never changed.
    targets : ndarray of shape (n_samples, C) or (n_samples,)
        Probability rows or numbers.

    Returns
    -------
    bool
        Whether it is worth trying; what the rows are like is not looked at.
    """
    net = final_step(estimator)
    if not is_net(net):
        return False
    # torch is imported only where a net is there already.
    from ._net_training import renew_modules
    from ._stacked_folds import has_known_parts, is_plain
    from ._stacked_modules import StackedModules

    if not is_plain(net, targets.ndim == 2):
        return False
    try:
        with isolated_generators(0):
            net = clone(net)
            renew_modules(net)
            net.initialize()
            StackedModules([net.module_])
    # What is no NotStackableError fails in a single fit, too, which says what and in which fold.
    except Exception:
        return False
    return has_known_parts(net)


def fit_stacked(estimator, inputs, targets, seeds, *, sample_weights=None):
    """Fit clones of a net, each on its own rows, in one pass.

    The nets have the initial weights and the batches that ``fit_targets`` gives them one by one,
    and end up with the same weights to rounding; dropout draws other numbers.

    Parameters
    ----------
    estimator : estimator
        What is to be fitted; never changed.
    inputs : list of indexable
        The rows of each fit.
    targets : list of ndarray of shape (n_samples, C) or (n_samples,)
        The targets of each fit.
    seeds : list of int
        The seed of each fit.
    sample_weights : list of ndarray, default=None
        The weights of each fit.

    Returns
    -------
    list of FittedTargets, or None
        None where the fits are better done one by one: the estimator is no plain skorch net, nor
        a Pipeline that ends in one, of linear layers, norms, dropout and elementwise functions,
        with SGD, Adam or AdamW, on arrays in memory.
    """
    if not is_net(final_step(estimator)):
        return None
    from ._stacked_folds import groups_of, is_plain, prepare
    from ._stacked_training import train_together

    if not is_plain(final_step(estimator), targets[0].ndim == 2):
        return None
    weights = [None] * len(inputs) if sample_weights is None else sample_weights
    if any(weight is not None and not np.all(weight > 0) for weight in weights):
        return None
    models, folds = [], []
    try:
        for X, own, weight, seed in zip(inputs, targets, weights, seeds, strict=True):
            with isolated_generators(seed):
                models.append(seed_estimator(clone(estimator), seed))
                net, X, _ = fit_before_last(models[-1], X, own, weight)
                folds.append(prepare(net, X, own, weight))
        with isolated_generators(seeds[0]):
            for group in groups_of(folds):
                train_together(group)
    # What is no NotStackableError fails in a single fit, too, which says what and in which fold.
    except Exception:
        return None
    return [_fitted(model, own) for model, own in zip(models, targets, strict=True)]


def _fitted(model, targets):
    if targets.ndim == 1:
        return FittedTargets(model, None, None, "regression")
    net, n_classes = final_step(model), targets.shape[1]
    if hasattr(net, "classes_inferred_"):
        net.classes_inferred_ = np.arange(n_classes)
    return FittedTargets(model, np.arange(n_classes), n_classes, "net")
