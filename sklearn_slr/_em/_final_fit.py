"""The last step: students that learn from the refined labels, and predict."""

import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._nets.stacked._fit import can_stack
from .._running._parallel import run_tasks
from ..soft_targets._fit import fit_targets
from ..utils._nets import contains_net
from ..utils._random import derive_seed
from ..utils._sklearn import _safe_split
from ._e_step import combine
from ._fold import fit_fold, fit_together, naming, on_all_pairs

# Rounds count from 1; the final fit has the address 0, so that its seeds do not depend on T.
FINAL_ROUND = 0


@dataclass(frozen=True)
class Students:
    """Fitted students, whose mean prediction counts.

    Parameters
    ----------
    fitted : list of FittedTargets
        One student, or one for each fold.
    scores : ndarray of shape (n_samples, C) or (n_samples,), or None
        Out-of-fold predictions of models trained on the same labels, where they were asked for.
    held_out : ndarray of bool of shape (n_samples,), or None
        Which rows' scores are out of fold; the others' are their labels.
    n_fits : int, default=1
        Number of models fitted, those of the scores among them.
    """

    fitted: list[Any]
    scores: np.ndarray | None = None
    held_out: np.ndarray | None = None
    n_fits: int = 1

    def predict(self, X):
        """Return the mean prediction, (n_samples, C) or (n_samples,)."""
        if len(self.fitted) == 1:
            return self.fitted[0].predict(X)
        return np.mean([student.predict(X) for student in self.fitted], axis=0)


def fit_students(e_step, targets, *, final, with_scores):
    """Fit the students on the refined labels.

    Parameters
    ----------
    e_step : EStep
        The E step of the student alone: its rows, weights, folds and seeds are used.
    targets : ndarray of shape (n_samples, C) or (n_samples,)
        The labels to train on.
    final : {"refit", "folds"} or int
        One student on all rows, or one for each fold of a fresh split; an int says of how many
        folds, drawn at random.
    with_scores : bool
        Whether out-of-fold scores of such students are wanted, which cost "refit" one more pass.

    Returns
    -------
    Students
        The students, and the scores if wanted.
    """
    if final != "refit":
        return _fit_fold_students(e_step, targets)
    found = e_step(targets, FINAL_ROUND) if with_scores else None
    with e_step.progress.task("final fit", 0):
        student = fit_targets(
            e_step.estimators[0],
            e_step.X,
            targets,
            sample_weight=e_step.sample_weight,
            fit_params=e_step.fit_params,
            seed=derive_seed(e_step.root, FINAL_ROUND),
        )
    if found is None:
        return Students([student])
    return Students([student], found.predictions, found.held_out, 1 + found.n_fits)


def _fit_fold_students(e_step, targets):
    student, folds = e_step.estimators[0], e_step.folds(FINAL_ROUND)
    # Here the student must know something of every class that its rows hold: nothing is observed.
    shared = {
        "estimator": student,
        "X": e_step.X,
        "targets": targets,
        "sample_weight": e_step.sample_weight,
        "fit_params": e_step.fit_params,
    }
    with e_step.progress.task("fold students", len(folds)) as progress:
        models = [None] * len(folds)
        if e_step.stack_folds and can_stack(student, targets):
            models = fit_together(folds, **shared)
        alone = [k for k, model in enumerate(models) if model is None]
        if contains_net(student):
            # A fitted net whose class lives in a notebook cannot travel back from a worker.
            found = ((i, _fit_student(folds[k], **shared)) for i, k in enumerate(alone))
        else:
            tasks = [folds[k] for k in alone]
            found = run_tasks(_fit_student, tasks, shared, n_jobs=e_step.n_jobs, name=str)
        new = itertools.chain(
            ((k, model) for k, model in enumerate(models) if model is not None),
            ((alone[i], model) for i, model in found),
        )
        fitted = [None] * len(folds)
        for k, each in new:
            fitted[k] = each
            progress.done("fold", k)
    if any(each is None for each in fitted):
        raise ValueError(
            "A fold's training rows hold 1 class only, so that there is no student for it: use "
            "final='refit', or folds whose training rows hold at least 2 classes."
        )
    predictions = [
        each.predict(_safe_split(student, e_step.X, None, fold.test, fold.train)[0])
        for each, fold in zip(fitted, folds, strict=True)
    ]
    pairs = zip(fitted, folds, strict=True)
    students = [on_all_pairs(each, fold) for each, fold in pairs]
    return Students(students, *combine(folds, predictions, targets), len(folds))


def _fit_student(fold, **shared):
    with naming(fold):
        return fit_fold(fold, **shared)


def without_scores(students):
    """Return the students alone, as an estimator keeps them."""
    return replace(students, scores=None, held_out=None)
