"""Fit a net on several folds in one pass, if that is known to equal the single fits.

A small net spends its time in Python calls and memory access, not in arithmetic. Nets of the same
architecture can share both: weights are stacked, and each step takes one batch of every fold.
"""

import numpy as np
from sklearn.base import clone

from ...soft_targets._fitted import FittedTargets
from ...soft_targets._pipelines import fit_before_last
from ...utils._nets import final_student, is_net
from ...utils._random import isolated_generators, seed_estimator

# Modules that import torch are imported inside the functions, only if the estimator is a net.


def can_stack(estimator, targets):
    """Whether `fit_stacked` supports the module and the training of an estimator.

    Parameters
    ----------
    estimator : estimator
        The estimator to fit; it is not changed.
    targets : ndarray of shape (n_samples, C) or (n_samples,)
        Probability rows or numbers.

    Returns
    -------
    bool
        Whether `fit_stacked` is worth trying. The inputs are not checked.
    """
    net = final_student(estimator)
    if not is_net(net):
        return False
    from .._training import reinitialize_modules
    from ._modules import StackedModules
    from ._prepare import has_supported_components, is_supported

    if not is_supported(net, targets.ndim == 2):
        return False
    try:
        with isolated_generators(0):
            net = clone(net)
            reinitialize_modules(net)
            net.initialize()
            StackedModules([net.module_])
    # Other errors than NotStackableError occur in a single fit too, which reports the fold.
    except Exception:
        return False
    return has_supported_components(net)


def fit_stacked(estimator, inputs, targets, seeds, *, sample_weights=None):
    """Fit clones of a net, each on its own rows, in one pass.

    The nets have the same initial weights and batches as in single fits by ``fit_targets``, and
    the same final weights up to rounding. Only dropout draws other numbers.

    Parameters
    ----------
    estimator : estimator
        The estimator to fit; it is not changed.
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
        None for each fit that must be done on its own. Supported are plain skorch nets, and
        Pipelines that end in one, of linear layers, attention, norms, dropout and elementwise
        functions, trained by SGD, Adam or AdamW on arrays in memory.
    """
    unsupported = [None] * len(inputs)
    if not is_net(final_student(estimator)):
        return unsupported
    from .._training import warn_about_probabilities
    from ._prepare import group_folds, is_supported
    from ._training import train_stacked

    if not is_supported(final_student(estimator), targets[0].ndim == 2):
        return unsupported
    weights, graphs = [None] * len(inputs) if sample_weights is None else sample_weights, {}
    fits = zip(inputs, targets, weights, seeds, strict=True)
    prepared = [_prepare_fit(estimator, *data, graphs) for data in fits]
    for group in group_folds([fold for _, fold in filter(None, prepared)]):
        with isolated_generators(0):
            train_stacked(group, graphs[group[0].settings])
            warn_about_probabilities(group[0].net, group[0].X)
    pairs = zip(prepared, targets, strict=True)
    return [None if fit is None else _make_result(fit[0], y) for fit, y in pairs]


def _prepare_fit(estimator, X, targets, weight, seed, graphs):
    """Return the model and `FoldNet` of a fit before its first epoch, or None if unsupported.

    The other fits must not affect the result. They share only the `graphs` of modules with the
    same settings.
    """
    from ._graph import trace_graphs
    from ._prepare import prepare_fold
    from ._training import matches_module

    if weight is not None and not np.all(weight > 0):
        return None
    try:
        with isolated_generators(seed):
            model = seed_estimator(clone(estimator), seed)
            net, X, weight, _ = fit_before_last(model, X, targets, weight)
            fold = prepare_fold(net, X, targets, weight)
            if fold.settings not in graphs:
                graphs[fold.settings] = trace_graphs(net.module_)
            return (model, fold) if matches_module(fold, graphs[fold.settings]) else None
    # Other errors than NotStackableError occur in a single fit too, which reports the fold.
    except Exception:
        return None


def _make_result(model, targets):
    if targets.ndim == 1:
        return FittedTargets(model, None, None, "net")
    net, n_classes = final_student(model), targets.shape[1]
    if hasattr(net, "classes_inferred_"):
        net.classes_inferred_ = np.arange(n_classes)
    return FittedTargets(model, np.arange(n_classes), n_classes, "net")
