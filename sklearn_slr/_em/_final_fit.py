"""The final fit: students that learn from the refined labels and predict."""

import itertools
import warnings
from dataclasses import dataclass, replace
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np

from .._nets.stacked._fit import can_stack
from .._running._parallel import run_tasks
from ..soft_targets._fit import fit_targets
from ..utils._nets import contains_net
from ..utils._random import derive_seed
from ..utils._sklearn import _safe_split
from ._e_step import combine_folds
from ._fold import fit_fold, fit_folds_together, note_fold, pair_with_all_rows
from ._splits import draw_folds

# Rounds count from 1; the final fit has the address 0, so that its seeds do not depend on T.
FINAL_ROUND = 0


@dataclass(frozen=True)
class Students:
    """Fitted students, whose predictions are averaged.

    Parameters
    ----------
    fitted : list of FittedTargets
        One student, or one for each fold.
    scores : ndarray of shape (n_samples, C) or (n_samples,), default=None
        Out-of-fold predictions of models trained on the same labels.
    held_out : ndarray of bool of shape (n_samples,), default=None
        Which rows' scores are out of fold; the scores of the others are their labels.
    n_fits : int, default=1
        Number of models fitted, those of the scores included.
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


class FinalFit:
    """What the parameter `final` means.

    Parameters
    ----------
    final : {"refit", "folds"} or int
        One student on all rows; or one for each fold of a fresh split; an int: of so many folds,
        drawn at random.
    with_scores : bool, default=False
        Whether out-of-fold scores of the students are needed: one more pass for "refit".
    """

    def __init__(self, final, *, with_scores=False):
        self.refits = final == "refit"
        self.n_random_folds = final if isinstance(final, Integral) else None
        self.with_scores = with_scores

    @property
    def uses_cv(self):
        """Whether the folds of `cv` are needed."""
        return self.with_scores if self.refits else self.n_random_folds is None

    def check(self, cv, n_samples, n_rounds, groups):
        """Check that a number of students can be drawn."""
        n_folds = self.n_random_folds
        if n_folds is None:
            return
        if not (cv is None or isinstance(cv, Integral)):
            raise ValueError(
                f"final={n_folds} draws folds at random, but cv, of type {type(cv).__name__}, "
                "says how to split rows: set final='folds' or 'refit', or give cv as a number."
            )
        if groups is not None and not n_rounds:  # else cv warns
            warnings.warn(
                f"groups are ignored by final={n_folds}, whose folds are drawn at random: pass a "
                "group splitter as cv, and final='folds'.",
                UserWarning,
            )
        if n_folds > n_samples:
            raise ValueError(
                f"final={n_folds} students cannot each hold out a share of n_samples={n_samples} "
                "rows: use fewer students."
            )

    def count_fits(self, n_fits_per_pass):
        """Return the numbers of fits for scores and of students."""
        if self.refits:
            return (n_fits_per_pass if self.with_scores else 0), 1
        return 0, self.n_random_folds or n_fits_per_pass

    def fit(self, e_step, targets, strata=None):
        """Fit the students on `targets`, with the E step of the student alone.

        Its rows, weights, folds and seeds are used; random folds are stratified by `strata`.
        Return `Students`, with scores if they are needed.
        """
        if not self.refits:
            return _fit_fold_students(
                self._with_random_folds(e_step, len(targets), strata), targets
            )
        scores = e_step(targets, FINAL_ROUND) if self.with_scores else None
        with e_step.progress.task("final fit", 0):
            student = fit_targets(
                e_step.estimators[0],
                e_step.X,
                targets,
                sample_weight=e_step.sample_weight,
                fit_params=e_step.fit_params,
                seed=derive_seed(e_step.root, FINAL_ROUND),
            )
        if scores is None:
            return Students([student])
        return Students([student], scores.predictions, scores.held_out, 1 + scores.n_fits)

    def _with_random_folds(self, e_step, n_samples, strata):
        if self.n_random_folds is None:
            return e_step
        draw = partial(draw_folds, n_samples, self.n_random_folds, strata)
        return replace(e_step, draw_splits=draw, n_repeats=1)

    def name_models(self, students):
        """Return the fitted models as learned attributes."""
        models = [student.model for student in students.fitted]
        return {"estimator_": models[0]} if self.refits else {"estimators_": models}


def _fit_fold_students(e_step, targets):
    student, folds = e_step.estimators[0], e_step.draw_folds(FINAL_ROUND)
    # `observed` is left out: a student may learn a class from refined labels alone.
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
            models = fit_folds_together(folds, **shared)
        missing = [k for k, model in enumerate(models) if model is None]
        if contains_net(student):
            # A fitted net whose class lives in a notebook cannot be sent back by a worker.
            fitted = ((i, _fit_student(folds[k], **shared)) for i, k in enumerate(missing))
        else:
            tasks = [folds[k] for k in missing]
            fitted = run_tasks(_fit_student, tasks, shared, n_jobs=e_step.n_jobs, describe=str)
        together = [(k, model) for k, model in enumerate(models) if model is not None]
        for k, model in itertools.chain(together, ((missing[i], model) for i, model in fitted)):
            models[k] = model
            progress.finish_subtask("fold", k)
    if any(model is None for model in models):
        raise ValueError(
            "A fold's training rows hold 1 class only, so that no student can be fitted on it: "
            "use final='refit', or folds whose training rows hold at least 2 classes."
        )
    predictions = [
        model.predict(_safe_split(student, e_step.X, None, fold.test, fold.train)[0])
        for model, fold in zip(models, folds, strict=True)
    ]
    pairs = zip(models, folds, strict=True)
    students = [pair_with_all_rows(model, fold) for model, fold in pairs]
    return Students(students, *combine_folds(folds, predictions, targets), len(folds))


def _fit_student(fold, **shared):
    with note_fold(fold):
        return fit_fold(fold, **shared)


def without_scores(students):
    """Return the students alone, as an estimator keeps them."""
    return replace(students, scores=None, held_out=None)
