"""The routes, each of which fits one kind of estimator to target arrays.

A route is a module with two functions; its name is ``_`` and the name of the route.

``handles(estimator, targets, sample_weight)`` says whether it can fit the estimator to the targets.
These are float64: rows ``(n_samples, k)`` that sum to 1, or, for "net" and "regression" alone,
numbers ``(n_samples,)``. The weights are positive, or None.

``fit(estimator, X, targets, *, sample_weight, fit_params, seed)`` gets a fresh, seeded clone that
it may change, and returns a fitted estimator. For rows its ``predict_proba`` has the k columns in
order (``classes_`` is ``0..k-1``).
"""

import functools
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from ...utils._nets import final_student

# In the order in which they are asked: the first that handles an estimator is taken.
ORDER = (
    "net",
    "regression",
    "hard",
    "logistic",
    "trees",
    "hist_gradient_boosting",
    "mlp",
    "neighbors",
    "naive_bayes",
    "discriminant_analysis",
    "boosters",
    "ensembles",
    "search",
    "inner_splits",
    "weighted_rows",
    "label_draws",
)
# The targets decide on these; users cannot choose them by name.
CHOSEN_BY_TARGETS = ("regression", "hard")
# They hold estimators, which they fit by `fit_targets`, one more keyword of their `fit`.
NESTED = ("ensembles", "search")


class Route(NamedTuple):
    """A route: its name and its two functions."""

    name: str
    handles: Callable[..., bool]
    fit: Callable[..., Any]


@functools.cache
def list_routes(fit_targets):
    """Return all routes, in order.

    Their modules are loaded with the first fit, as they load most of scikit-learn's classifiers.

    Parameters
    ----------
    fit_targets : callable
        The function that fits estimators inside ensembles and searches. It is an argument,
        because its module imports this one.

    Returns
    -------
    tuple of Route
        The routes.
    """
    modules = {name: import_module(f"._{name}", __package__) for name in ORDER}
    fits = {name: module.fit for name, module in modules.items()}
    fits |= {name: functools.partial(fits[name], fit_targets=fit_targets) for name in NESTED}
    return tuple(Route(name, modules[name].handles, fits[name]) for name in ORDER)


def choose_route(routes, estimator, targets, sample_weight=None, name="auto"):
    """Return the first of the routes that fits the last step of an estimator to the targets.

    Parameters
    ----------
    routes : tuple of Route
        The routes, in order.
    estimator : estimator
        The estimator; only the last step of a Pipeline counts, if none of its steps resamples.
    targets : ndarray of shape (n_samples, C) or (n_samples,)
        Probability rows or numbers.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weights of the rows.
    name : str, default="auto"
        The name of one route, or "auto" for any.

    Returns
    -------
    Route
        The route.

    Raises
    ------
    TypeError
        If no route handles the estimator.
    """
    last = final_student(estimator)
    able = (
        route
        for route in routes
        if name in ("auto", route.name) and route.handles(last, targets, sample_weight)
    )
    chosen = next(able, None)
    # An estimator that cannot learn from soft labels is refused for hard labels, too.
    if chosen is not None and chosen.name == "hard" and next(able, None) is None:
        chosen = None
    if chosen is None:
        names = [repr(route.name) for route in routes if route.name not in CHOSEN_BY_TARGETS]
        raise TypeError(
            f"route={name!r} cannot train {type(last).__name__} on probability rows; "
            f"use route='auto' or another of {', '.join(names)}."
        )
    return chosen
