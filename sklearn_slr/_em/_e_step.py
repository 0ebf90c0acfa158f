"""E step: out-of-fold predictions of models that are trained on soft targets."""

import contextlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from joblib import effective_n_jobs

from .._nets.stacked._fit import can_stack
from .._running._checkpoint import Answer, Checkpoint
from .._running._parallel import run_tasks
from .._running._progress import SILENT, Progress
from ..utils._random import derive_seed
from ._fold import SPLIT, Fold, count_passes, fit_together, predict_fold


@dataclass(frozen=True)
class OutOfFold:
    """What one E step found.

    Parameters
    ----------
    predictions : ndarray of shape (n_samples, C) or (n_samples,)
        Mean of each row's out-of-fold predictions; its target where it was never held out.
    held_out : ndarray of bool of shape (n_samples,)
        Whether the row was held out at all.
    validation : ndarray of shape (n_validation, C) or (n_validation,), or None
        Mean prediction of all fold models on the clean set.
    n_fits : int
        Number of models fitted.
    stacked : bool, default=False
        Whether they were trained in one pass.
    """

    predictions: np.ndarray
    held_out: np.ndarray
    validation: np.ndarray | None
    n_fits: int
    stacked: bool = False


@dataclass(frozen=True)
class EStep:
    """Everything of an E step but the targets and the round.

    Parameters
    ----------
    estimators : list of estimator
        The teachers; their predictions are averaged.
    X : indexable
        Inputs.
    draw_splits : callable
        ``draw(seed) -> list of (train, test)``.
    root : int
        Root of all seeds.
    observed : ndarray of shape (n_samples, C), default=None
        Rows that say which classes a training fold has observed; None asks the targets only.
    n_repeats : int, default=1
        K-fold repeats.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weights of the training rows.
    fit_params : dict, default=None
        Keywords of the estimators' `fit`.
    augmentations : list of callable, default=()
        Transformations of X whose predictions are averaged in.
    X_val : indexable, default=None
        A clean set to predict; never sliced.
    n_jobs : int, default=None
        Folds fitted at once.
    stack_folds : bool, default=True
        Whether nets of all folds are trained in one pass where they can be.
    checkpoint : Checkpoint, default=None
        Where the answers of finished folds are kept, and found again.
    progress : Progress, default=SILENT
        The task that rounds are parts of.
    """

    estimators: list[Any]
    X: object
    draw_splits: object
    root: int
    observed: np.ndarray | None = None
    n_repeats: int = 1
    sample_weight: np.ndarray | None = None
    fit_params: dict[str, Any] | None = None
    augmentations: tuple[Any, ...] = ()
    X_val: object = None
    n_jobs: int | None = None
    stack_folds: bool = True
    checkpoint: Checkpoint | None = None
    progress: Progress = SILENT

    def folds(self, round):
        """Draw the folds of a round, every teacher on the same splits."""
        return [
            Fold(address, train, test, derive_seed(self.root, *address))
            for repeat in range(self.n_repeats)
            for k, (train, test) in enumerate(
                self.draw_splits(derive_seed(self.root, round, repeat, SPLIT))
            )
            for address in [(round, repeat, k, teacher) for teacher in range(len(self.estimators))]
        ]

    def __call__(self, targets, round):
        """Predict every row out of fold with models trained on `targets`."""
        folds = self.folds(round)
        with self.progress.task("round", len(folds)) as progress:
            answers = self._answer_all(folds, targets, progress)
        oof, held_out = combine(folds, [answer.prediction for answer in answers], targets)
        validation = None
        if self.X_val is not None:
            validation = np.mean([answer.validation for answer in answers], axis=0)
        stacked = any(answer.stacked for answer in answers)
        return OutOfFold(oof, held_out, validation, len(folds), stacked)

    def _answer_all(self, folds, targets, progress):
        """Return every fold's answer: kept ones as they are, the others from new models."""
        slots = [None] * len(folds)
        if self.checkpoint is not None:
            slots = self.checkpoint.slots(
                folds, targets, self.sample_weight, self.X_val is not None
            )
        answers = [None if slot is None else slot.read() for slot in slots]
        missing = [k for k, answer in enumerate(answers) if answer is None]
        for k in sorted({*range(len(folds))} - {*missing}):
            progress.done("fold", k)
        if not missing:
            return answers
        shared = {
            "estimators": self.estimators,
            "X": self.X,
            "targets": targets,
            "observed": self.observed,
            "sample_weight": self.sample_weight,
            "fit_params": self.fit_params,
            "augmentations": self.augmentations,
            "X_val": self.X_val,
        }
        parts = self._parts(folds, missing, targets)
        tasks = [([(slots[k], folds[k]) for k in part], together) for part, together in parts]
        new = run_tasks(_answer, tasks, shared, n_jobs=self.n_jobs, name=_name)
        with contextlib.closing(new):
            for i, found in new:
                for k, answer in zip(parts[i][0], found, strict=True):
                    answers[k] = answer
                    if slots[k] is not None:
                        slots[k].ensure(answer)
                    progress.done("fold", k)
        return answers

    def _parts(self, folds, missing, targets):
        """Return which of the missing folds are answered at once, and whether in one pass.

        Whichever folds are trained in one pass, each model is the same to the bit.
        """
        parts = []
        for teacher, estimator in enumerate(self.estimators):
            own = [k for k in missing if folds[k].address[-1] == teacher]
            together = bool(own) and self.stack_folds and not self.fit_params
            together = together and can_stack(estimator, targets)
            n_parts = len(own)
            if together:  # what is done stays done: each pass by itself
                n_jobs = effective_n_jobs(self.n_jobs)
                n_parts = min(len(own), max(count_passes(len(own), self.X), n_jobs))
            parts += [(own[i::n_parts], together) for i in range(n_parts)]
        return parts

    def of_student(self, student, fit_params):
        """Return the E step of the student alone, as it will predict: nothing else averaged."""
        return replace(
            self, estimators=[student], fit_params=fit_params, augmentations=(), X_val=None
        )


