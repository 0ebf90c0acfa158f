"""Validate the predictions of fitted estimators; errors name the estimator and its method."""

import numpy as np

from ..utils._arrays import plain_numbers
from ..utils._nets import final_step, is_net
from ..utils._probabilities import check_probabilities


def check_scores(scores, model, n_samples):
    """Validate the numbers of `model.predict`; return them as finite float64 (n_samples,)."""
    name = f"{type(final_step(model)).__name__}.predict"
    scores = plain_numbers(scores, name=f"the result of {name}")
    if scores.shape == (n_samples, 1):
        scores = scores[:, 0]
    if scores.shape != (n_samples,):
        raise ValueError(
            f"{name} returned shape {scores.shape} for {n_samples} rows; expected one number per "
            f"row, shape ({n_samples},)."
        )
    if not np.all(np.isfinite(scores)):
        raise ValueError(
            f"{name} returned NaN or infinite values: its training probably diverged; scale X and "
            "y, or lower the learning rate."
        )
    return scores


def check_codes(codes, model, n_samples, n_classes):
    """Validate the classes of `model.predict`; return them as class indices (n_samples,)."""
    name = f"{type(final_step(model)).__name__}.predict"
    codes = plain_numbers(codes, name=f"the result of {name}")
    if codes.ndim == 2 and codes.shape[1] > 1:  # a plain skorch net predicts its outputs
        codes = codes.argmax(axis=1)
    if codes.shape == (n_samples, 1):
        codes = codes[:, 0]
    if codes.shape != (n_samples,):
        raise ValueError(
            f"{name} returned shape {codes.shape} for {n_samples} rows; expected one class per "
            f"row, shape ({n_samples},)."
        )
    # NaN is not equal to any class, so it is refused too.
    unknown = ~np.isin(codes, np.arange(n_classes))
    if unknown.any():
        raise ValueError(
            f"{name} returned {codes[unknown][0]:.6g}; expected one of the class indices 0 to "
            f"{n_classes - 1} that it was trained on."
        )
    return codes.astype(np.intp)


def check_proba(proba, model, n_samples, n_columns):
    """Validate `model.predict_proba`; return rows that sum to 1, in the order of class indices."""
    last = final_step(model)
    name = f"{type(last).__name__}.predict_proba"
    proba = plain_numbers(proba, name=f"the result of {name}")
    if proba.shape != (n_samples, n_columns):
        raise ValueError(
            f"{name} returned shape {proba.shape} for {n_samples} rows and {n_columns} classes; "
            f"expected shape ({n_samples}, {n_columns})."
            + (" Give the module one output for each class." if is_net(last) else "")
        )
    if not np.all(np.isfinite(proba)):
        raise ValueError(
            f"{name} returned NaN or infinite values: its training probably diverged; scale X, or "
            "lower the learning rate."
        )
    hint = (
        " skorch turns raw outputs into probabilities only for a criterion that is an "
        "nn.CrossEntropyLoss: use that, or set predict_nonlinearity."
        if is_net(last)
        else " Wrap it in CalibratedClassifierCV."
    )
    proba = check_probabilities(proba, f"{name} returned", tolerance=0.02, hint=hint)
    classes = getattr(model, "classes_", None)
    if classes is None or is_net(last):
        return proba
    return proba[:, _class_order(classes, type(last).__name__, n_columns)]


def _class_order(classes, name, n_classes):
    """Return the position of each class index in an estimator's `classes_`."""
    classes = np.asarray(classes)
    if not np.array_equal(np.sort(classes), np.arange(n_classes)):
        raise ValueError(
            f"{name}.classes_ is {classes.tolist()} after training on the class indices 0 to "
            f"{n_classes - 1}; expected these, in the order of the columns of predict_proba."
        )
    return np.argsort(classes)
