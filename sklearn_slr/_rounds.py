"""The EM iteration: E step, M step, round after round."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


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
    """

    labels: np.ndarray
    training: np.ndarray
    oof: np.ndarray
    mean_oof: np.ndarray
    history: dict
    attributes: dict = field(default_factory=dict)


def refine_labels(e_step, refinement, observed, targets, n_rounds, *, measure, tell, weight=None):
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
    measure : callable
        ``measure(before, after, found) -> dict``, what the history keeps of a round.
    tell : callable
        ``tell(record)``, called after every round.
    weight : ndarray of shape (n_samples,), default=None
        Sample weights for the counts of the M step.

    Returns
    -------
    Refined
        The refined labels and what was measured on the way.
    """
    training, oof, attributes, records = targets, targets, {}, []
    oof_sum = np.zeros_like(targets)
    for round in range(1, n_rounds + 1):
        start = time.perf_counter()
        found = e_step(training, round)
        oof = found.predictions
        refined, attributes = _refine(
            refinement, observed, targets, oof, found.held_out, round, weight
        )
        records.append(
            {
                "round": round,
                **measure(targets, refined, found),
                "n_fits": found.n_fits,
                "fit_time": time.perf_counter() - start,
            }
        )
        tell(records[-1])
        oof_sum += oof
        targets = refined
        training = _training_targets(refinement, refined)
    names = records[0] if records else ("round", "label_change", "agreement", "oof_score")
    history = {name: np.array([record[name] for record in records]) for name in names}
    mean_oof = oof_sum / n_rounds if n_rounds else oof
    return Refined(targets, training, oof, mean_oof, history, attributes)


def _refine(refinement, observed, targets, oof, held_out, round, weight):
    """Run the M step, check what it returned, and leave alone rows that were never held out."""
    answer = refinement.refine(observed, targets, oof, round=round, sample_weight=weight)
    refined, attributes = answer if isinstance(answer, tuple) else (answer, {})
    name = type(refinement).__name__
    if not isinstance(attributes, Mapping):
        raise TypeError(
            f"{name}.refine returned a tuple whose second item is {type(attributes).__name__}; "
            "a dict of fitted attributes is wanted."
        )
    refined = np.array(refined, dtype=np.float64)
    if refined.shape != targets.shape:
        raise ValueError(
            f"{name}.refine returned shape {refined.shape}; the shape of the targets, "
            f"{targets.shape}, is wanted."
        )
    refined[~held_out] = targets[~held_out]
    if not np.all(np.isfinite(refined)):
        raise ValueError(f"{name}.refine returned NaN or infinite labels; finite ones are wanted.")
    if refined.ndim == 1:
        return refined, attributes
    totals = refined.sum(axis=1, keepdims=True)
    if refined.min() < -1e-6 or np.abs(totals - 1).max() > 1e-3:
        raise ValueError(
            f"{name}.refine returned rows that are no probabilities (smallest entry "
            f"{refined.min():.3g}, sums {totals.min():.3g} to {totals.max():.3g}): rows must be "
            "non-negative and sum to 1."
        )
    refined = np.clip(refined, 0, None)
    return refined / refined.sum(axis=1, keepdims=True), attributes


def _training_targets(refinement, refined):
    if not hasattr(refinement, "training_targets"):
        return refined
    return np.asarray(refinement.training_targets(refined), dtype=np.float64)