def _answer(task, *, estimators, **shared):
    """Predict some folds; keep each answer as soon as it is there, if its folder is in reach."""
    pairs, together = task
    # A worker may have died after its work was done.
    answers = [None if slot is None else slot.now().read() for slot, _ in pairs]
    left = [k for k, answer in enumerate(answers) if answer is None]
    folds = [pairs[k][1] for k in left]
    models = [None] * len(left)
    if together and left:
        models = fit_together(folds, **_for_fit(estimators, folds[0], shared))
    for k, fold, model in zip(left, folds, models, strict=True):
        found = predict_fold(fold, estimators[fold.address[-1]], fitted=model, **shared)
        answers[k] = Answer(*found, model is not None)
        slot = pairs[k][0]
        if slot is not None and slot.folder.is_dir():
            slot.write(answers[k])
    return answers


def _for_fit(estimators, fold, shared):
    names = ("X", "targets", "observed", "sample_weight", "fit_params")
    return {"estimator": estimators[fold.address[-1]], **{name: shared[name] for name in names}}


def _name(task):
    return "; ".join(str(fold) for _, fold in task[0])


def combine(folds, predictions, targets):
    """Average the predictions of held-out rows; rows never held out keep their targets.

    Parameters
    ----------
    folds : list of Fold
        The folds.
    predictions : list of ndarray
        For each fold the predictions of its test rows.
    targets : ndarray of shape (n_samples, C) or (n_samples,)
        What rows that are in no test fold keep.

    Returns
    -------
    oof : ndarray of the shape of targets
        Out-of-fold predictions.
    held_out : ndarray of bool of shape (n_samples,)
        Which rows were held out.
    """
    total = np.zeros_like(targets, dtype=np.float64)
    count = np.zeros(len(targets))
    for fold, prediction in zip(folds, predictions, strict=True):
        np.add.at(total, fold.test, prediction)
        np.add.at(count, fold.test, 1)
    held_out = count > 0
    # In place: with many classes each array of this shape counts.
    total /= np.maximum(count, 1).reshape((-1,) + (1,) * (targets.ndim - 1))
    total[~held_out] = targets[~held_out]
    if targets.ndim == 2:
        total /= total.sum(axis=1, keepdims=True)
    return total, held_out


def as_augmentations(augmentations):
    """Return a list of callables from None, a callable or a list of them."""
    if augmentations is None:
        return []
    augmentations = [augmentations] if callable(augmentations) else list(augmentations)
    for augment in augmentations:
        if not callable(augment):
            raise TypeError(
                f"augmentations holds {augment!r}; callables X -> X' are wanted, e.g. "
                "lambda X: X[:, ::-1]."
            )
    return augmentations
