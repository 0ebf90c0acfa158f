"""Fit the steps of a Pipeline before its last one, and replace the last one."""

from ..utils._nets import final_student, is_pipeline, resamples
from ..utils._routing import can_request_weights
from ..utils._sklearn import process_routing, routing_enabled
from ._fit_params import takes_weights


def fit_before_last(estimator, X, targets, sample_weight=None, fit_params=None):
    """Fit the steps of a Pipeline before its last step.

    Parameters
    ----------
    estimator : estimator
        Changed in place if it is a Pipeline (its last step may be one, too); else, and if it is a
        Pipeline that resamples rows, it is its own last step.
    X : indexable of length n_samples
        The inputs.
    targets : ndarray of shape (n_samples, C) or (n_samples,)
        Probability rows, or numbers.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weights, for transformers that take them.
    fit_params : dict, default=None
        Keywords of the estimator's `fit`.

    Returns
    -------
    estimator, indexable, ndarray, dict
        The last step, the inputs to fit it on, its weights, and the keywords of its `fit`.
    """
    if not _has_last_step(estimator):
        return estimator, X, sample_weight, fit_params
    before, (name, last) = estimator[:-1], estimator.steps[-1]
    before_params, last_params = _split_fit_params(estimator, fit_params or {}, sample_weight)
    if routing_enabled() and can_request_weights(last):
        sample_weight = last_params.pop("sample_weight", None)  # None if it refuses them
    if len(before.steps):
        y = targets if targets.ndim == 1 else targets.argmax(axis=1)
        X = before.fit_transform(X, y, **before_params)
    estimator.steps = [*before.steps, (name, last)]
    return fit_before_last(last, X, targets, sample_weight, last_params)


def replace_last_step(estimator, model):
    """Return the fitted model, or the Pipeline with the model as its last step."""
    if not _has_last_step(estimator):
        return model
    name, last = estimator.steps[-1]
    estimator.steps[-1] = (name, replace_last_step(last, model))
    return estimator


def check_resampling(estimator, targets, sample_weight, fit_params):
    """Check that a Pipeline that resamples rows gets labels, and no weights.

    Parameters
    ----------
    estimator : estimator
        Any estimator; only Pipelines with a sampler are checked.
    targets : ndarray of shape (n_samples, C) or (n_samples,)
        Probability rows, or numbers.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights of the rows.
    fit_params : dict
        Keywords of the estimator's `fit`.

    Raises
    ------
    TypeError
        If the targets are numbers, or there are weights for resampled rows.
    """
    pipeline = final_student(estimator)
    if not resamples(pipeline):
        return
    is_sampler = [hasattr(step, "fit_resample") for _, step in pipeline.steps]
    first = is_sampler.index(True)
    sampler = f"{type(pipeline.steps[first][1]).__name__} (step {pipeline.steps[first][0]!r})"
    if targets.ndim == 1:
        raise TypeError(
            f"The Pipeline has the sampler {sampler}: samplers need class labels, and a regressor "
            "learns from numbers. Remove the sampler, or use SLRClassifier."
        )
    resampled = {name for name, _ in pipeline.steps[first:]}
    weighted = [
        name
        for name in fit_params
        if name.endswith("__sample_weight") and resampled.intersection(name.split("__"))
    ]
    if sample_weight is not None or weighted:
        raise TypeError(
            f"{(weighted or ['sample_weight'])[0]} was given, but the Pipeline has the sampler "
            f"{sampler}, which changes the rows and not their weights: leave the weights out, or "
            "remove the sampler."
        )


def _has_last_step(estimator):
    """Whether `estimator` is a Pipeline whose last step can be fitted by itself."""
    return is_pipeline(estimator) and not resamples(estimator)


def _split_fit_params(pipeline, fit_params, sample_weight):
    """Split fit parameters into those of a Pipeline's transformers and those of its last step.

    The last step gets its weights from its route. Transformers that take weights get them here,
    or weights would not mean repeated rows; with metadata routing, steps that request them.
    """
    name = pipeline.steps[-1][0]
    if routing_enabled():
        given = dict(fit_params)
        if sample_weight is not None:
            given["sample_weight"] = sample_weight
        if not given:
            return {}, {}
        last = dict(process_routing(pipeline, "fit", **given)[name]["fit"])
        consumed = pipeline[:-1].get_metadata_routing().consumes("fit_transform", given)
        return {key: given[key] for key in consumed}, last
    unknown = [key for key in fit_params if "__" not in key]
    if unknown:
        raise ValueError(
            f"fit got {unknown[0]!r} for a Pipeline, which takes the parameters of its steps: "
            f"write 'step__{unknown[0]}' with the step's name, e.g. {name + '__' + unknown[0]!r}."
        )
    last = {key: value for key, value in fit_params.items() if key.split("__")[0] == name}
    before = {key: value for key, value in fit_params.items() if key not in last}
    if sample_weight is not None:
        takers = [step for step, each in pipeline.steps[:-1] if takes_weights(each)]
        before = {**{f"{step}__sample_weight": sample_weight for step in takers}, **before}
    return before, {key.split("__", 1)[1]: value for key, value in last.items()}
