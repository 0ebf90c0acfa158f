"""Metadata of a meta-estimator with one estimator and one splitter: weights, groups, keywords."""

from typing import Any

import numpy as np
from sklearn.model_selection import KFold
from sklearn.utils.metadata_routing import (
    MetadataRequest,
    MetadataRouter,
    MethodMapping,
    get_routing_for_object,
)

from ._arrays import plain_weights
from ._sklearn import process_routing, routing_enabled
from ._typing import Floats


def make_router(owner, estimator, cv=None):
    """Return the router of `owner`: `estimator` for fit and, unless None, `cv` for split."""
    fit = MethodMapping().add(caller="fit", callee="fit")
    router = MetadataRouter(owner=type(owner).__name__).add_self_request(owner)
    router.add(estimator=estimator, method_mapping=fit)
    if cv is not None:
        splitter = cv if hasattr(cv, "split") else KFold()
        split = MethodMapping().add(caller="fit", callee="split")
        router.add(splitter=splitter, method_mapping=split)
    return router


def route_fit(owner, n_samples, sample_weight, groups, fit_params):
    """Split the metadata of `fit` among the meta-estimator, its estimator and its splitter.

    Without metadata routing the weights go to all, `groups` to the splitter and the other
    keywords to the estimator; with it, each gets what it requests.

    Parameters
    ----------
    owner : estimator
        The meta-estimator.
    n_samples : int
        Number of rows.
    sample_weight : array-like of shape (n_samples,) or None
        Weights of the rows.
    groups : array-like of shape (n_samples,) or None
        Groups of the rows.
    fit_params : dict
        Other keywords of `fit`.

    Returns
    -------
    weight : ndarray of shape (n_samples,) or None
        The meta-estimator's own weights.
    inner_weight : ndarray of shape (n_samples,) or None
        The estimator's weights.
    split_params : dict
        The splitter's keywords, `groups` among them.
    fit_params : dict
        The estimator's keywords.

    Raises
    ------
    ValueError
        If weights are negative, not finite, or all zero.
    UnsetMetadataPassedError
        If routing is enabled, and the estimator or splitter does not say whether it wants them.
    """
    weight = check_weight(sample_weight, n_samples)
    if not routing_enabled():
        return weight, weight, {"groups": groups}, fit_params
    given = {"sample_weight": weight, "groups": groups}
    given = {name: value for name, value in given.items() if value is not None}
    routed = process_routing(owner, "fit", **given, **fit_params)
    inner = dict(routed["estimator"]["fit"])
    inner_weight = check_weight(inner.pop("sample_weight", None), n_samples)
    split_params = dict(routed.get("splitter", {}).get("split", {}))
    return weight, inner_weight, split_params, inner


def can_request_weights(estimator):
    """Return whether an estimator, or a step of it, can request or refuse weights for its fit.

    Parameters
    ----------
    estimator : estimator, MetadataRequest or MetadataRouter
        The estimator, or its routing.

    Returns
    -------
    bool
        False if no `fit` has a parameter `sample_weight`, as with neighbours and nets.
    """
    routing = get_routing_for_object(estimator)
    if isinstance(routing, MetadataRequest):
        return "sample_weight" in routing.fit.requests
    return any(can_request_weights(each.router) for _, each in routing)


def check_weight(sample_weight: Any, n_samples: int) -> Floats | None:
    """Return weights as float64 (n_samples,), or None; some must be positive."""
    if sample_weight is None:
        return None
    weight = plain_weights(sample_weight, n_samples)
    if not np.any(weight > 0):
        raise ValueError(
            "sample_weight is zero for every row: give at least one row a positive weight."
        )
    return weight
