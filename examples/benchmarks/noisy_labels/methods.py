"""What the noisy-label benchmark compares: our methods and others, as functions.

A method takes ``(student, problem, seed)`` and returns a `Result`. cleanlab and crowd-kit are
imported where they are used.
"""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
from sklearn.base import clone

from sklearn_slr import SLRClassifier, SoftTargetClassifier, out_of_fold_predict
from sklearn_slr.refinement import PosteriorRefinement
from sklearn_slr.utils._random import derive_seed, isolated_generators

from ..common.students import make_teachers

CV, ROUNDS, N_STUDENTS, SMOOTHING, HOT = 5, 7, 20, 0.1, 1.0
# Ours: a K-fold a round, and the students that predict. The equal controls have as many fits.
BUDGET = ROUNDS * CV + N_STUDENTS
AUTO_BUDGET, TEACHER_BUDGET = 5 * CV + 10, 3 * 5 * CV + 10


@dataclass(frozen=True)
class Result:
    """What a method gave.

    Parameters
    ----------
    proba : ndarray of shape (n_test, C)
        Predictions for the test rows.
    n_fits : int
        Models fitted.
    quality : ndarray of shape (n_samples,), default=None
        How far each observed label is to be trusted.
    labels : ndarray of int of shape (n_samples,), default=None
        The training labels as the method would correct them.
    notes : dict, default={}
        What else is worth keeping.
    """

    proba: np.ndarray
    n_fits: int
    quality: np.ndarray | None = None
    labels: np.ndarray | None = None
    notes: dict = field(default_factory=dict)


def smooth(labels, n_classes, smoothing=SMOOTHING):
    """Return probability rows: (1 - smoothing) one-hot + smoothing / C."""
    return (1 - smoothing) * np.eye(n_classes)[labels] + smoothing / n_classes


def mean_proba(student, X, rows, X_test, seed, n_fits=1):
    """Return the mean prediction of students of different seeds, all fitted to the same rows."""
    return np.mean(
        [
            SoftTargetClassifier(student, random_state=derive_seed(seed, i))
            .fit(X, rows)
            .predict_proba(X_test)
            for i in range(n_fits)
        ],
        axis=0,
    )


def fit_labels(student, problem, seed, *, labels="observed", smoothing=0.0, n_fits=1):
    """Fit the labels as they are: observed or true, hard or smoothed, once or several times."""
    rows = smooth(getattr(problem, labels), problem.n_classes, smoothing)
    proba = mean_proba(student, problem.X, rows, problem.X_test, seed, n_fits)
    return Result(proba, n_fits)


def clean_learning(student, problem, seed):
    """Fit cleanlab's CleanLearning with its defaults: five folds, drop issues, refit."""
    from cleanlab.classification import CleanLearning

    # It seeds NumPy's global generator, and the net draws from torch's.
    with isolated_generators(seed):
        model = CleanLearning(
            clone(student), seed=seed, cv_n_folds=CV, find_label_issues_kwargs={"n_jobs": 1}
        ).fit(problem.X, problem.observed)
        proba = _widen(model.clf, problem.X_test, problem.n_classes)
    quality = np.asarray(model.get_label_issues()["label_quality"])
    return Result(proba, CV + 1, quality)


def _widen(model, X, n_classes):
    """Return probabilities of all classes, whichever were left to train on."""
    proba = model.predict_proba(X)
    if proba.shape[1] == n_classes:
        return proba
    wide = np.zeros((len(proba), n_classes))
    wide[:, model.classes_] = proba
    return wide


def clean_equal(
    student,
    problem,
    seed,
    *,
    teachers=None,
    budget=BUDGET,
    observed=None,
    smoothing=SMOOTHING,
):
    """Find and drop issues with cleanlab, given label smoothing and as many fits as we have.

    About three quarters of the fits are K-fold repeats, whose predictions are averaged; the
    others are fits on the labels left, averaged too.
    """
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    labels = problem.observed if observed is None else observed
    rows = smooth(labels, problem.n_classes, smoothing)
    a_pass = CV * len(teachers or [student])
    n_repeats = max(1, round(0.75 * budget / a_pass))
    oof = out_of_fold_predict(
        student,
        problem.X,
        rows,
        cv=CV,
        n_repeats=n_repeats,
        teachers=teachers,
        random_state=derive_seed(seed, 0),
    )
    n_final = budget - n_repeats * a_pass
    kept = ~find_label_issues(labels, oof, n_jobs=1)
    proba = mean_proba(
        student, problem.X[kept], rows[kept], problem.X_test, derive_seed(seed, 1), n_final
    )
    return Result(proba, budget, get_label_quality_scores(labels, oof))


def refinery(student, problem, seed, *, table=False, **parameters):
    """Fit SLRClassifier, on the observed labels or on the table of all answers."""
    model = SLRClassifier(student, random_state=seed, **parameters)
    model.fit(problem.X, problem.votes if table else problem.observed)
    labels = model.classes_[model.refined_labels_.argmax(axis=1)]
    return Result(
        model.predict_proba(problem.X_test),
        model.n_fits_,
        None if table else model.label_quality_,
        labels,
        {"decision": model.decision_["refinement"]} if model.decision_ else {},
    )


def posterior(temperature):
    """Return the method of one temperature."""
    refinement = PosteriorRefinement(temperature=temperature, transition="em")
    return partial(refinery, n_rounds=ROUNDS, refinement=refinement, final=N_STUDENTS)


def auto_teachers(student, problem, seed):
    """Refine with mixed teachers (SLR-e)."""
    return refinery(student, problem, seed, teachers=make_teachers())


def clean_teachers(student, problem, seed):
    """Give cleanlab the same mixed teachers and the same number of fits."""
    teachers = make_teachers()
    return clean_equal(student, problem, seed, teachers=teachers, budget=TEACHER_BUDGET)
