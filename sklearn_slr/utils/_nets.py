"""Recognise skorch nets without importing skorch or torch."""

import sys


def is_net(estimator):
    """Whether `estimator` is a skorch net.

    A net can exist only if skorch has been imported, so that this test never imports it.
    """
    skorch = sys.modules.get("skorch")
    return skorch is not None and isinstance(estimator, skorch.NeuralNet)


def contains_net(estimator, above=()):
    """Whether `estimator` is a skorch net or holds one anywhere among its parameters.

    Nets inside estimators that isolate the generators themselves do not count. `above` are the
    estimators that contain this one.
    """
    if "skorch" not in sys.modules or getattr(estimator, "_isolates_nets", False):
        return False
    if is_net(estimator):
        return True
    if any(estimator is each for each in above):
        return False  # a parameter that contains its own estimator
    above = (*above, estimator)
    if isinstance(estimator, (list, tuple)):
        return any(contains_net(item, above) for item in estimator)
    if hasattr(estimator, "get_params") and not isinstance(estimator, type):
        params = estimator.get_params(deep=False)
        return any(contains_net(value, above) for value in params.values())
    return False


def final_step(estimator):
    """Return the last step of a Pipeline (of Pipelines), or `estimator` itself."""
    while is_pipeline(estimator):
        estimator = estimator.steps[-1][1]
    return estimator


def is_pipeline(estimator):
    """Whether `estimator` is a Pipeline."""
    return hasattr(estimator, "steps") and hasattr(estimator, "named_steps")


def resamples(estimator):
    """Whether `estimator` is a Pipeline with a step that drops, repeats or makes rows.

    The steps of such a Pipeline (of imbalanced-learn) cannot be fitted one by one: only the whole
    Pipeline knows which target belongs to which row.
    """
    return is_pipeline(estimator) and any(
        hasattr(step, "fit_resample") for _, step in estimator.steps
    )


def final_student(estimator):
    """Return the estimator that learns from targets: `final_step`, or a Pipeline that resamples."""
    while is_pipeline(estimator) and not resamples(estimator):
        estimator = estimator.steps[-1][1]
    return estimator
