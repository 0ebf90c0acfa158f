"""The EM iteration: E step, M step, round after round."""

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..utils._probabilities import check_probabilities

# Names of the history where no round was run.
NO_ROUNDS = ("round", "label_change", "agreement", "oof_score", "n_fits", "stacked", "fit_time")


@dataclass(frozen=True)
class Refined:
    """The result of the rounds.

    Parameters
    ----------
    labels : ndarray of shape (n_samples, C) or (n_samples,)
        The refined labels L(x, T).
    training : ndarray of the same shape
        Targets of the student: the labels, smoothed if the refinement does so.
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
    held_out : ndarray of bool of shape (n_samples,), default=None
        Which rows the last round held out; None: all of them.
    """

    labels: np.ndarray
    training: np.ndarray
    oof: np.ndarray
    mean_oof: np.ndarray
    history: dict[str, np.ndarray]
    attributes: dict[str, Any] = field(default_factory=dict)
    n_rounds: int = 0
    held_out: np.ndarray | None = None


def refine_labels(
    e_step,
    refinement,
    observed,
    targets,
    n_rounds,
    *,
    measure=None,
    on_round=None,
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
        ``measure(before, after, found, first) -> (dict, evidence)``: what the history keeps of a
        round, and what `first` is from the second round on.
        `first` are the first round's pseudo-labels, (n_samples,): of classes the most probable.
    on_round : callable, default=None
        ``on_round(record)``, called after every round.
    weight : ndarray of shape (n_samples,), default=None
        Sample weights for the counts of the M step.
    select : {"last", "best"}, default="last"
        Return the last labels, or those whose models had the highest `valid_score` (the first
        such labels). No model has seen the last labels in that case.

    Returns
    -------
    Refined
        The refined labels and the measurements of all rounds.
    """
    targets = np.array(targets, dtype=np.float64)
    training, oof, first, attributes, records = targets, None, None, {}, []
    oof_sum, best, best_score = np.zeros_like(targets), None, -np.inf
    reviews = hasattr(refinement, "review") and measure is not None and select == "last"
    given, decision, n_steps = targets, None, n_rounds
    for round in range(1, n_rounds + 1):
        start = time.perf_counter()
        found = oof = None  # free the last round's predictions while folds are fitted
        found = e_step(training, round)
        oof = found.predictions
        refined, attributes = _m_step(refinement, observed, targets, found, round, weight)
        record, evidence = measure(targets, refined, found, first) if measure else ({}, None)
        first = evidence if first is None else first
        records.append(_complete_record(record, round, found, start))
        oof_sum += oof
        if on_round:
            on_round(records[-1])
        if select == "best" and records[-1]["valid_score"] > best_score:
            best_score = records[-1]["valid_score"]
            best = Refined(
                targets, training, oof, oof_sum / round, {}, attributes, round - 1, found.held_out
            )
        previous, targets = targets, refined
        if reviews and (decision := _review(refinement, _as_history(records), n_rounds)):
            n_steps = decision["round"]
            targets = {round: refined, round - 1: previous, 0: given}[n_steps]
            attributes = {**attributes, "decision_": decision}
        # Given labels that are better left alone are learned as they are.
        training = targets if n_steps == 0 else _training_targets(refinement, targets)
        if decision is not None:
            break
    history = _as_history(records)
    if best is not None:
        return replace(best, history=history)
    if not n_rounds:
        return Refined(targets, training, targets.copy(), targets.copy(), history, attributes, 0)
    oof_sum /= len(records)
    return Refined(targets, training, oof, oof_sum, history, attributes, n_steps, found.held_out)


def _complete_record(record, round, found, start):
    fit_time = time.perf_counter() - start
    costs = {"n_fits": found.n_fits, "stacked": found.stacked, "fit_time": fit_time}
    return {"round": round, **record, **costs}


def _as_history(records):
    names = records[0] if records else NO_ROUNDS
    return {name: np.array([record[name] for record in records]) for name in names}


def _review(refinement, history, n_rounds):
    """Ask a refinement whether to go on; return None, or its decision."""
    decision, done = refinement.review(history, n_rounds), len(history["round"])
    if decision is None:
        return None
    name = f"{type(refinement).__name__}.review"
    if (
        not isinstance(decision, Mapping)
        or decision.get("round") not in {0, done - 1, done}
        or "reason" not in decision
    ):
        raise ValueError(
            f"{name} returned {decision!r}; expected None, or a dict with 'round', whose labels to "
            f"use: {done}, {done - 1} or 0 (the given ones), and 'reason', a sentence."
        )
    if decision.get("harm"):
        warnings.warn(f"Refinement stopped after round {done}: {decision['reason']}", UserWarning)
    return dict(decision)


def first_targets(refinement, observed, default, n_classes):
    """Return the targets of the first round: the refinement's own, else `default`."""
    if not hasattr(refinement, "initial_targets"):
        return default
    targets = refinement.initial_targets(observed, n_classes)
    return check_targets(targets, default.shape, f"{type(refinement).__name__}.initial_targets")


def _m_step(refinement, observed, targets, found, round, weight):
    """Refine the labels of the rows held out, and check the result; others keep theirs."""
    arrays = (observed, targets, found.predictions, weight)
    if not found.held_out.all():  # the predictions of the others are their own targets
        arrays = [None if array is None else array[found.held_out] for array in arrays]
    *inputs, weight = [None if array is None else _read_only(array) for array in arrays]
    result = refinement.refine(*inputs, round=round, sample_weight=weight)
    refined, attributes = result if isinstance(result, tuple) else (result, {})
    name = f"{type(refinement).__name__}.refine"
    if not isinstance(attributes, Mapping):
        raise TypeError(
            f"{name} returned a tuple whose second item is {type(attributes).__name__}; expected "
            "a dict of fitted attributes."
        )
    refined = check_targets(refined, inputs[1].shape, name)
    if len(refined) == len(targets):
        return refined, attributes
    kept = targets.copy()
    kept[found.held_out] = refined
    return kept, attributes


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

    Raises a ValueError that begins with `name`, the method that returned them, if the shape
    differs, values are not finite, or rows are not probabilities.
    """
    targets = np.array(targets, dtype=np.float64)
    if targets.shape != shape:
        raise ValueError(
            f"{name} returned shape {targets.shape}; expected the shape of the targets, {shape}."
        )
    if not np.all(np.isfinite(targets)):
        raise ValueError(f"{name} returned NaN or infinite labels; expected finite ones.")
    if targets.ndim == 1:
        return targets
    return check_probabilities(targets, f"{name} returned", normalize="always", copy=False)
