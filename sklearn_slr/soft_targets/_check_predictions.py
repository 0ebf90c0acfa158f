"""What fitted estimators answered, checked: the answer that was meant, or whose it was not."""

import numpy as np

from ..utils._arrays import plain_numbers
from ..utils._nets import final_step, is_net


def check_scores(scores, model, n_samples):
    """Return what `model.predict` answered as finite float64 scores (n_samples,)."""
    name = f"{type(final_step(model)).__name__}.predict"
    scores = _numbers(scores, name)
    if scores.shape == (n_samples, 1):
        scores = scores[:, 0]
    if scores.shape != (n_samples,):
        raise ValueError(
            f"{name} returned shape {scores.shape} for {n_samples} rows; one number a row, shape "
            f"({n_samples},), is wanted."
        )
    if not np.all(np.isfinite(scores)):
        raise ValueError(
            f"{name} returned NaN or infinite values: its training probably diverged; scale X and "
            "y, or lower the learning rate."
        )
    return scores


def check_codes(codes, model, n_samples, n_classes):
    """Return what `model.predict` answered as class indices (n_samples,)."""
    name = f"{type(final_step(model)).__name__}.predict"
    codes = _numbers(codes, name)
    if codes.ndim == 2 and codes.shape[1] > 1:  # a plain skorch net predicts its outputs
        codes = codes.argmax(axis=1)
    if codes.shape == (n_samples, 1):
        codes = codes[:, 0]
    if codes.shape != (n_samples,):
        raise ValueError(
            f"{name} returned shape {codes.shape} for {n_samples} rows; one class a row, shape "
            f"({n_samples},), is wanted."
        )
    # NaN differs from everything, so that it is refused too.
    strange = ~np.isin(codes, np.arange(n_classes))
    if strange.any():
        raise ValueError(
            f"{name} returned {codes[strange][0]:.6g}; one of the class indices 0 to "
            f"{n_classes - 1} that it was trained on is wanted."
        )
    return codes.astype(np.intp)


def check_proba(proba, model, n_samples, n_columns):
    """Return finite float64 rows that sum to 1, in the order of the class indices."""
    last = final_step(model)
    name = f"{type(last).__name__}.predict_proba"
    proba = _numbers(proba, name)
    if proba.shape != (n_samples, n_columns):
        raise ValueError(
            f"{name} returned shape {proba.shape} for {n_samples} rows and {n_columns} classes; "
            f"shape ({n_samples}, {n_columns}) is wanted."
            + (" Give the module one output for each class." if is_net(last) else "")
        )
    if not np.all(np.isfinite(proba)):
        raise ValueError(
            f"{name} returned NaN or infinite values: its training probably diverged; scale X, or "
            "lower the learning rate."
        )
    total = proba.sum(axis=1, keepdims=True)
    if proba.min(initial=0) < -1e-6 or np.abs(total - 1).max(initial=0) > 0.02:
        raise ValueError(
            f"{name} returned rows that are not probabilities (smallest value {proba.min():.3g}, "
            f"row sums {total.min():.3g} to {total.max():.3g})."
            + (
                " skorch turns raw outputs into probabilities only for a criterion that is an "
                "nn.CrossEntropyLoss: use that, or set predict_nonlinearity."
                if is_net(last)
                else " Wrap it in CalibratedClassifierCV."
            )
        )
    # Rows that sum to 1 already are the estimator's own to the last bit.
    if proba.min(initial=0) < 0 or np.abs(total - 1).max(initial=0) > 1e-12:
        proba = np.clip(proba, 0, None)
        proba = proba / proba.sum(axis=1, keepdims=True)
    classes = getattr(model, "classes_", None)
    if classes is None or is_net(last):
        return proba
    return proba[:, _class_order(classes, type(last).__name__, n_columns)]


def _class_order(classes, name, n_classes):
    """Return where each class index stands in an estimator's `classes_`."""
    classes = np.asarray(classes)
    if not np.array_equal(np.sort(classes), np.arange(n_classes)):
        raise ValueError(
            f"{name}.classes_ is {classes.tolist()} after training on the class indices 0 to "
            f"{n_classes - 1}: these, in the order of the columns of predict_proba, are wanted."
        )
    return np.argsort(classes)


def _numbers(answer, name):
    """Return an answer as float64; tensors may carry a gradient."""
    return plain_numbers(answer, name=f"the answer of {name}")
