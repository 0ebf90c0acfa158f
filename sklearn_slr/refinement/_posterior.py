"""An M step that models the noise: the posterior of the true class given prediction and label."""

from collections.abc import Sequence
from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone

from ..utils._sklearn import Interval, StrOptions
from ..utils._typing import Floats, Matrix
from ._noise import count_transition, em_transition, log_determinant, posterior_labels

# What "auto" tries: the model over the labels, the labels over the model. The hot one has to be
# better by MARGIN / sqrt(n_samples), about a standard error: trials on part of the rows speak for
# it, and a wrong choice costs more where the cold one was right.
COLD, HOT, MARGIN = 0.5, 1.0, 3.0


class PosteriorRefinement(BaseEstimator):
    """Replace every label by the posterior of its true class.

    The sharpened out-of-fold prediction ``p ~ P ** (1 / temperature)`` is the prior of the true
    class, a transition matrix T the probability of the observed label given the true one:
    ``L_i(c) ~ p_i(c) * T[c, observed_i]``. T is estimated anew every round. This is not in the
    paper; it repairs labels in one step that the average needs several rounds for, and leaves
    more of the right ones alone.

    Parameters
    ----------
    temperature : float > 0 or "auto", default=0.5
        Below 1 the model is trusted over the labels; 1 to 2 the labels over the model, for
        problems that the model finds hard. "auto" tries 0.5 and 1 on held-out rows before the
        rounds begin, and takes 0.5 unless 1 is clearly better by the determinant criterion [1]_;
        the verbose plan of `SLRClassifier` tells what that costs.
    transition : {"count", "em"} or array-like of shape (C, C), default="count"
        How T is estimated: by counts of (most probable class, observed class); by
        expectation-maximisation started there; or the matrix itself.
    smoothing : float in [0, 1), default=0.1
        The next round and the student train on ``(1 - smoothing) * L + smoothing / C``.

    See Also
    --------
    AverageRefinement : The paper's M step.
    AnnotatorRefinement : For the answers of several annotators.

    References
    ----------
    .. [1] Xu, Cao, Kong, Wang: L_DMI: A Novel Information-theoretic Loss Function for Training
       Deep Nets Robust to Label Noise. NeurIPS 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_slr.refinement import PosteriorRefinement
    >>> observed, P = np.array([[1.0, 0.0]]), np.array([[0.2, 0.8]])
    >>> step = PosteriorRefinement(temperature=1, transition=[[0.9, 0.1], [0.3, 0.7]])
    >>> refined, learned = step.refine(observed, observed, P, round=1)
    >>> refined.round(3)  # 0.2 * 0.9 against 0.8 * 0.3
    array([[0.429, 0.571]])
    """

    _parameter_constraints: dict[str, Any] = {
        "temperature": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "transition": [StrOptions({"count", "em"}), "array-like"],
        "smoothing": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        temperature: float | Literal["auto"] = 0.5,
        transition: Literal["count", "em"] | Matrix = "count",
        smoothing: float = 0.1,
    ) -> None:
        self.temperature = temperature
        self.transition = transition
        self.smoothing = smoothing

    def alternatives(self) -> "list[PosteriorRefinement]":
        """Return the refinements among which held-out predictions choose.

        Returns
        -------
        list of PosteriorRefinement
            A cold and a hot one; nothing unless the temperature is "auto".
        """
        if self.temperature != "auto":
            return []
        return [clone(self).set_params(temperature=each) for each in (COLD, HOT)]

    def choose(
        self,
        held_out: Sequence[Floats],
        observed: NDArray[Any],
        *,
        sample_weight: Floats | None = None,
    ) -> tuple[int, list[float]]:
        """Choose among the alternatives by what they predict on rows that they know nothing of.

        Parameters
        ----------
        held_out : list of ndarray of shape (n_samples, C)
            For each alternative its predictions.
        observed : ndarray of shape (n_samples, C)
            Observed probability rows.
        sample_weight : ndarray of shape (n_samples,), default=None
            Sample weights.

        Returns
        -------
        index : int
            The hot one where its `log_determinant` is higher by a clear margin, else the cold.
        scores : list of float
            The criterion of each.
        """
        scores = [log_determinant(proba, observed, weight=sample_weight) for proba in held_out]
        margin = MARGIN / np.sqrt(len(observed))
        return int(scores[1] > scores[0] + margin), scores

    def initial_targets(self, observed: NDArray[Any], n_classes: int | None) -> Floats:
        """Return the first labels: the observed ones.

        Parameters
        ----------
        observed : ndarray of shape (n_samples, C)
            Observed probability rows; one-hot for labels.
        n_classes : int
            Number of classes C; None for a regression.

        Returns
        -------
        ndarray of shape (n_samples, C)
            The same rows.

        Raises
        ------
        ValueError
            If the problem is a regression.
        """
        refuse_numbers(self, n_classes)
        return observed

    def refine(
        self,
        observed: NDArray[Any],
        targets: Floats,
        oof: Floats,
        *,
        round: int,
        sample_weight: Floats | None = None,
    ) -> tuple[Floats, dict[str, Any]]:
        """Refine the labels once.

        Parameters
        ----------
        observed : ndarray of shape (n_samples, C)
            Observed probability rows; one-hot for labels.
        targets : ndarray of shape (n_samples, C)
            The current labels; not used, the posterior starts from the observed ones.
        oof : ndarray of shape (n_samples, C)
            Out-of-fold predictions P.
        round : int
            The round; not used.
        sample_weight : ndarray of shape (n_samples,), default=None
            Weights of the rows in the counts of T.

        Returns
        -------
        refined : ndarray of shape (n_samples, C)
            The refined labels.
        learned : dict
            `noise_matrix_`, the estimate of T, and `temperature_`.

        Raises
        ------
        ValueError
            If a parameter is out of range, or the temperature is still "auto".
        """
        self._validate_params()
        if self.temperature == "auto":
            raise ValueError(
                "temperature='auto' is settled by SLRClassifier.fit before the rounds begin: give "
                "a number, or one of alternatives(), to refine labels by hand."
            )
        proba = sharpen(oof, self.temperature)
        transition = self._transition(proba, observed, sample_weight)
        learned = {"noise_matrix_": transition, "temperature_": float(self.temperature)}
        return posterior_labels(proba, observed, transition), learned

    def training_targets(self, refined: Floats) -> Floats:
        """Return smoothed labels to train on.

        Parameters
        ----------
        refined : ndarray of shape (n_samples, C)
            The refined labels.

        Returns
        -------
        ndarray of shape (n_samples, C)
            ``(1 - smoothing) * refined + smoothing / C``.
        """
        return smooth(refined, self.smoothing)

    def _transition(self, proba, observed, weight):
        n_classes = proba.shape[1]
        if not isinstance(self.transition, str):
            matrix = np.asarray(self.transition, dtype=np.float64)
            shape = (n_classes, n_classes)
            if (
                matrix.shape != shape
                or np.any(matrix < 0)
                or np.any(np.abs(matrix.sum(axis=1) - 1) > 1e-6)
            ):
                raise ValueError(
                    f"transition is no matrix of shape {shape} with entries >= 0 and rows that "
                    "sum to 1: row c wanted is the distribution of the observed label where c is "
                    "true."
                )
            return matrix
        counted = count_transition(proba, observed, weight=weight)
        if self.transition == "count":
            return counted
        return em_transition(proba, observed, counted, weight=weight)


def sharpen(proba, temperature):
    """Return rows proportional to ``proba ** (1 / temperature)``.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, C)
        Probability rows.
    temperature : float > 0
        Below 1 sharpens, above 1 flattens.

    Returns
    -------
    ndarray of shape (n_samples, C)
        Probability rows.
    """
    # Relative to the largest entry, so that no power underflows in every column.
    powers = (proba / proba.max(axis=1, keepdims=True)) ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def smooth(labels, smoothing):
    """Return ``(1 - smoothing) * labels + smoothing / C``.

    Parameters
    ----------
    labels : ndarray of shape (n_samples, C)
        Probability rows.
    smoothing : float in [0, 1)
        Share of the uniform distribution.

    Returns
    -------
    ndarray of shape (n_samples, C)
        Probability rows.
    """
    return (1 - smoothing) * labels + smoothing / labels.shape[1]


def refuse_numbers(refinement, n_classes):
    """Refuse the targets of a regression, which have no classes."""
    if n_classes is None:
        raise ValueError(
            f"{type(refinement).__name__} is for classification; SLRRegressor takes "
            "refinement='average' or an object that refines targets of shape (n_samples,)."
        )
