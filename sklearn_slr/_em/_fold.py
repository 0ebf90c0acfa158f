"""One fold: fit a model on some rows, predict the others."""

import contextlib
import inspect
import math
from dataclasses import dataclass, replace

import numpy as np

from .._nets.stacked._fit import fit_stacked
from ..soft_targets._fit import fit_targets
from ..utils._inputs import as_indexable, check_lengths
from ..utils._nets import final_student, is_net
from ..utils._random import derive_seed
from ..utils._sklearn import _safe_split, index_method_params

# Part of a seed's address: what the seed is for.
SPLIT, FIT, AUGMENT = 0, 1, 2
_BYTES_PER_PASS = 2**30


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


def predict_folds(
    task, *, estimators, X, targets, observed, sample_weight, fit_params, augmentations, X_val
):
    """Fit the models of some folds of one teacher and predict: the task of a worker.

    Parameters
    ----------
    task : (list of Fold, list of FoldFile or None, bool)
        The folds; the files that keep their results; whether to train the models in one pass.
    estimators, X, targets, ...
        As in `EStep`.

    Returns
    -------
    list of (prediction, validation, stacked)
        For each fold the predictions of its test rows and of the clean set (or None), and
        whether its model was trained together with others.
    """
    folds, files, together = task
    estimator = estimators[folds[0].address[-1]]
    given = (estimator, X, targets, observed, sample_weight, fit_params)
    # A worker may have died after it had written a result.
    results = [None if file is None else file.refresh().read() for file in files]
    missing = [k for k, result in enumerate(results) if result is None]
    models = [None] * len(missing)
    if together and missing:
        models = fit_folds_together([folds[k] for k in missing], *given)
    for k, model in zip(missing, models, strict=True):
        fold, file = folds[k], files[k]
        with note_fold(fold):
            fitted = fit_fold(fold, *given) if model is None else model
            prediction = predict_test_rows(
                fold, fitted, estimator, X, targets, observed, sample_weight, augmentations
            )
            validation = _predict_validation(fold, fitted, targets, X_val)
        results[k] = (prediction, validation, model is not None)
        # A worker on another machine may not see the folder: then the parent writes.
        if file is not None and file.folder.is_dir():
            file.write(*results[k])
    return results


@contextlib.contextmanager
def note_fold(fold):
    """Add to an error a note that says in which fold it was raised."""
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


def fit_folds_together(
    folds, estimator, X, targets, observed=None, sample_weight=None, fit_params=None
):
    """Fit nets of several folds in as few passes as memory allows.

    Returns
    -------
    list of FittedTargets or None
        None for each fold that `fit_fold` has to fit alone.
    """
    models = [None] * len(folds)
    if fit_params or not is_net(final_student(estimator)):
        return models
    able = [
        k
        for k, fold in enumerate(folds)
        if targets.ndim == 1
        or present_classes(fold.train, targets, observed, sample_weight).sum() > 1
    ]
    n_passes = count_passes(len(able), X)
    for group in (able[i::n_passes] for i in range(n_passes)):
        fitted = _fit_one_pass([folds[k] for k in group], estimator, X, targets, sample_weight)
        for k, model in zip(group, fitted, strict=True):
            models[k] = model
    return models


def count_passes(n_folds, X):
    """Return the number of passes: each holds a copy of the training rows of its folds."""
    folds_per_pass = max(1, _BYTES_PER_PASS // max(1, getattr(X, "nbytes", 0)))
    return math.ceil(n_folds / folds_per_pass)


def _fit_one_pass(folds, estimator, X, targets, sample_weight):
    trains, rows, weights = [fold.train for fold in folds], [None] * len(folds), None
    if sample_weight is not None:
        rows = [np.flatnonzero(sample_weight[train] > 0) for train in trains]
        trains = [train[kept] for train, kept in zip(trains, rows, strict=True)]
        weights = [sample_weight[train] for train in trains]
        # Weights of one only pick out rows.
        weights = [None if np.all(weight == 1) else weight for weight in weights]
    fitted = fit_stacked(
        estimator,
        [_safe_split(estimator, X, None, train)[0] for train in trains],
        [targets[train] for train in trains],
        [derive_seed(fold.seed, FIT) for fold in folds],
        sample_weights=weights,
    )
    models = []
    for fold, model, kept in zip(folds, fitted, rows, strict=True):
        all_rows = kept is None or len(kept) == len(fold.train)
        models.append(model if model is None or all_rows else replace(model, rows=kept))
    return models


def pair_with_all_rows(fitted, fold):
    """Return a fold's model for kernel matrices whose columns are all rows, not the fold's."""
    return replace(fitted, rows=fold.train if fitted.rows is None else fold.train[fitted.rows])


def present_classes(train, targets, observed, sample_weight):
    """Return which classes (C,) the training rows know: observed there, and not refined away."""
    rows = train if sample_weight is None else train[sample_weight[train] > 0]
    present = (targets[rows] > 0).any(axis=0)
    if observed is not None:
        present &= (observed[rows] > 0).any(axis=0)
    return present


def keep_absent_classes(fold, prediction, targets, observed, sample_weight):
    """Keep the current mass of classes that the training fold lacks.

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


def predict_test_rows(fold, fitted, estimator, X, targets, observed, sample_weight, augmentations):
    """Average the predictions of the test rows and of their augmented copies."""
    X_test = _safe_split(estimator, X, None, fold.test, fold.train)[0]
    if fitted is None:
        return targets[fold.test]
    predictions, n_rows = [fitted.predict(X_test)], check_lengths(X_test)
    for i, augment in enumerate(augmentations):
        keywords = {}
        if "random_state" in inspect.signature(augment).parameters:
            keywords["random_state"] = derive_seed(fold.seed, AUGMENT, i)
        changed = augment(X_test, **keywords)
        changed = None if changed is None else as_indexable(changed)
        if changed is None or check_lengths(changed) != n_rows:
            got = "None" if changed is None else f"{check_lengths(changed)} rows"
            raise ValueError(
                f"augmentations[{i}] returned {got} for {n_rows} rows of X: return one changed "
                "row for each."
            )
        predictions.append(fitted.predict(changed))
    prediction = np.mean(predictions, axis=0)
    return keep_absent_classes(fold, prediction, targets, observed, sample_weight)


def _predict_validation(fold, fitted, targets, X_val):
    """Predict the clean set; a fold of one class predicts its mean target."""
    if X_val is None:
        return None
    if fitted is not None:
        return pair_with_all_rows(fitted, fold).predict(X_val)
    mean = targets[fold.train].mean(axis=0)
    return np.broadcast_to(mean, (check_lengths(X_val), targets.shape[1]))
