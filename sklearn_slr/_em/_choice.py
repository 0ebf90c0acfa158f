"""What a refinement leaves open, settled before the rounds by predicting rows held out of them."""

from dataclasses import replace
from functools import partial

import numpy as np

from ..utils._random import derive_seed
from ._fold import TRIAL
from ._loop import refine_labels
from ._splits import draw_folds

# Five parts are held out in turn. Of the rest, halves serve as folds where the number of folds is
# ours to choose: the trials are to rank alternatives, and finer folds rank them no better.
N_PARTS, N_FOLDS = 5, 2
# After one M step the alternatives are too much alike; one student alone is a matter of luck.
N_STEPS, N_STUDENTS = 2, 3


def settle(
    refinement,
    e_step,
    student_step,
    observed,
    targets,
    n_rounds,
    *,
    strata=None,
    coarse=True,
    weight=None,
):
    """Choose among a refinement's alternatives by trials on rows that their rounds never see.

    A fifth of the rows is held out: of weight zero, it neither trains a model nor counts in an M
    step. Every alternative refines the labels of the others in a few rounds, and students of
    these labels predict the fifth. The predictions of all fifths are judged together.

    Parameters
    ----------
    refinement : refinement
        Fixed, unless it has a method ``alternatives()`` that returns two or more; then
        ``choose(held_out, observed, *, sample_weight=None)`` gets the predictions of each, a
        list of ``(n, C)``, and returns the index of the one to use and a score for each.
    e_step, student_step : EStep
        The E step of the rounds, and the same of the student.
    observed, targets, n_rounds, weight
        As in `refine_labels`; without rounds there is nothing to choose.
    strata : ndarray of int of shape (n_samples,), default=None
        Classes that folds are stratified by.
    coarse : bool, default=True
        Whether to draw few folds; else those of the E step are used.

    Returns
    -------
    refinement, n_fits, scores
        The refinement to use; the number of models fitted; the scores of the alternatives, empty
        where there was nothing to choose.
    """
    alternatives = open_alternatives(refinement)
    if not alternatives or not n_rounds:
        return refinement, 0, ()
    n_samples = len(targets)
    draw_parts = draw_halves = e_step.draw_splits
    if coarse:
        draw_parts = partial(draw_folds, n_samples, N_PARTS, strata)
        draw_halves = partial(draw_folds, n_samples, N_FOLDS, strata)
    held_out = [np.array(targets, dtype=np.float64) for _ in alternatives]
    parts = draw_parts(derive_seed(e_step.root, TRIAL))[:N_PARTS]
    n_fits, n_steps = 0, min(N_STEPS, n_rounds)
    with e_step.progress.task("choice", None, ordered=True) as progress:
        for k, (rest, part) in enumerate(parts):
            changes = {
                "root": derive_seed(e_step.root, TRIAL, k),
                "sample_weight": _without(part, e_step.sample_weight, n_samples),
                "X_val": None,
                "progress": progress,
            }
            trial = _SharedFirstStep(
                replace(e_step, **changes, draw_splits=draw_halves, n_repeats=1)
            )
            students = replace(
                student_step, **changes, draw_splits=_always(rest, part), n_repeats=N_STUDENTS
            )
            left = _without(part, weight, n_samples)
            for alternative, proba in zip(alternatives, held_out, strict=True):
                refined = refine_labels(trial, alternative, observed, targets, n_steps, weight=left)
                found = students(refined.training, N_STEPS + 1)
                proba[part] = found.predictions[part]
                n_fits += found.n_fits
            n_fits += trial.n_fits
    rows = np.unique(np.concatenate([part for _, part in parts]))
    kept = None if weight is None else weight[rows]
    index, scores = refinement.choose(
        [proba[rows] for proba in held_out], observed[rows], sample_weight=kept
    )
    return alternatives[index], n_fits, scores


def open_alternatives(refinement):
    """Return what a refinement leaves open: its alternatives, or nothing."""
    alternatives = refinement.alternatives() if hasattr(refinement, "alternatives") else []
    return alternatives if len(alternatives) > 1 else []


def count_trial_fits(refinement, n_rounds, n_folds, n_teachers, *, coarse=True):
    """Count the fits of `settle` before it runs, where the E step has `n_folds` folds."""
    n_alternatives = len(open_alternatives(refinement))
    if not n_alternatives or not n_rounds:
        return 0
    n_parts, n_folds = (N_PARTS, N_FOLDS) if coarse else (min(N_PARTS, n_folds), n_folds)
    n_steps = 1 + n_alternatives * (min(N_STEPS, n_rounds) - 1)
    return n_parts * (n_steps * n_folds * n_teachers + n_alternatives * N_STUDENTS)


def _without(part, weight, n_samples):
    """Return the weights with those of the part set to zero."""
    left = np.ones(n_samples) if weight is None else np.array(weight, dtype=np.float64)
    left[part] = 0.0
    return left


def _always(train, test):
    return lambda seed: [(train, test)]


class _SharedFirstStep:
    """An E step whose first round, the same for all alternatives, runs once."""

    def __init__(self, e_step):
        self.e_step, self.first, self.n_fits = e_step, None, 0

    def __call__(self, targets, round):
        if round == 1 and self.first is not None:
            return self.first
        found = self.e_step(targets, round)
        self.n_fits += found.n_fits
        if round == 1:
            self.first = found
        return found
