"""The one door between target arrays and anybody's estimator.

A route trains one kind of estimator on probability rows. It is a module with three names:
``NAME``; ``handles(estimator)``, whether it can train this estimator; and
``fit(estimator, X, targets, *, sample_weight, fit_params, seed)``. The door gives it a fresh,
seeded clone that may be changed, `targets` ``(n_samples, k)`` float64 whose rows sum to 1, and
positive `sample_weight` ``(n_samples,)`` or None. It returns a fitted object whose
``predict_proba`` has the k columns in order (``classes_`` is ``0..k-1``).
"""

import contextlib
import functools
from dataclasses import dataclass

import numpy as np
from sklearn import config_context
from sklearn.base import clone

from ..utils._estimators import rename_labels
from ..utils._nets import contains_net, final_step, is_net
from ..utils._random import isolated_generators, seed_estimator
from ..utils._sklearn import (
    _safe_split,
    get_tags,
    index_method_params,
    num_samples,
    process_routing,
    routing_enabled,
)
from ._check_predictions import check_codes, check_proba, check_scores
from .routes import _net as _nets
from .routes._hard import fit_hard, takes_weights


@functools.cache
def routes():
    """Return the routes in the order in which they are asked: the first that handles trains.

    They are loaded with the first fit, as they load most of scikit-learn's classifiers.
    """
    from .routes import (
        _boosters,
        _ensembles,
        _hist_gradient_boosting,
        _inner_splits,
        _logistic,
        _mlp,
        _naive_bayes,
        _neighbors,
        _search,
        _trees,
        _weighted_rows,
    )
    from .routes import _discriminant_analysis as _discriminant
    from .routes import _label_draws as _draws

    return (
        _nets,
        _logistic,
        _trees,
        _hist_gradient_boosting,
        _mlp,
        _neighbors,
        _naive_bayes,
        _discriminant,
        _boosters,
        _ensembles,
        _search,
        _inner_splits,
        _weighted_rows,
        _draws,
    )


@dataclass(frozen=True)
class FittedTargets:
    """A fitted estimator that answers in the columns of the targets it was fitted on.

    Parameters
    ----------
    model : estimator
        The fitted estimator, trained on class indices.
    columns : ndarray of shape (k,) or None
        The target columns that the classes of `model` stand for; None for regression.
    n_classes : int or None
        Number of target columns C.
    route : str
        How the estimator learned from its targets.
    rows : ndarray of int, default=None
        Training rows that it saw, of those that X pairs with; None for all.
    """

    model: object
    columns: np.ndarray | None
    n_classes: int | None
    route: str
    rows: np.ndarray | None = None

    def predict(self, X):
        """Predict rows (n_samples, C) of probabilities, or scores (n_samples,)."""
        X = self._paired(X)
        with _isolation(self.model, seed=0, n_threads=None), _nets.reading(self.model):
            if self.columns is None:
                return check_scores(self.model.predict(X), self.model, num_samples(X))
            proba = self.model.predict_proba(X)
        proba = check_proba(proba, self.model, num_samples(X), len(self.columns))
        if len(self.columns) == self.n_classes:
            return proba
        spread = np.zeros((len(proba), self.n_classes))
        spread[:, self.columns] = proba
        return spread

    def classify(self, X):
        """Predict target columns (n_samples,) by the model's own rule."""
        X = self._paired(X)
        with _isolation(self.model, seed=0, n_threads=None), _nets.reading(self.model):
            codes = self.model.predict(X)
        return self.columns[check_codes(codes, self.model, num_samples(X), len(self.columns))]

    def decide(self, X):
        """Return the model's decision function; classes that it does not know get -inf."""
        scores = np.asarray(self.model.decision_function(self._paired(X)), dtype=np.float64)
        if len(self.columns) == self.n_classes:
            return scores
        if scores.ndim == 1:
            scores = np.column_stack([-scores, scores])
        spread = np.full((len(scores), self.n_classes), -np.inf)
        spread[:, self.columns] = scores
        return spread

    def _paired(self, X):
        """Return of a matrix of pairs the columns of the rows that the model was fitted on."""
        if self.rows is None or not is_pairwise(self.model):
            return X
        return X[:, self.rows]


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
        The fitted estimator and the target columns that it answers in.

    Raises
    ------
    ValueError
        If only one class holds any mass.
    TypeError
        If no route can train the estimator.
    """
    estimator = seed_estimator(clone(estimator), seed)
    fit_params, rows = fit_params or {}, None
    if sample_weight is not None and not np.all(sample_weight > 0):
        rows = np.flatnonzero(sample_weight > 0)
        if not len(rows):
            raise ValueError(
                f"sample_weight is zero in all {len(sample_weight)} training rows: at least one "
                "row of positive weight is wanted in each fold."
            )
        X = _safe_split(estimator, X, None, rows)[0]
        fit_params = index_method_params(targets, fit_params, rows)
        targets, sample_weight = targets[rows], sample_weight[rows]
        if np.all(sample_weight == 1):
            sample_weight = None  # the rows were picked out, and that is all
    if sample_weight is not None:
        sample_weight = sample_weight.copy()  # an estimator may write into what it is given
    with _isolation(estimator, seed, n_threads=1):
        if targets.ndim == 1:
            targets = targets.copy()
            model = _fit_last(estimator, X, targets, sample_weight, fit_params, _fit_regressor)
            return FittedTargets(model, None, None, "regression", rows)
        columns, chosen = _columns(estimator, targets), choose_route(estimator, route)
        if len(columns) < targets.shape[1]:
            rename_labels(estimator, columns)
        is_hard = np.all((targets == 0) | (targets == 1))
        plain = is_hard and chosen.NAME != "net" and route == "auto"
        # Some routes know what to do with weights where the estimator does not.
        plain = plain and (sample_weight is None or takes_weights(final_step(estimator)))
        name = "hard" if plain else chosen.NAME

        def fit_classifier(estimator, X, targets, sample_weight, fit_params):
            targets = targets[:, columns]
            with _unrouted(fit_params):
                if plain:
                    codes = targets.argmax(axis=1)
                    return fit_hard(estimator, X, codes, sample_weight, fit_params)
                return chosen.fit(
                    estimator,
                    X,
                    targets,
                    sample_weight=sample_weight,
                    fit_params=fit_params,
                    seed=seed,
                )

        model = _fit_last(estimator, X, targets, sample_weight, fit_params, fit_classifier)
    return FittedTargets(model, columns, targets.shape[1], name, rows)


def choose_route(estimator, route="auto"):
    """Return the route that trains the last step of `estimator` on probability rows."""
    last = final_step(estimator)
    for candidate in routes():
        if route in ("auto", candidate.NAME) and candidate.handles(last):
            return candidate
    names = ", ".join(repr(candidate.NAME) for candidate in routes())
    raise TypeError(
        f"route={route!r} cannot train {type(last).__name__} on probability rows; "
        f"use route='auto' or another of {names}."
    )


def _columns(estimator, targets):
    """Return the columns that hold mass; a net has one output for every class, come what may."""
    if is_net(final_step(estimator)):
        return np.arange(targets.shape[1])
    columns = np.flatnonzero(targets.any(axis=0))
    if len(columns) < 2:
        raise ValueError(
            "The targets hold 1 class only where sample_weight > 0, and a classifier needs at "
            "least 2 classes: check y and sample_weight."
        )
    return columns


def _fit_last(estimator, X, targets, sample_weight, fit_params, fit):
    """Fit a Pipeline's transformers once, on the rows as they are, and its last step by `fit`."""
    last, X, last_params = fit_before_last(estimator, X, targets, sample_weight, fit_params)
    model = fit(last, X, targets, sample_weight, last_params)
    return model if last is estimator else _with_last(estimator, model)


