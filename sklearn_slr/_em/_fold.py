"""One fold: fit a model on some rows, predict the others."""

import contextlib
import inspect
import math
from dataclasses import dataclass, replace

import numpy as np

from .._nets.stacked._fit import fit_stacked
from ..soft_targets._fit import fit_targets
from ..utils._inputs import as_indexable, check_lengths
from ..utils._nets import final_step, is_net
from ..utils._random import derive_seed
from ..utils._sklearn import _safe_split, index_method_params

# Part of a seed's address: what the seed is for.
SPLIT, FIT, AUGMENT, TRIAL = 0, 1, 2, 3
_BYTES_A_PASS = 2**30


@dataclass(frozen=True)
class Fold:
    """One model to fit: its rows and its seed.

    Parameters
    ----------
    address : tuple of int
        (round, repeat, fold, teacher).
    train, test : ndarray of int
        Rows to train on and rows to predict.
    seed : int
        Root of the seeds of the fit and of its augmentations.
    """

    address: tuple[int, ...]
    train: np.ndarray
    test: np.ndarray
    seed: int

    def __str__(self):
        round, repeat, k, teacher = self.address
        return f"round {round}, repeat {repeat}, fold {k}, teacher {teacher}"


def predict_fold(
    fold,
    estimator,
    X,
    targets,
    *,
    observed=None,
    sample_weight=None,
    fit_params=None,
    augmentations=(),
    X_val=None,
    fitted=None,
):
    """Fit one model on a fold's training rows; return its test and validation predictions."""
    with naming(fold):
        if fitted is None:
            fitted = fit_fold(fold, estimator, X, targets, observed, sample_weight, fit_params)
        X_test = _safe_split(estimator, X, None, fold.test, fold.train)[0]
        if fitted is None:
            prediction = targets[fold.test]
        else:
            prediction = _predict_augmented(fitted, X_test, augmentations, fold.seed)
            prediction = keep_absent(fold, prediction, targets, observed, sample_weight)
        if X_val is None:
            return prediction, None
        if fitted is None:
            return prediction, np.broadcast_to(
                targets[fold.train].mean(axis=0), (check_lengths(X_val), targets.shape[1])
            )
        return prediction, on_all_pairs(fitted, fold).predict(X_val)


@contextlib.contextmanager
def naming(fold):
    """Note in an error in which fold it was raised."""
    try:
        yield
    except Exception as error:
        error.add_note(f"Raised in {fold}.")
        raise


def fit_fold(fold, estimator, X, targets, observed=None, sample_weight=None, fit_params=None):
    """Fit a clone on a fold's training rows; None where these hold one class only."""
    train = fold.train
    if targets.ndim == 2 and present_classes(train, targets, observed, sample_weight).sum() < 2:
        return None
    return fit_targets(
        estimator,
        _safe_split(estimator, X, None, train)[0],
        targets[train],
        sample_weight=None if sample_weight is None else sample_weight[train],
        fit_params=index_method_params(targets, fit_params or {}, train),
        seed=derive_seed(fold.seed, FIT),
    )


def fit_together(folds, estimator, X, targets, observed=None, sample_weight=None, fit_params=None):
    """Fit the models of folds in as few passes as memory lets; None for each left to `fit_fold`."""
    models = [None] * len(folds)
    if fit_params or not is_net(final_step(estimator)):
        return models
    able = [
        k
        for k, fold in enumerate(folds)
        if targets.ndim == 1
        or present_classes(fold.train, targets, observed, sample_weight).sum() > 1
    ]
    n_passes = count_passes(len(able), X)
    for own in (able[i::n_passes] for i in range(n_passes)):
        found = _fit_pass([folds[k] for k in own], estimator, X, targets, sample_weight)
        for k, model in zip(own, found, strict=True):
            models[k] = model
    return models


def count_passes(n_folds, X):
    """Return how many passes folds are to be fitted in: one holds the training rows of its own."""
    at_once = max(1, _BYTES_A_PASS // max(1, getattr(X, "nbytes", 0)))
    return math.ceil(n_folds / at_once)


def _fit_pass(folds, estimator, X, targets, sample_weight):
    trains, rows, weights = [fold.train for fold in folds], [None] * len(folds), None
    if sample_weight is not None:
        rows = [np.flatnonzero(sample_weight[train] > 0) for train in trains]
        trains = [train[own] for train, own in zip(trains, rows, strict=True)]
        weights = [_weights_of(sample_weight[train]) for train in trains]
    fitted = fit_stacked(
        estimator,
        [_safe_split(estimator, X, None, train)[0] for train in trains],
        [targets[train] for train in trains],
        [derive_seed(fold.seed, FIT) for fold in folds],
        sample_weights=weights,
    )
    models = []
    for fold, model, own in zip(folds, fitted, rows, strict=True):
        whole = own is None or len(own) == len(fold.train)
        models.append(model if model is None or whole else replace(model, rows=own))
    return models


def _weights_of(weight):
    """Return None where all are one: rows were picked out, and that is all."""
    return None if np.all(weight == 1) else weight


def on_all_pairs(fitted, fold):
    """Return a fold's model for matrices that pair with all rows, not only with the fold's own."""
    return replace(fitted, rows=fold.train if fitted.rows is None else fold.train[fitted.rows])


def present_classes(train, targets, observed, sample_weight):
    """Which classes the training rows know: observed in one of them, and not refined away."""
    rows = train if sample_weight is None else train[sample_weight[train] > 0]
    present = (targets[rows] > 0).any(axis=0)
    if observed is not None:
        present &= (observed[rows] > 0).any(axis=0)
    return present


def keep_absent(fold, prediction, targets, observed, sample_weight):
    """Leave held-out rows their current mass of classes that their training fold lacks.

    A model cannot give mass to a class that it has never seen, and that says nothing about the
    row. The other classes share what is left, as predicted.
    """
    if targets.ndim == 1:
        return prediction
    present = present_classes(fold.train, targets, observed, sample_weight)
    if present.all():
        return prediction
    kept = np.array(targets[fold.test])
    known = prediction[:, present]
    total = known.sum(axis=1, keepdims=True)
    free = kept[:, present].sum(axis=1, keepdims=True)
    share = np.divide(known, total, out=np.zeros_like(known), where=total > 0)
    kept[:, present] = np.where(total > 0, free * share, kept[:, present])
    return kept


def _predict_augmented(fitted, X, augmentations, seed):
    """Average the predictions on X and on every augmented X."""
    predictions, n_rows = [fitted.predict(X)], check_lengths(X)
    for i, augment in enumerate(augmentations):
        keywords = {}
        if "random_state" in inspect.signature(augment).parameters:
            keywords["random_state"] = derive_seed(seed, AUGMENT, i)
        changed = augment(X, **keywords)
        changed = None if changed is None else as_indexable(changed)
        if changed is None or check_lengths(changed) != n_rows:
            got = "None" if changed is None else f"{check_lengths(changed)} rows"
            raise ValueError(
                f"augmentations[{i}] returned {got} for {n_rows} rows of X: one changed row for "
                "each is wanted."
            )
        predictions.append(fitted.predict(changed))
    return np.mean(predictions, axis=0)
