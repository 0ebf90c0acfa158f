"""E step: out-of-fold predictions of models that are trained on soft targets.

``folds -> run -> combine``: draw the folds of a round, run them wherever joblib runs, average
what they predict.
"""

import contextlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from joblib import effective_n_jobs

from .._nets.stacked._fit import can_stack
from .._running._checkpoint import run_missing_folds
from .._running._parallel import run_tasks
from .._running._progress import SILENT, Progress
from ..utils._random import derive_seed
from ._fold import SPLIT, Fold, count_passes, predict_folds


@dataclass(frozen=True)
class OutOfFold:
    """The result of one E step.

    Parameters
    ----------
    predictions : ndarray of shape (n_samples, C) or (n_samples,)
        Mean of each row's out-of-fold predictions; its target where it was never held out.
    held_out : ndarray of bool of shape (n_samples,)
        Whether the row was held out.
    validation : ndarray of shape (n_validation, C) or (n_validation,), or None
        Mean prediction of all fold models on the clean set.
    n_fits : int
        Number of models fitted.
    stacked : bool, default=False
        Whether models of several folds were trained in one pass.
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
    locate_files : callable, default=None
        ``locate_files(folds, targets, sample_weight, has_validation) -> list of FoldFile``: where
        the results of finished folds are kept, and found again.
    progress : Progress, default=SILENT
        The task whose subtasks are rounds.
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
    locate_files: object = None
    progress: Progress = SILENT

    def draw_folds(self, round):
        """Draw the folds of a round; every teacher gets the same splits."""
        return [
            Fold(address, train, test, derive_seed(self.root, *address))
            for repeat in range(self.n_repeats)
            for k, (train, test) in enumerate(
                self.draw_splits(derive_seed(self.root, round, repeat, SPLIT))
            )
            for address in [(round, repeat, k, teacher) for teacher in range(len(self.estimators))]
        ]

    def __call__(self, targets, round):
        """Predict every row by models that were trained on `targets` without it: `OutOfFold`.

        The number of the round is part of all seeds.
        """
        folds = self.draw_folds(round)
        files = [None] * len(folds)
        if self.locate_files is not None:
            has_validation = self.X_val is not None
            files = self.locate_files(folds, targets, self.sample_weight, has_validation)
        results = [None] * len(folds)
        with self.progress.task("round", len(folds)) as progress:
            if self.locate_files is None:
                finished = self._run(folds, files, targets, range(len(folds)))
            else:
                finished = run_missing_folds(
                    files, lambda missing: self._run(folds, files, targets, missing)
                )
            with contextlib.closing(finished):
                for k, result in finished:
                    results[k] = result
                    progress.finish_subtask("fold", k)
        predictions, validations, stacked = zip(*results, strict=True)
        oof, held_out = combine_folds(folds, predictions, targets)
        validation = None if self.X_val is None else np.mean(validations, axis=0)
        return OutOfFold(oof, held_out, validation, len(folds), any(stacked))

    def _run(self, folds, files, targets, selected):
        """Yield the index and result of each selected fold, as they are finished."""
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
        groups = self._group(folds, selected, targets)
        tasks = [
            ([folds[k] for k in group], [files[k] for k in group], together)
            for group, together in groups
        ]
        finished = run_tasks(
            predict_folds, tasks, shared, n_jobs=self.n_jobs, describe=_describe_folds
        )
        with contextlib.closing(finished):
            for i, results in finished:
                yield from zip(groups[i][0], results, strict=True)

    def _group(self, folds, selected, targets):
        """Return which folds make one task, and whether their nets are trained in one pass.

        Each model is the same to the bit, whichever folds are in its pass.
        """
        groups = []
        for teacher, estimator in enumerate(self.estimators):
            own = [k for k in selected if folds[k].address[-1] == teacher]
            together = bool(own) and self.stack_folds and not self.fit_params
            together = together and can_stack(estimator, targets)
            n_groups = len(own)
            if together:  # a pass is a task, so that finished passes are kept
                n_jobs = effective_n_jobs(self.n_jobs)
                n_groups = min(len(own), max(count_passes(len(own), self.X), n_jobs))
            groups += [(own[i::n_groups], together) for i in range(n_groups)]
        return groups

    def of_student(self, student, fit_params):
        """Return the E step of the student alone, without augmentations and validation."""
        return replace(
            self, estimators=[student], fit_params=fit_params, augmentations=(), X_val=None
        )


def _describe_folds(task):
    return "; ".join(map(str, task[0]))


def combine_folds(folds, predictions, targets):
    """Average the folds' predictions of their test rows; other rows keep their targets.

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
                f"augmentations holds {augment!r}; expected callables X -> X', e.g. "
                "lambda X: X[:, ::-1]."
            )
    return augmentations
