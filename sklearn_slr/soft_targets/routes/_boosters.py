"""Route of XGBoost, LightGBM and CatBoost: the cross-entropy with probability rows as objective.

X is passed on unchanged. XGBoost and LightGBM get gradients and hessians of their own log-loss,
taken against rows instead of labels, and predict probabilities as usual: exact. CatBoost has
objectives of its own. A library is recognised if it has been imported; nothing here imports one.
"""

import sys
from functools import partial

import numpy as np
from scipy.special import expit
from sklearn.base import clone

from .._class_weight import apply_class_weight
from . import _weighted_rows
from ._boosters_catboost import fit_catboost, make_placeholder_labels

# Lower bound of hessians; smaller values change no result of the libraries.
TINY = 1e-16


def handles(estimator, targets, sample_weight):
    """Whether `estimator` is a classifier of a boosting library, with its log-loss."""
    return targets.ndim == 2 and _find_booster(estimator) is not None and _is_plain(estimator)


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Boost on the probability rows; other keywords, e.g. validation sets, need weighted rows."""
    fit_booster, allowed = _find_booster(estimator)
    params, repeated = estimator.get_params(), clone(estimator)
    fit_repeated = partial(
        _weighted_rows.fit,
        repeated,
        X,
        targets,
        sample_weight=sample_weight,
        fit_params=fit_params,
        seed=seed,
    )
    too_few = len(targets) < 2 * (params.get("min_child_samples") or 0)
    if set(fit_params) - allowed or too_few:
        return fit_repeated()
    class_weight = params.get("class_weight")
    if params.get("scale_pos_weight") is not None and targets.shape[1] == 2:
        class_weight = {1: params["scale_pos_weight"]}
    rows, weights = apply_class_weight(targets, sample_weight, class_weight, counts_weighted=False)
    fit_params = {**fit_params, "sample_weight": sample_weight}
    try:
        return fit_booster(estimator, X, rows, weights, fit_params)
    except Exception as error:
        # LightGBM drops features that it cannot split. If none is left, it predicts a constant,
        # but refuses objectives other than its own.
        if "num_features" not in str(error):
            raise
    return fit_repeated()


def _find_booster(estimator):
    """Return the function that fits `estimator` and the `fit` keywords it allows, or None."""
    boosters = {
        ("xgboost", "XGBClassifier"): (_fit_xgboost, {"verbose", "feature_weights"}),
        ("lightgbm", "LGBMClassifier"): (_fit_lightgbm, {"categorical_feature", "feature_name"}),
        ("catboost", "CatBoostClassifier"): (fit_catboost, {"verbose", "silent"}),
    }
    for (module, name), found in boosters.items():
        library = sys.modules.get(module)
        if library is not None and type(estimator) is getattr(library, name, None):
            return found
    return None


def _is_plain(estimator):
    """Whether no parameter depends on labels, or on how the library itself starts."""
    params = estimator.get_params()
    allowed_values = {
        "objective": (None, "binary", "multiclass", "binary:logistic", "multi:softprob"),
        "loss_function": (None, "Logloss", "MultiClass"),
        "boosting_type": (None, "gbdt", "Plain", "Ordered"),
        "booster": (None, "gbtree"),
        "multi_strategy": (None, "one_output_per_tree"),
    }
    refused = ("is_unbalance", "linear_tree", "boosting", "sigmoid", "class_weights")
    refused += ("auto_class_weights", "early_stopping_rounds", "eval_metric")
    refused += ("class_names", "classes_count")
    return all(params.get(name) in allowed for name, allowed in allowed_values.items()) and not any(
        params.get(name) for name in refused
    )


def _compute_gradients(scores, rows, weights, scale):
    """Return gradients and hessians of the cross-entropy, in the shape of `scores`."""
    if rows.shape[1] == 2:
        proba, targets = expit(scores.reshape(-1)), rows[:, 1]
    else:
        proba = scores - scores.max(axis=1, keepdims=True)
        np.exp(proba, out=proba)
        proba /= proba.sum(axis=1, keepdims=True)
        targets = rows
    gradients, hessians = proba - targets, proba * (scale * (1 - proba))
    if weights is not None and len(weights):
        weights = weights if rows.shape[1] == 2 else np.asarray(weights)[:, None]
        gradients *= weights
        hessians *= weights
    return gradients, np.maximum(hessians, TINY)


def _fit_xgboost(estimator, X, rows, weights, fit_params):
    n_classes = rows.shape[1]
    rows32 = rows.astype(np.float32)

    # XGBoost bins features by the weights of samples alone, so class weights enter here.
    def objective(y_true, y_pred, sample_weight=None):
        return _compute_gradients(y_pred, rows32, weights, 1.0 if n_classes == 2 else 2.0)

    given = estimator.get_params()
    changed = {"objective": objective}
    prior = np.average(rows, axis=0, weights=weights)
    if given.get("scale_pos_weight") is not None:
        changed["scale_pos_weight"] = None
        if n_classes == 2 and given["scale_pos_weight"] != 1:
            # Then XGBoost starts from one Newton step instead of the frequency.
            prior[1] = expit(4 * (prior[1] - 0.5))
    if given.get("base_score") is None:
        # XGBoost would start from the frequencies of the placeholder labels.
        changed["base_score"] = _xgboost_base_score(prior)
    estimator.set_params(**changed)
    estimator.fit(X, make_placeholder_labels(len(rows), n_classes), **fit_params)
    for name in changed:
        # `set_params` would change the fitted booster, too.
        setattr(estimator, name, given.get(name))
    estimator.objective = "binary:logistic" if n_classes == 2 else "multi:softprob"
    return estimator


def _xgboost_base_score(prior):
    if len(prior) == 2:
        return float(prior[1])
    version = tuple(int(number) for number in sys.modules["xgboost"].__version__.split(".")[:2])
    if version < (3, 1):
        return 0.5  # one start for all classes, which cancels out, as it does for labels
    logs = np.log(prior)
    return (logs - logs.mean()).tolist()


def _fit_lightgbm(estimator, X, rows, weights, fit_params):
    n_samples, n_classes = rows.shape
    prior = np.average(rows, axis=0, weights=weights)
    start = np.log(prior) if n_classes > 2 else np.log(prior[1:] / prior[:1])
    scale = n_classes / (n_classes - 1) if n_classes > 2 else 1.0
    # LightGBM stores scores class by class; so the columns are contiguous here, too.
    columns = np.asfortranarray(rows)

    def objective(y_true, y_pred, weight):
        return _compute_gradients(y_pred, columns, weight, scale)

    given = estimator.get_params()
    estimator.set_params(objective=objective, class_weight=None)
    estimator.fit(
        X,
        make_placeholder_labels(n_samples, n_classes),
        init_score=np.tile(start, (n_samples, 1)) if n_classes > 2 else np.repeat(start, n_samples),
        **{**fit_params, "sample_weight": weights},
    )
    estimator.set_params(objective=given["objective"], class_weight=given["class_weight"])
    estimator._objective = "multiclass" if n_classes > 2 else "binary"
    name = f"multiclass num_class:{n_classes}" if n_classes > 2 else "binary sigmoid:1"
    estimator._Booster = _with_objective(estimator.booster_, start, name)
    return estimator


def _with_objective(booster, start, name):
    """Return a LightGBM model with an objective, and with its start added to the first trees."""
    first = booster.dump_model(num_iteration=1)["tree_info"]
    for tree, shift in zip(first, start, strict=True):
        for leaf in range(tree["num_leaves"]):
            value = booster.get_leaf_output(tree["tree_index"], leaf)
            booster.set_leaf_output(tree["tree_index"], leaf, value + shift)
    text = booster.model_to_string(num_iteration=-1)
    head, tail = text.split("feature_names=", 1)
    return type(booster)(model_str=f"{head}objective={name}\nfeature_names={tail}")
