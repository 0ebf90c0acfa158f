"""RefinementCurveDisplay: the scores of each round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from ..utils._nets import final_step
from ..utils._typing import Estimator
from ._matplotlib import MARKERS, PALETTE, prepare_axes

METRICS = {
    "score": "Score",
    "agreement": "Agreement with the observed labels",
    "label_change": "Change of the labels",
}
LINE_STYLES = {"score": "-", "agreement": "--", "label_change": ":"}


class RefinementCurveDisplay:
    """Score, agreement and label change of each round, for one or more methods.

    It is recommended to use `from_estimator` or `from_predictions`.

    Parameters
    ----------
    histories : dict of str to dict
        The `history_` of each method, by the name of the method.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        The first of `axes_`, and its figure.
    axes_ : ndarray of matplotlib Axes
        Where the curves are drawn: one axes for all metrics, or one for each metric.
    lines_ : dict of str to dict of str to matplotlib Line2D
        The curve of each method and metric.
    score_name_ : {"valid_score", "oof_score"}
        The score that is shown.

    See Also
    --------
    LabelRefinementDisplay : Changes of the labels.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn_slr import SLRClassifier
    >>> from sklearn_slr.displays import RefinementCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> slr = SLRClassifier(GaussianNB(), n_rounds=2, random_state=0).fit(X, y)
    >>> display = RefinementCurveDisplay.from_estimator(slr)
    >>> sorted(display.lines_["SLRClassifier"])
    ['agreement', 'label_change', 'score']
    """

    def __init__(self, histories: Mapping[str, Mapping[str, Any]]) -> None:
        self.histories = histories

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimator | Mapping[str, Estimator],
        X: Any = None,
        y: ArrayLike | None = None,
        *,
        name: str | None = None,
        ax: Any = None,
        **plot_options: Any,
    ) -> Self:
        """Show the rounds of one or more fitted estimators.

        Parameters
        ----------
        estimator : estimator or dict of str to estimator
            Fitted SLRClassifier or SLRRegressor, or Pipeline ending in one; or a dict of several.
        X, y : ignored
            Not used, because `fit` computed the scores; present for API consistency.
        name : str, default=None
            Name of a single estimator. None: the name of its class.
        ax, **plot_options : Axes and dict
            Passed to `plot`.

        Returns
        -------
        RefinementCurveDisplay
            The display.
        """
        if not isinstance(estimator, Mapping):
            estimator = {name or type(final_step(estimator)).__name__: estimator}
        histories = {}
        for each, fitted in estimator.items():
            check_is_fitted(fitted)
            histories[each] = getattr(final_step(fitted), "history_", None)
            if histories[each] is None:
                raise TypeError(
                    f"{type(final_step(fitted)).__name__} has no history_; expected a fitted "
                    "SLRClassifier or SLRRegressor: pass one, or use from_predictions."
                )
        return cls.from_predictions(histories, ax=ax, **plot_options)

    @classmethod
    def from_predictions(
        cls,
        history: Mapping[str, Any],
        *,
        name: str | None = None,
        ax: Any = None,
        **plot_options: Any,
    ) -> Self:
        """Show the given histories.

        Parameters
        ----------
        history : dict of str to array-like, or dict of str to such dicts
            A `history_`, or a dict of several by name.
        name : str, default=None
            Name of a single history.
        ax, **plot_options : Axes and dict
            Passed to `plot`.

        Returns
        -------
        RefinementCurveDisplay
            The display.
        """
        if "round" in history:
            history = {name or "refinement": history}
        for each, columns in history.items():
            missing = {"round", "agreement", "label_change", "oof_score"} - set(columns)
            if missing:
                raise ValueError(
                    f"The history of {each!r} lacks {sorted(missing)}: pass the history_ of an "
                    "estimator, or a dict of several."
                )
            if not len(columns["round"]):
                raise ValueError(f"The history of {each!r} holds no rounds: n_rounds was 0.")
        return cls(history).plot(ax, **plot_options)

    def plot(self, ax: Any = None, *, metrics: str | Sequence[str] = tuple(METRICS)) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or array of Axes, default=None
            One axes for all metrics, with a line style for each metric, or one axes for each
            metric. None creates a figure with one axes for each metric.
        metrics : str or sequence of {"score", "agreement", "label_change"}
            What to draw. The score is `valid_score` if all methods have it, else `oof_score`,
            which rises with the rounds even if the labels do not improve.

        Returns
        -------
        RefinementCurveDisplay
            This display.
        """
        metrics = (metrics,) if isinstance(metrics, str) else tuple(metrics)
        unknown = [metric for metric in metrics if metric not in METRICS]
        if unknown or not metrics:
            raise ValueError(f"metrics is {metrics!r}; expected some of {list(METRICS)}.")
        shared = np.size(ax) == 1 and ax is not None
        n_axes = 1 if shared else len(metrics)
        self.axes_ = prepare_axes(ax, n_axes, figsize=(1 + 3.2 * n_axes, 3.4))
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        all_valid = all("valid_score" in history for history in self.histories.values())
        self.score_name_ = "valid_score" if all_valid else "oof_score"
        self.lines_: dict[str, dict[str, Any]] = {name: {} for name in self.histories}
        for k, metric in enumerate(metrics):
            axes = self.axes_[0 if shared else k]
            self._draw_metric(axes, metric, one_metric=len(metrics) == 1 or not shared)
        if shared and len(metrics) > 1:
            axes.set(ylabel="Metrics of the round")
        self._format_axes()
        return self

    def _draw_metric(self, ax, metric, *, one_metric):
        # Colours of methods that were drawn on these axes before are not used again.
        n_drawn = len({line.get_color() for line in ax.lines if line.get_gid() == metric})
        column = self.score_name_ if metric == "score" else metric
        label = METRICS[metric]
        if metric == "score":
            rows = "clean rows" if self.score_name_ == "valid_score" else "observed, out of fold"
            label += f" ({rows})"
        for k, (name, history) in enumerate(self.histories.items(), n_drawn):
            [line] = ax.plot(
                np.asarray(history["round"]),
                np.asarray(history[column]),
                color=PALETTE[k % len(PALETTE)],
                marker=MARKERS[k % len(MARKERS)],
                ls=LINE_STYLES[metric],
                lw=1.8,
                gid=metric,
                label=str(name) if one_metric else f"{name}: {label[0].lower()}{label[1:]}",
            )
            self.lines_[name][metric] = line
        ax.set_xlabel("Round")
        if one_metric:
            ax.set_ylabel(label)

    def _format_axes(self):
        for ax in self.axes_:
            rounds = np.unique(np.concatenate([line.get_xdata() for line in ax.lines]))
            ax.set_xticks(rounds[:: -(-len(rounds) // 8)])
            ax.spines[["top", "right"]].set_visible(False)
            ax.margins(y=0.08)
        if len(self.axes_) == 1 or len(self.histories) > 1:
            self.ax_.legend(frameon=False, fontsize="small")
