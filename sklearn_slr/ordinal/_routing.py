"""Metadata routing of a meta-estimator with one regressor and one splitter."""

import numpy as np
from sklearn.model_selection import KFold
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from ..utils._sklearn import check_sample_weight, routing_enabled


def make_router(owner, estimator, cv):
    """Return the router of `owner`: `estimator` for fit, `splitter` for split."""
    return (
        MetadataRouter(owner=type(owner).__name__)
        .add_self_request(owner)
        .add(
            estimator=estimator,
            method_mapping=MethodMapping().add(caller="fit", callee="fit"),
        )
        .add(
            splitter=cv if hasattr(cv, "split") else KFold(),
            method_mapping=MethodMapping().add(caller="fit", callee="split"),
        )
    )


def route_fit(owner, n_samples, sample_weight, groups, fit_params):
    """Return own weights, the estimator's weights or None, groups and the estimator's keywords."""
    weight = check_sample_weight(
        sample_weight, np.empty(n_samples), dtype=np.float64, ensure_non_negative=True
    )
    if not np.any(weight > 0):
        raise ValueError("sample_weight is zero for every row: nothing to train on.")
    if not routing_enabled():
        return weight, None if sample_weight is None else weight, groups, fit_params
    given = {"sample_weight": sample_weight, "groups": groups}
    given = {name: value for name, value in given.items() if value is not None}
    routed = process_routing(owner, "fit", **given, **fit_params)
    inner = dict(routed["estimator"]["fit"])
    wanted = inner.pop("sample_weight", None) is not None
    return weight, weight if wanted else None, routed["splitter"]["split"].get("groups"), inner
