"""An M step that decides from what the rounds show whether to refine the labels at all."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

from numpy.typing import NDArray

from ..utils._sklearn import Interval
from ._guards import find_harm
from ._posterior import PosteriorRefinement


class AutoRefinement(PosteriorRefinement):
    """Refine labels, unless the rounds show that they are better left alone.

    The M step is that of `PosteriorRefinement` with a temperature between its cold and its hot
    one. If refined labels are better than the given ones, models that learned them predict held
    out rows better: they agree with the given labels at least as often as models that learned the
    given ones, and they explain them at least as well, once noise and temperature are fitted to
    their predictions. So the first round is the measure of the others: where one of the two is
    lower after the last round, where agreement falls clearly in between, where a class dies out,
    or where the first models are no better than chance, the given labels are used. No fits are
    spent on trials. This is not in the paper.

    Parameters
    ----------
    temperature : float > 0, default=0.7
        See `PosteriorRefinement`.
    smoothing : float in [0, 1), default=0.1
        Students train on ``(1 - smoothing) * L + smoothing / C``; on the given labels as they are
        where these are left alone.

    Attributes
    ----------
    defaults : dict
        What `SLRClassifier` takes for ``n_rounds=None``, ``cv=None`` and ``final=None``: 5 rounds
        of 5 folds and 10 students, 35 fits; fewer where a round shows harm.

    See Also
    --------
    PosteriorRefinement : The same M step, without the decision.
    AverageRefinement : The paper's M step.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn_slr import SLRClassifier
    >>> from sklearn_slr.datasets import make_noisy_labels
    >>> X, y = load_wine(return_X_y=True)
    >>> given = make_noisy_labels(y, noise=0.4, random_state=0)
    >>> slr = SLRClassifier(GaussianNB(), refinement="auto", random_state=0).fit(X, given)
    >>> slr.decision_["refinement"], slr.n_fits_
    ('posterior', 35)
    """

    _parameter_constraints: dict[str, Any] = {
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "smoothing": [Interval(Real, 0, 1, closed="left")],
    }

    transition = "count"
    defaults: Mapping[str, Any] = {"n_rounds": 5, "cv": 5, "final": 10}

    def __init__(self, temperature: float = 0.7, smoothing: float = 0.1) -> None:
        self.temperature = temperature
        self.smoothing = smoothing

    def review(self, history: Mapping[str, NDArray[Any]], n_rounds: int) -> dict[str, Any] | None:
        """Decide after a round whether to go on.

        Parameters
        ----------
        history : dict of str to ndarray
            What the rounds so far measured, as `SLRClassifier.history_`.
        n_rounds : int
            The number of rounds that will be run.

        Returns
        -------
        dict or None
            None to go on. Else `round`, whose labels to use (0: the given ones), `refinement`,
            ``"posterior"`` or ``"none"``; `reason`, a sentence; the figures behind
            it; and `harm`, True where labels would have become worse.
        """
        done = len(history["agreement_gain"])
        names = ("agreement_gain", "likelihood_gain", "smallest_class_kept")
        figures = {name: float(history[name][-1]) for name in names}
        figures["temperature"] = float(self.temperature)
        harm = find_harm(history, n_rounds)
        if harm is not None or done < n_rounds:
            return harm and harm | figures
        agreement, likelihood = figures["agreement_gain"], figures["likelihood_gain"]
        if agreement < 0 or likelihood < 0:
            verb = "agree with" if agreement < 0 else "explain"
            reason = (
                f"the given labels are used, as models that learned refined labels {verb} them "
                "less well than models that learned the given ones, by "
                f"{-(agreement if agreement < 0 else likelihood):.1f} standard errors."
            )
            return {"refinement": "none", "round": 0, "reason": reason, **figures}
        reason = (
            "the refined labels are used, as models that learned them agree with the given labels "
            f"and explain them no less well than models that learned the given ones (gains: "
            f"{agreement:.1f} and {likelihood:.1f} standard errors)."
        )
        if n_rounds == 1:
            reason = "the labels of the only round are used: nothing has been learned from them."
        return {"refinement": "posterior", "round": done, "reason": reason, **figures}
