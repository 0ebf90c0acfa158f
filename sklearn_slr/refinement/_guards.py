"""What the rounds of a refinement show: whether to go on, to stop, or to leave the labels alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

# Chance that agreement falls so far in any of the rounds though labels did not become worse.
FALSE_ALARM = 0.05
# Standard errors by which models of the last round may predict numbers less well.
LAST_WORD = 1.0
# A gain of which less than this share is left was no gain.
LEFT = 0.5
# Standard errors by which the first predictions have to be better than chance.
SKILL = 2.0
# Share of its labels that a class keeps at the least.
KEPT = 0.1


def find_harm(history, n_rounds):
    """Look for signs in the last round that a refinement makes labels worse.

    The models of a round predict rows that they have not seen. If the refined labels are better
    than the given ones, models that learned them agree with the given labels more often than
    those of the first round, which learned the given ones.

    Parameters
    ----------
    history : dict of str to ndarray of shape (n_rounds,)
        The rounds so far: `agreement_gain` and `over_chance`, in standard errors, and
        `smallest_class_kept`.
    n_rounds : int
        The number of rounds that will be run, of which all but the first can alarm.

    Returns
    -------
    dict or None
        None if there is no sign. Else `round`, 0: the given labels are to be used; `refinement`,
        ``"none"``; `reason`, a sentence; `harm`, True. Earlier rounds are no better: where the
        last one shows harm, their labels cost accuracy, too.
    """
    harm = norm.isf(FALSE_ALARM / max(1, n_rounds - 1))
    reason = _describe_harm(
        history["agreement_gain"], history["over_chance"][0], history["smallest_class_kept"], harm
    )
    if reason is None:
        return None
    reason = f"the given labels are used, as {reason}."
    return {"refinement": "none", "round": 0, "reason": reason, "harm": True}


def _describe_harm(gains, skill, kept, harm):
    last, best = len(gains), np.argmax(gains)
    if skill < SKILL:
        return (
            "models of round 1 predict the given labels hardly better than chance, by "
            f"{skill:.1f} standard errors: they cannot correct them"
        )
    if kept[-1] < KEPT:
        return (
            f"in round {last} a class kept {kept[-1]:.0%} of its labels: classes were merged, not "
            "labels repaired"
        )
    if gains[-1] < -harm:
        return (
            f"models of round {last}, which learned refined labels, agree with the given labels "
            f"less than those of round 1, by {-gains[-1]:.1f} standard errors"
        )
    if gains[-1] < LEFT * gains[best] and gains[best] - gains[-1] > harm:
        return (
            f"agreement with the given labels had risen by {gains[best]:.1f} standard errors in "
            f"round {best + 1}, of which {gains[-1]:.1f} are left in round {last}: the models "
            "learn their own errors"
        )
    return None


def find_harm_to_numbers(history, n_rounds):
    """Look for a sign in the last round that a refinement makes numbers worse.

    A false alarm costs a gain, silence costs accuracy, and most numbers are right: therefore a
    single alarm at the usual level stops, and after the last round one standard error does.

    Parameters
    ----------
    history : dict of str to ndarray of shape (n_rounds,)
        The rounds so far: `loss_gain`, in standard errors.
    n_rounds : int
        The number of rounds that will be run.

    Returns
    -------
    dict or None
        As `find_harm`, with `loss_gain`.
    """
    gain, last = float(history["loss_gain"][-1]), len(history["loss_gain"])
    if gain >= -(LAST_WORD if last == n_rounds else norm.isf(FALSE_ALARM)):
        return None
    reason = (
        f"the given labels are used, as models of round {last}, which learned refined labels, "
        f"predict them less well than those of round 1, by {-gain:.1f} standard errors."
    )
    return {"refinement": "none", "round": 0, "reason": reason, "harm": True, "loss_gain": gain}


class GuardedRefinementMixin:
    """Refinements that stop where the rounds show that labels become worse.

    Students then learn the given labels as they are.
    """

    def review(self, history: Mapping[str, NDArray[Any]], n_rounds: int) -> dict[str, Any] | None:
        """Stop after a round that shows harm.

        Parameters
        ----------
        history : dict of str to ndarray
            What the rounds so far measured, as `SLRClassifier.history_`.
        n_rounds : int
            The number of rounds that will be run.

        Returns
        -------
        dict or None
            None to go on. Else `round`, 0: the given labels are to be used; `refinement`,
            ``"none"``; `reason`, a sentence; `harm`, True.
        """
        return find_harm(history, n_rounds)
