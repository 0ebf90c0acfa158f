"""`fit_targets`: any estimator learns from target arrays, by the route that suits it."""

import contextlib

import numpy as np
from sklearn import config_context
from sklearn.base import clone

from ..utils._label_keywords import encode_label_keywords
from ..utils._label_parameters import rename_labels
from ..utils._nets import final_student, is_net
from ..utils._random import seed_estimator
from ..utils._sklearn import _safe_split, index_method_params, routing_enabled
from ._contexts import fitting_context
from ._fitted import FittedTargets
from ._pipelines import check_resampling, fit_before_last, replace_last_step
from .routes._registry import choose_route, list_routes


def fit_targets(
    estimator, X, targets, *, sample_weight=None, fit_params=None, seed=0, route="auto"
):
    """Fit a clone of an estimator on target arrays.

    Parameters
    ----------
    estimator : estimator
        Any probabilistic classifier, regressor, skorch net, or Pipeline ending in one. It is
        cloned, never changed.
    X : indexable of length n_samples
        The inputs, as the estimator takes them.
    targets : ndarray of shape (n_samples, C) or (n_samples,)
        Probability rows for a classifier, numbers for a regressor.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weights >= 0; rows of weight zero are left out.
    fit_params : dict, default=None
        Keywords of the estimator's `fit`; arrays of length n_samples follow the rows.
    seed : int, default=0
        Seed of every `random_state` of the estimator that is None, and of nets.
    route : str, default="auto"
        Name of a route; "auto" takes the first that handles the estimator.

    Returns
    -------
    FittedTargets
        The fitted estimator, which predicts in the columns of the targets.

    Raises
    ------
    ValueError
        If only one class has positive probability.
    TypeError
        If no route can train the estimator.
    """
    estimator, fit_params = seed_estimator(clone(estimator), seed), fit_params or {}
    X, targets, sample_weight, fit_params, rows = _drop_rows_of_no_weight(
        estimator, X, targets, sample_weight, fit_params
    )
    check_resampling(estimator, targets, sample_weight, fit_params)
    columns = _find_columns(estimator, targets)
    chosen = choose_route(list_routes(fit_targets), estimator, targets, sample_weight, route)
    if columns is not None and len(columns) < targets.shape[1]:
        rename_labels(estimator, columns, targets.shape[1])
        fit_params = encode_label_keywords(fit_params, columns, targets.shape[1])
    n_classes = None if columns is None else targets.shape[1]
    with fitting_context(estimator, seed):
        last, X, sample_weight, params = fit_before_last(
            estimator, X, targets, sample_weight, fit_params
        )
        with _without_routing(targets, params):
            model = chosen.fit(
                last,
                X,
                targets if columns is None else targets[:, columns],
                sample_weight=sample_weight,
                fit_params=params,
                seed=seed,
            )
    model = replace_last_step(estimator, model)
    return FittedTargets(model, columns, n_classes, chosen.name, rows)


def _drop_rows_of_no_weight(estimator, X, targets, sample_weight, fit_params):
    """Return the arguments without rows of weight zero, and the rows kept (None for all).

    Arrays that an estimator might write into are copied.
    """
    rows = None
    if sample_weight is not None and not np.all(sample_weight > 0):
        rows = np.flatnonzero(sample_weight > 0)
        if not len(rows):
            raise ValueError(
                f"sample_weight is zero in all {len(sample_weight)} training rows: each fold "
                "needs at least one row of positive weight."
            )
        X = _safe_split(estimator, X, None, rows)[0]
        fit_params = index_method_params(targets, fit_params, rows)
        targets, sample_weight = targets[rows], sample_weight[rows]
        if np.all(sample_weight == 1):
            sample_weight = None  # the weights only said which rows to use
    if sample_weight is not None:
        sample_weight = sample_weight.copy()
    return X, targets.copy() if targets.ndim == 1 else targets, sample_weight, fit_params, rows


def _find_columns(estimator, targets):
    """Return the columns that are not all zero; a net has an output for every class."""
    if targets.ndim == 1:
        return None
    if is_net(final_student(estimator)):
        return np.arange(targets.shape[1])
    columns = np.flatnonzero(targets.any(axis=0))
    if len(columns) < 2:
        raise ValueError(
            "The targets hold 1 class only where sample_weight > 0, and a classifier needs at "
            "least 2 classes: check y and sample_weight."
        )
    return columns


def _without_routing(targets, fit_params):
    """Switch metadata routing off if weights that a route makes are the only metadata.

    The weights of a regressor are those of the user.
    """
    if targets.ndim == 1 or fit_params or not routing_enabled():
        return contextlib.nullcontext()
    return config_context(enable_metadata_routing=False)
