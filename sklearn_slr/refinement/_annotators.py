"""An M step for the answers of several annotators."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from ..utils._sklearn import Interval
from ..utils._typing import Floats
from ._answers import annotator_posterior, share_right, vote_shares
from ._guards import GuardedRefinementMixin
from ._posterior import SmoothedTargetsMixin, check_classification


class AnnotatorRefinement(SmoothedTargetsMixin, GuardedRefinementMixin, BaseEstimator):
    """Combine the answers of several annotators with the predictions of the models.

    `SLRClassifier.fit` then takes a table of answers as `y`: a column for each annotator, with
    gaps where an annotator gave no answer. The sharpened out-of-fold prediction is the prior of a
    row's true class. A confusion matrix for each annotator, estimated again in every round, gives
    the probability of the answers [1]_:
    ``L_i(c) ~ P_i(c) ** (1 / temperature) * prod_a T_a[c, y_ia]``. This is not in the paper.

    Parameters
    ----------
    temperature : float > 0, default=None
        A value below 1 gives the model more weight, a value above 1 the answers. None estimates
        it in every round together with the matrices: models that learned vote shares are too
        modest, naive Bayes is too sure, and the annotators show by how much.
    prior : float > 0, default=5.0
        Number of pseudo-answers per class that shrink each annotator's matrix to the pooled
        matrix. Increase it if each annotator answered few rows.
    n_iter : int, default=10
        Iterations of expectation-maximisation in each round.
    smoothing : float in [0, 1), default=0.1
        The next round and the student train on ``(1 - smoothing) * L + smoothing / C``.

    See Also
    --------
    PosteriorRefinement : For one label per row.

    References
    ----------
    .. [1] Dawid, Skene: Maximum Likelihood Estimation of Observer Error-Rates Using the EM
       Algorithm. Journal of the Royal Statistical Society C 28, 1979.

    Examples
    --------
    Three annotators; the last one guesses:

    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn_slr import SLRClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> rng = np.random.RandomState(0)
    >>> answers = np.column_stack([y, y, rng.randint(3, size=150)])
    >>> answers[rng.rand(150, 3) < 0.4] = -1  # no answer
    >>> slr = SLRClassifier(GaussianNB(), refinement="annotators", random_state=0)
    >>> slr = slr.fit(X, answers)
    >>> bool(slr.annotator_quality_[:2].min() > 0.85 > 0.6 > slr.annotator_quality_[2])
    True
    >>> slr.confusion_matrices_.shape
    (3, 3, 3)
    """

    _parameter_constraints: dict[str, Any] = {
        "temperature": [Interval(Real, 0, None, closed="neither"), None],
        "prior": [Interval(Real, 0, None, closed="neither")],
        "n_iter": [Interval(Integral, 1, None, closed="left")],
        "smoothing": [Interval(Real, 0, 1, closed="left")],
    }

    # Tells SLRClassifier to read y as a table of answers.
    takes_answers = True

    def __init__(
        self,
        temperature: float | None = None,
        prior: float = 5.0,
        n_iter: int = 10,
        smoothing: float = 0.1,
    ) -> None:
        self.temperature = temperature
        self.prior = prior
        self.n_iter = n_iter
        self.smoothing = smoothing

    def initial_targets(self, observed: NDArray[Any], n_classes: int | None) -> Floats:
        """Return the first targets: vote shares.

        Parameters
        ----------
        observed : ndarray of int of shape (n_samples, n_annotators)
            Answers as class indices; -1 where there is no answer.
        n_classes : int
            Number of classes C; None for regression.

        Returns
        -------
        ndarray of shape (n_samples, C)
            Vote shares; rows without an answer are uniform.

        Raises
        ------
        ValueError
            If the problem is regression.
        """
        check_classification(self, n_classes)
        return vote_shares(observed, n_classes)

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
        observed : ndarray of int of shape (n_samples, n_annotators)
            Answers as class indices; -1 where there is no answer.
        targets : ndarray of shape (n_samples, C)
            The current labels, where expectation-maximisation starts.
        oof : ndarray of shape (n_samples, C)
            Out-of-fold predictions P.
        round : int
            The round; not used.
        sample_weight : ndarray of shape (n_samples,), default=None
            Weights of the rows in the counts of the confusion matrices.

        Returns
        -------
        refined : ndarray of shape (n_samples, C)
            The refined labels.
        learned : dict
            `confusion_matrices_` (A, C, C), P(answer = column given true = row) of each
            annotator; `annotator_quality_` (A,), the mean probability that the annotator's
            answers are right, NaN without any; `noise_matrix_` (C, C), the pooled matrix of all
            annotators; `temperature_`.
        """
        self._validate_params()
        refined, confusion, pooled, temperature = annotator_posterior(
            oof,
            observed,
            targets,
            temperature=self.temperature,
            weight=sample_weight,
            n_iter=self.n_iter,
            prior=self.prior,
        )
        return refined, {
            "confusion_matrices_": confusion,
            "annotator_quality_": share_right(refined, observed, weight=sample_weight),
            "noise_matrix_": pooled,
            "temperature_": temperature,
        }
