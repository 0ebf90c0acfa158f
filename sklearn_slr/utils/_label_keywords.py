"""Class labels among the keywords of `fit`, encoded as the indices that estimators are fitted on.

Estimators are trained on class indices. The validation sets of boosters and nets, which users pass
to `fit` for early stopping, hold their own labels.
"""

import sys
from functools import partial

import numpy as np

from ._labels import encode_known_labels
from ._sklearn import safe_indexing

# Keywords that hold validation sets: one (X, y), or a list of them.
SETS = ("eval_set", "valid_set", "validation_data")
# Keywords that hold labels of validation sets alone.
LABELS = ("eval_y", "y_val", "y_valid", "y_eval", "Y_val")
# Keywords with a value for each row of the validation sets, in lists if there are several sets.
ROWS = (
    *("eval_X", "X_val", "X_valid", "X_eval", "eval_sample_weight", "eval_init_score"),
    *("sample_weight_val", "val_sample_weight", "sample_weight_eval_set", "base_margin_eval_set"),
)
CLASS_WEIGHTS = "eval_class_weight"


def encode_label_keywords(fit_params, classes, n_classes=None):
    """Encode the labels among the keywords of an estimator's `fit`.

    Parameters
    ----------
    fit_params : dict
        Keywords of `fit`, or of the steps of a Pipeline (``step__eval_set``); never changed.
    classes : ndarray of shape (C,)
        The labels that the estimator's class indices stand for.
    n_classes : int, default=None
        If `classes` are some of the indices 0..n_classes-1, as in a training fold that lacks a
        class: rows of the other indices are left out.

    Returns
    -------
    dict
        The keywords with class indices.

    Raises
    ------
    ValueError
        If a validation set holds a label that is not one of the classes, or only labels that
        are left out.
    """
    encoded = dict(fit_params)
    for name, value in fit_params.items():
        prefix, _, last = name.rpartition("__")
        prefix += "__" if prefix else ""
        encode = partial(_encode_labels, classes=classes, n_classes=n_classes, name=name)
        if value is None or last not in (*SETS, *LABELS, CLASS_WEIGHTS):
            continue
        if last == CLASS_WEIGHTS:
            encoded[name] = [_encode_keys(weights, classes) for weights in value]
            continue
        encode_one = encode if last in LABELS else partial(_encode_set, encode=encode)
        encoded[name], kept = _encode_each(value, encode_one, _holds_several(value, last))
        for other in (prefix + each for each in ROWS):
            if encoded.get(other) is not None:
                encoded[other] = _select_rows(encoded[other], kept)
    return encoded


def _holds_several(value, last):
    """Whether a keyword has a list or tuple of sets, or of arrays of labels."""
    if not isinstance(value, (list, tuple)) or not len(value):
        return False
    if last in LABELS:
        return not np.isscalar(value[0]) and value[0] is not None
    return isinstance(value, list) or isinstance(value[0], tuple)


def _encode_each(value, encode, several):
    """Return an encoded keyword, and for each of its sets the rows kept (None for all)."""
    if not several:
        encoded, kept = encode(value)
        return encoded, [kept]
    pairs = [encode(each) for each in value]
    return type(value)(encoded for encoded, _ in pairs), [kept for _, kept in pairs]


def _encode_set(given, encode):
    """Encode the labels of one validation set: (X, y), (X, y, weights), or CatBoost's Pool."""
    catboost = sys.modules.get("catboost")
    if catboost is not None and isinstance(given, catboost.Pool):
        return _encode_pool(given, encode, catboost.Pool)
    if not isinstance(given, (list, tuple)) or len(given) < 2 or given[1] is None:
        return given, None  # a path, a torch Dataset
    codes, kept = encode(given[1])
    X, *rest = (_select(each, kept) for each in (given[0], *given[2:]))
    return type(given)([X, codes, *rest]), kept


def _encode_pool(pool, encode, make_pool):
    """Return a pool with class indices; only one of numbers can be made anew."""
    labels = np.asarray(pool.get_label())
    codes, kept = encode(labels)
    if kept is None and np.array_equal(labels, codes):
        return pool, None
    pool = pool if kept is None else pool.slice(kept.tolist())
    try:
        features = pool.get_features()
    except Exception as error:
        raise TypeError(
            "eval_set is a Pool of features that are not all numbers, whose labels cannot be "
            "encoded as class indices: pass eval_set=(X, y)."
        ) from error
    options = {"weight": pool.get_weight(), "feature_names": pool.get_feature_names()}
    return make_pool(features, codes, **options), kept


def _encode_labels(labels, classes, n_classes, name):
    """Return class indices, and the rows that have one (None for all)."""
    if n_classes is None:
        return encode_known_labels(labels, classes, name=name), None
    codes = encode_known_labels(labels, np.arange(n_classes), name=name)
    kept = np.flatnonzero(np.isin(codes, classes))
    if not len(kept):
        raise ValueError(
            f"{name} holds no label of the {len(classes)} classes that a training fold has: give "
            "it rows of every class, or use fewer folds."
        )
    codes = np.searchsorted(classes, codes[kept])
    return codes, None if len(kept) == len(labels) else kept


def _encode_keys(weights, classes):
    if not isinstance(weights, dict):
        return weights
    index = {label: code for code, label in enumerate(classes.tolist())}
    return {index[label]: weight for label, weight in weights.items() if label in index}


def _select_rows(value, kept):
    """Select rows of a value for each set; a single set need not be in a list."""
    if isinstance(value, (list, tuple)) and len(value) == len(kept):
        return type(value)(_select(each, rows) for each, rows in zip(value, kept, strict=True))
    return _select(value, kept[0]) if len(kept) == 1 else value


def _select(value, rows):
    return value if rows is None or value is None else safe_indexing(value, rows)
