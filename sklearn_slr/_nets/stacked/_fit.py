"""Fit a net on several folds in one pass, where that is known to be what single fits would give.

A small net spends its time in Python and in memory, not in arithmetic. Nets of the same make that
learn from different rows can share both: their weights are stacked, and each step takes one batch
of every fold.
"""

import numpy as np
from sklearn.base import clone

from ...soft_targets._fitted import FittedTargets
from ...soft_targets._pipelines import fit_before_last
from ...utils._nets import final_step, is_net
from ...utils._random import isolated_generators, seed_estimator


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
    from .._training import renew_modules
    from ._modules import StackedModules
    from ._prepare import has_known_parts, is_plain

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
    list of FittedTargets or None
        None for a fit that is better done by itself: the estimator is no plain skorch net, nor a
        Pipeline that ends in one, of linear layers, attention, norms, dropout and elementwise
        functions, with SGD, Adam or AdamW, on arrays in memory.
    """
    nothing = [None] * len(inputs)
    if not is_net(final_step(estimator)):
        return nothing
    from ._prepare import groups_of, is_plain
    from ._training import train_together

    if not is_plain(final_step(estimator), targets[0].ndim == 2):
        return nothing
    weights, graphs = nothing if sample_weights is None else sample_weights, {}
    each_fit = zip(inputs, targets, weights, seeds, strict=True)
    opened = [_open(estimator, *given, graphs) for given in each_fit]
    for group in groups_of([each[1] for each in opened if each is not None]):
        with isolated_generators(0):
            train_together(group, graphs[group[0].settings])
    pairs = zip(opened, targets, strict=True)
    return [None if each is None else _fitted(each[0], own) for each, own in pairs]


def _open(estimator, X, targets, weight, seed, graphs):
    """Return a fit's estimator and net, up to the first epoch; None where it is better by itself.

    Of the other fits only the `graphs` of modules with the same settings are looked at: which of
    them are beside it must not matter.
    """
    from ._graph import graphs_of
    from ._prepare import prepare
    from ._training import is_alike

    if weight is not None and not np.all(weight > 0):
        return None
    try:
        with isolated_generators(seed):
            model = seed_estimator(clone(estimator), seed)
            net, X, _ = fit_before_last(model, X, targets, weight)
            fold = prepare(net, X, targets, weight)
            if fold.settings not in graphs:
                graphs[fold.settings] = graphs_of(net.module_)
            return (model, fold) if is_alike(fold, graphs[fold.settings]) else None
    # What is no NotStackableError fails in a single fit, too, which says what and in which fold.
    except Exception:
        return None


def _fitted(model, targets):
    if targets.ndim == 1:
        return FittedTargets(model, None, None, "net")
    net, n_classes = final_step(model), targets.shape[1]
    if hasattr(net, "classes_inferred_"):
        net.classes_inferred_ = np.arange(n_classes)
    return FittedTargets(model, np.arange(n_classes), n_classes, "net")