def fit_before_last(estimator, X, targets, sample_weight=None, fit_params=None):
    """Fit what a Pipeline has before its last step.

    Parameters
    ----------
    estimator : estimator
        Changed in place if it is a Pipeline, maybe one of Pipelines; else it is its own last step.
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
    estimator, indexable, dict
        The last step, what it is to be fitted on, and the keywords of its `fit`.
    """
    if not _is_pipeline(estimator):
        return estimator, X, fit_params
    before, (name, last) = estimator[:-1], estimator.steps[-1]
    before_params, last_params = _split_params(estimator, fit_params or {}, sample_weight)
    if len(before.steps):
        y = targets if targets.ndim == 1 else targets.argmax(axis=1)
        X = before.fit_transform(X, y, **before_params)
    estimator.steps = [*before.steps, (name, last)]
    return fit_before_last(last, X, targets, sample_weight, last_params)


def _with_last(pipeline, model):
    """Put a fitted model in the place of a Pipeline's last step."""
    name, last = pipeline.steps[-1]
    pipeline.steps[-1] = (name, _with_last(last, model) if _is_pipeline(last) else model)
    return pipeline


def _is_pipeline(estimator):
    return hasattr(estimator, "steps") and hasattr(estimator, "named_steps")


def _split_params(pipeline, fit_params, sample_weight):
    """Split fit parameters into those of a Pipeline's transformers and of its last step.

    The last step gets the weights from us; so do transformers that take them (with metadata
    routing: that request them), or weights would not mean repeated rows.
    """
    name = pipeline.steps[-1][0]
    if routing_enabled():
        given = dict(fit_params)
        if sample_weight is not None:
            given["sample_weight"] = sample_weight
        if not given:
            return {}, {}
        last = dict(process_routing(pipeline, "fit", **given)[name]["fit"])
        last.pop("sample_weight", None)
        consumed = pipeline[:-1].get_metadata_routing().consumes("fit_transform", given)
        return {key: given[key] for key in consumed}, last
    unknown = [key for key in fit_params if "__" not in key]
    if unknown:
        raise ValueError(
            f"fit got {unknown[0]!r} for a Pipeline, which takes the parameters of its steps: "
            f"write 'step__{unknown[0]}' with the step's name, e.g. {name + '__' + unknown[0]!r}."
        )
    mine = {key: value for key, value in fit_params.items() if key.split("__")[0] == name}
    rest = {key: value for key, value in fit_params.items() if key not in mine}
    if sample_weight is not None:
        takers = [step for step, each in pipeline.steps[:-1] if takes_weights(each)]
        rest = {**{f"{step}__sample_weight": sample_weight for step in takers}, **rest}
    return rest, {key.split("__", 1)[1]: value for key, value in mine.items()}


def _fit_regressor(estimator, X, targets, sample_weight, fit_params):
    if is_net(estimator):
        return _nets.fit(
            estimator, X, targets, sample_weight=sample_weight, fit_params=fit_params, seed=0
        )
    return fit_hard(estimator, X, targets, sample_weight, fit_params)


def _unrouted(fit_params):
    """Switch metadata routing off where the only metadata are weights of our own making."""
    if fit_params or not routing_enabled():
        return contextlib.nullcontext()
    return config_context(enable_metadata_routing=False)


def _isolation(estimator, seed, n_threads):
    if contains_net(estimator):
        return isolated_generators(seed, n_threads=n_threads)
    return contextlib.nullcontext()


def is_pairwise(estimator):
    """Whether `estimator` takes a square matrix of pairs of samples as X."""
    return get_tags(estimator).input_tags.pairwise
