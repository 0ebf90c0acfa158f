"""Route of XGBoost, LightGBM and CatBoost: the cross-entropy with probability rows as objective.

X goes in as it is. XGBoost and LightGBM take gradients and hessians from here, those of their own
log-loss with rows instead of labels, and predict probabilities as ever: exact. CatBoost has
objectives of its own. The libraries are recognised where they were imported; nothing here imports
them.
"""

import sys

import numpy as np
from scipy.special import expit

from . import _weighted_rows
from ._boosters_catboost import fit_catboost
from ._row_weights import any_labels, weigh_rows

NAME = "boosters"

# Hessians below this are no news to any of the libraries.
TINY = 1e-16


def handles(estimator):
    """Whether `estimator` is a classifier of a boosting library, with its log-loss."""
    fit_booster = _fit_of(estimator)
    return fit_booster is not None and _is_plain(estimator)


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Boost on the probability rows; validation sets and init scores go with weighted rows."""
    fit_booster, harmless = _fit_of(estimator)
    many = targets.shape[1] > 2
    params = estimator.get_params()
    # LightGBM drops features that it cannot split, and takes no objective where none is left.
    too_few = len(targets) < 2 * (params.get("min_child_samples") or 0)
    if set(fit_params) - harmless or too_few:
        return _weighted_rows.fit(
            estimator,
            X,
            targets,
            sample_weight=sample_weight,
            fit_params=fit_params,
            seed=seed,
        )
    class_weight = params.get("class_weight")
    if params.get("scale_pos_weight") is not None and not many:
        class_weight = {1: params["scale_pos_weight"]}
    rows, weights = weigh_rows(targets, sample_weight, class_weight, counts_weighted=False)
    given = {**fit_params, "sample_weight": sample_weight}
    return fit_booster(estimator, X, rows, weights, given)


def _fit_of(estimator):
    """Return the function that fits `estimator` and the `fit` keywords it may get, or None."""
    for module, name, found in (
        ("xgboost", "XGBClassifier", (_fit_xgboost, {"verbose", "feature_weights"})),
        ("lightgbm", "LGBMClassifier", (_fit_lightgbm, {"categorical_feature", "feature_name"})),
        ("catboost", "CatBoostClassifier", (fit_catboost, {"verbose", "silent"})),
    ):
        library = sys.modules.get(module)
        if library is not None and type(estimator) is getattr(library, name, None):
            return found
    return None


def _is_plain(estimator):
    """Whether nothing is asked for that hangs on labels, or on the library's own start."""
    params = estimator.get_params()
    ordinary = {
        "objective": (None, "binary", "multiclass", "binary:logistic", "multi:softprob"),
        "loss_function": (None, "Logloss", "MultiClass"),
        "boosting_type": (None, "gbdt", "Plain", "Ordered"),
        "booster": (None, "gbtree"),
        "multi_strategy": (None, "one_output_per_tree"),
    }
    label_bound = ("is_unbalance", "linear_tree", "boosting", "sigmoid", "class_weights")
    label_bound += ("auto_class_weights", "early_stopping_rounds", "eval_metric")
    label_bound += ("class_names", "classes_count")
    return all(params.get(name) in allowed for name, allowed in ordinary.items()) and not any(
        params.get(name) for name in label_bound
    )


def _newton(scores, rows, weights, scale):
    """Return gradients and hessians of the cross-entropy, shaped as `scores`."""
    if rows.shape[1] == 2:
        proba, wanted = expit(scores.reshape(-1)), rows[:, 1]
    else:
        proba = scores - scores.max(axis=1, keepdims=True)
        np.exp(proba, out=proba)
        proba /= proba.sum(axis=1, keepdims=True)
        wanted = rows
    gradients, hessians = proba - wanted, proba * (scale * (1 - proba))
    if weights is not None and len(weights):
        weights = weights if rows.shape[1] == 2 else np.asarray(weights)[:, None]
        gradients *= weights
        hessians *= weights
    return gradients, np.maximum(hessians, TINY)


def _fit_xgboost(estimator, X, rows, weights, fit_params):
    n_classes = rows.shape[1]
    rows32 = rows.astype(np.float32)

    # The library bins by weights of samples, not by those of classes.
    def objective(y_true, y_pred, sample_weight=None):
        return _newton(y_pred, rows32, weights, 1.0 if n_classes == 2 else 2.0)

    given = estimator.get_params()
    changed = {"objective": objective}
    prior = np.average(rows, axis=0, weights=weights)
    if given.get("scale_pos_weight") is not None:
        changed["scale_pos_weight"] = None
        if n_classes == 2 and given["scale_pos_weight"] != 1:
            # Then the library starts from one Newton step instead of the frequency.
            prior[1] = expit(4 * (prior[1] - 0.5))
    if given.get("base_score") is None:
        # Where the library would start from the labels' frequencies.
        changed["base_score"] = _xgboost_start(prior)
    estimator.set_params(**changed)
    estimator.fit(X, any_labels(len(rows), n_classes), **fit_params)
    for name in changed:
        # On a fitted estimator, `set_params` would tell the booster.
        setattr(estimator, name, given.get(name))
    estimator.objective = "binary:logistic" if n_classes == 2 else "multi:softprob"
    return estimator


def _xgboost_start(prior):
    if len(prior) == 2:
        return float(prior[1])
    version = tuple(int(part) for part in sys.modules["xgboost"].__version__.split(".")[:2])
    if version < (3, 1):
        return 0.5  # one start for all classes, which cancels out, as for labels
    logs = np.log(prior)
    return (logs - logs.mean()).tolist()


def _fit_lightgbm(estimator, X, rows, weights, fit_params):
    n_samples, n_classes = rows.shape
    prior = np.average(rows, axis=0, weights=weights)
    start = np.log(prior) if n_classes > 2 else np.log(prior[1:] / prior[:1])
    scale = n_classes / (n_classes - 1) if n_classes > 2 else 1.0
    # The library keeps scores class by class.
    by_class = np.asfortranarray(rows)

    def objective(y_true, y_pred, weight):
        return _newton(y_pred, by_class, weight, scale)

    given = estimator.get_params()
    estimator.set_params(objective=objective, class_weight=None)
    estimator.fit(
        X,
        any_labels(n_samples, n_classes),
        init_score=np.tile(start, (n_samples, 1)) if n_classes > 2 else np.repeat(start, n_samples),
        **{**fit_params, "sample_weight": weights},
    )
    estimator.set_params(objective=given["objective"], class_weight=given["class_weight"])
    estimator._objective = "multiclass" if n_classes > 2 else "binary"
    name = f"multiclass num_class:{n_classes}" if n_classes > 2 else "binary sigmoid:1"
    estimator._Booster = _with_objective(estimator.booster_, start, name)
    return estimator


def _with_objective(booster, start, name):
    """Return a LightGBM model that knows its objective, and its start, which trees do not hold."""
    first = booster.dump_model(num_iteration=1)["tree_info"]
    for tree, shift in zip(first, start, strict=True):
        for leaf in range(tree["num_leaves"]):
            value = booster.get_leaf_output(tree["tree_index"], leaf)
            booster.set_leaf_output(tree["tree_index"], leaf, value + shift)
    text = booster.model_to_string(num_iteration=-1)
    head, line = text.split("feature_names=", 1)
    return type(booster)(model_str=f"{head}objective={name}\nfeature_names={line}")
