"""The EM iteration: E step, M step, round after round."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

# What the history names where no round was run.
NO_ROUNDS = ("round", "label_change", "agreement", "oof_score", "n_fits", "stacked", "fit_time")


@dataclass(frozen=True)
class Refined:
    """What the rounds gave.

    Parameters
    ----------
    labels : ndarray of shape (n_samples, C) or (n_samples,)
        The refined labels L(x, T).
    training : ndarray of the same shape
        What the student trains on: the labels, smoothed where the refinement says so.
    oof : ndarray of the same shape
        The last round's pseudo-labels; without rounds the observed labels.
    mean_oof : ndarray of the same shape
        Pseudo-labels averaged over rounds.
    history : dict of str to ndarray
        Measurements, one entry a round.
    attributes : dict
        Fitted attributes that the refinement adds.
    n_rounds : int, default=0
        M steps behind the labels.
    """

    labels: np.ndarray
    training: np.ndarray
    oof: np.ndarray
    mean_oof: np.ndarray
    history: dict[str, np.ndarray]
    attributes: dict[str, Any] = field(default_factory=dict)
    n_rounds: int = 0


def refine_labels(
    e_step,
    refinement,
    observed,
    targets,
    n_rounds,
    *,
    measure=None,
    tell=None,
    weight=None,
    select="last",
):
    """Alternate E steps and M steps (section II of the paper).

    Parameters
    ----------
    e_step : callable
        ``e_step(targets, round) -> OutOfFold``.
    refinement : refinement
        The M step.
    observed : ndarray
        The observed labels as the refinement takes them.
    targets : ndarray of shape (n_samples, C) or (n_samples,)
        The first targets L(x, 0).
    n_rounds : int
        Number of rounds T.
    measure : callable, default=None
        ``measure(before, after, found) -> dict``, what the history keeps of a round.
    tell : callable, default=None
        ``tell(record)``, called after every round.
    weight : ndarray of shape (n_samples,), default=None
        Sample weights for the counts of the M step.
    select : {"last", "best"}, default="last"
        Whether the last labels are returned, or those whose models had the highest
        `valid_score` (the first such). No model has seen the last labels in that case.

    Returns
    -------
    Refined
        The refined labels and what was measured on the way.
    """
    targets = np.array(targets, dtype=np.float64)
    training, oof, attributes, records = targets, None, {}, []
    oof_sum, best, best_score = np.zeros_like(targets), None, -np.inf
    for round in range(1, n_rounds + 1):
        start = time.perf_counter()
        found = oof = None  # those of the round before: one array less while folds are fitted
        found = e_step(training, round)
        oof = found.predictions
        refined, attributes = _refine(
            refinement, observed, targets, oof, found.held_out, round, weight
        )
        records.append(
            {
                "round": round,
                **(measure(targets, refined, found) if measure else {}),
                "n_fits": found.n_fits,
                "stacked": found.stacked,
                "fit_time": time.perf_counter() - start,
            }
        )
        if tell:
            tell(records[-1])
        oof_sum += oof
        if select == "best" and records[-1]["valid_score"] > best_score:
            best_score = records[-1]["valid_score"]
            best = Refined(targets, training, oof, oof_sum / round, {}, attributes, round - 1)
        targets = refined
        training = _training_targets(refinement, refined)
    names = records[0] if records else NO_ROUNDS
    history = {name: np.array([record[name] for record in records]) for name in names}
    if best is not None:
        return replace(best, history=history)
    if not n_rounds:
        return Refined(targets, training, targets.copy(), targets.copy(), history, attributes, 0)
    oof_sum /= n_rounds
    return Refined(targets, training, oof, oof_sum, history, attributes, n_rounds)


def _refine(refinement, observed, targets, oof, held_out, round, weight):
    """Run the M step, check what it returned, and leave alone rows that were never held out."""
    inputs = [_read_only(array) for array in (observed, targets, oof)]
    answer = refinement.refine(*inputs, round=round, sample_weight=weight)
    refined, attributes = answer if isinstance(answer, tuple) else (answer, {})
    name = f"{type(refinement).__name__}.refine"
    if not isinstance(attributes, Mapping):
        raise TypeError(
            f"{name} returned a tuple whose second item is {type(attributes).__name__}; "
            "a dict of fitted attributes is wanted."
        )
    refined = check_targets(refined, targets.shape, name)
    refined[~held_out] = targets[~held_out]
    return refined, attributes


def _training_targets(refinement, refined):
    if not hasattr(refinement, "training_targets"):
        return refined
    training = refinement.training_targets(_read_only(refined))
    return check_targets(training, refined.shape, f"{type(refinement).__name__}.training_targets")


def _read_only(array):
    """Return a view that a refinement cannot write into by mistake."""
    view = array.view()
    view.flags.writeable = False
    return view


def check_targets(targets, shape, name):
    """Check targets that a refinement returned, and return a copy; rows sum to 1 exactly.

    Parameters
    ----------
    targets : array-like
        What the refinement returned.
    shape : tuple of int
        The shape that is wanted.
    name : str
        The method that returned it, for errors.

    Returns
    -------
    ndarray of that shape
        Finite numbers, or probability rows.

    Raises
    ------
    ValueError
        If the shape differs, or the values are not finite or no probability rows.
    """
    targets = np.array(targets, dtype=np.float64)
    if targets.shape != shape:
        raise ValueError(
            f"{name} returned shape {targets.shape}; the shape of the targets, {shape}, is wanted."
        )
    if not np.all(np.isfinite(targets)):
        raise ValueError(f"{name} returned NaN or infinite labels; finite ones are wanted.")
    if targets.ndim == 1:
        return targets
    totals = targets.sum(axis=1, keepdims=True)
    if targets.min() < -1e-6 or np.abs(totals - 1).max() > 1e-3:
        raise ValueError(
            f"{name} returned rows that are no probabilities (smallest entry {targets.min():.3g}, "
            f"sums {totals.min():.3g} to {totals.max():.3g}): rows must be non-negative and sum "
            "to 1."
        )
    np.clip(targets, 0, None, out=targets)
    targets /= targets.sum(axis=1, keepdims=True)
    return targets
