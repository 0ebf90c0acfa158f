"""Recognise skorch nets without importing skorch or torch."""

import sys


def is_net(estimator):
    """Whether `estimator` is a skorch net.

    A net can exist only if skorch has been imported, so that this test never imports it.
    """
    skorch = sys.modules.get("skorch")
    return skorch is not None and isinstance(estimator, skorch.NeuralNet)


def contains_net(estimator):
    """Whether `estimator` is a skorch net or holds one anywhere among its parameters.

    Nets inside estimators that isolate the generators themselves do not count.
    """
    if "skorch" not in sys.modules or getattr(estimator, "_isolates_nets", False):
        return False
    if is_net(estimator):
        return True
    if isinstance(estimator, (list, tuple)):
        return any(contains_net(item) for item in estimator)
    if hasattr(estimator, "get_params") and not isinstance(estimator, type):
        return any(contains_net(value) for value in estimator.get_params(deep=False).values())
    return False


def final_step(estimator):
    """Return the last step of a Pipeline (of Pipelines), or `estimator` itself."""
    while hasattr(estimator, "steps") and hasattr(estimator, "named_steps"):
        estimator = estimator.steps[-1][1]
    return estimator
