"""SLRClassifier: labels <-> probability rows."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import accuracy_score

from ._base import BaseSLR
from ._em._history import ODDS_IN_DOUBT, class_quality, measure_classes
from ._em._targets import encode_answer_targets, encode_label_targets
from .refinement import AnnotatorRefinement, AutoRefinement, AverageRefinement, PosteriorRefinement
from .refinement._answers import label_posterior
from .refinement._noise import count_transition
from .utils._answers import encode_answers
from .utils._classifier_mixin import ProbabilisticClassifierMixin
from .utils._estimators import check_classifier, default_classifier
from .utils._labels import as_array
from .utils._sklearn import HasMethods, StrOptions, _fit_context
from .utils._typing import (
    Augmentations,
    Cv,
    Estimator,
    FilePath,
    Labels,
    Refinement,
    Seed,
    Teachers,
)


class SLRClassifier(ProbabilisticClassifierMixin, BaseSLR):
    """Classifier that refines imperfect labels while it learns from them.

    Stochastic Label Refinery [1]_: in each round, models are trained on K-fold splits of the
    current soft labels and predict the rows held out (E step); the labels move towards these
    predictions (M step). In the end a student learns from the refined labels.

    Parameters
    ----------
    estimator : estimator, default=None
        The student: any probabilistic classifier, skorch net, or Pipeline ending in one. None is
        ``LogisticRegression()``. It is trained on class indices 0..C-1, and cloned, never changed.
    n_rounds : int, default=None
        EM rounds T. 0 fits the plain estimator on the observed labels. None is the refinement's
        own number: 5 for "auto", else 3.
    refinement : {"auto", "average", "posterior", "annotators"} or refinement object, \
            default="auto"
        The M step. "auto" refines labels where the rounds show that this helps, and else leaves
        them alone, see `AutoRefinement`; "average" is equation 4 of the paper with n = 3, no
        more; "posterior" models the noise, see `PosteriorRefinement`; "annotators" takes a table
        of answers, see `AnnotatorRefinement`.
    cv : int, splitter or iterable of (train, test), default=None
        An int: stratified folds, shuffled anew every round. A splitter splits again in every
        round. An iterable gives the same splits to every round. Rows that are never held out
        keep their labels. None is 5 folds.
    n_repeats : int, default=1
        K-fold repeats within a round; pseudo-labels are their mean.
    teachers : list of (str, estimator), default=None
        SLR-e: estimators whose out-of-fold predictions are averaged. None is the student alone.
    augmentations : callable or list of callable, default=None
        SLR-a: transformations X -> X' (they may take ``random_state=``). Pseudo-labels are
        averaged over X and every X'; the student's own predictions are not.
    final : {"refit", "folds"} or int, default=None
        What predicts. "refit": one student trained on all refined labels. "folds": the mean of
        n_repeats x K students of a fresh split. An int: the mean of so many students, each
        trained without its share of the rows, which are drawn at random, so that `cv` has to be a
        number, too. None is 10 for "auto" ("folds" where `cv` is no number), else "refit".
    n_jobs : int, default=None
        Folds fitted at once.
    random_state : int, RandomState instance or None, default=None
        Seeds folds, augmentations, every open `random_state` of the estimators, and skorch nets.
        The same int gives the same labels, whatever `n_jobs`.
    verbose : int, default=0
        1 says how many fits will run, and then what each round measured.
    checkpoint : path-like, default=None
        Folder where the predictions of every finished fold are kept: the same call on the same
        data goes on after a crash, and gives the same labels to the bit. Each fit has its own
        sub-folder, named by a fingerprint of data, parameters and versions, so that a search can
        share one folder; given the sub-folder itself, any other fit is refused.
        `n_rounds`, `final` and `select_round` may change: a longer fit goes
        on from a shorter one. Final students are fitted anew.
    select_round : {"last", "best"}, default="last"
        Which labels the student learns: those after the last round; or, "best", those before the
        round with the highest `valid_score`, whose models that score belongs to. "best" needs
        `X_val` and `y_val`; labels of the last round are not among its choice, as no model was
        trained on them.
    stack_folds : bool, default=True
        Train the nets of all folds in one pass, K matrix products at once, where they can be: see
        the user guide. ``history_["stacked"]`` tells. False trains one after the other. Both start
        from the same weights and batches and take the same steps up to rounding; optimizers such
        as Adam enlarge rounding where a gradient is zero (the bias before a batch norm), so that
        single predictions can differ by up to .1.

    Attributes
    ----------
    classes_ : ndarray of shape (C,)
        Class labels, in the order of the columns.
    refined_labels_ : ndarray of shape (n_samples, C)
        The refined labels L(x, T); rows are >= 0 and sum to 1.
    oof_predictions_ : ndarray of shape (n_samples, C)
        The last round's pseudo-labels P(x, T-1).
    observed_labels_ : ndarray of shape (n_samples,)
        The given labels as indices into `classes_`; of a table of answers the majority vote, -1
        where there is no answer.
    history_ : dict of str to ndarray of shape (T,)
        What each round measured: `round`; `label_change`, mean total variation between the
        labels before and after; `agreement`, share of rows whose refined label is the observed
        one; `oof_score`, accuracy of the pseudo-labels against the observed labels (after the
        first round it is biased upwards: do not stop by it); `agreement_gain`, the difference of
        `oof_score` from the first round's in standard errors, of a table over all answers;
        `likelihood_gain`, the same of the likelihood of the observed labels, given the
        pseudo-labels at a temperature and with a noise matrix that suit them best;
        `over_chance`, how far `oof_score` is above chance, in standard errors;
        `smallest_class_kept`, the smallest ratio, over classes, of refined labels to observed
        ones; `valid_score`, accuracy on `X_val` of the mean of the round's models, where given;
        `n_fits`; `stacked`, whether these models were trained in one pass; `fit_time` in seconds.
    label_quality_ : ndarray of shape (n_samples,)
        How far the observed label is to be trusted, in [0, 1]: its probability in the
        pseudo-labels averaged over rounds; where labels were refined, the geometric mean of that
        and of its probability once the noise is known, too. The lowest are the most suspicious.
    label_issues_ : ndarray of bool of shape (n_samples,)
        Whether the averaged pseudo-labels prefer another class; where the rounds have shown that
        refined labels would be worse, by at least 1.5 to 1.
    noise_matrix_ : ndarray of shape (C, C)
        Estimate of P(observed = column given true = row).
    decision_ : dict or None
        What "auto" decided, or why another refinement was stopped, else None: `refinement`,
        "posterior" or "none" (the given labels are used); `round`, whose labels are used;
        `reason`, a sentence; the figures behind it.
    temperature_ : float
        The temperature used, or, of annotators, estimated; not with ``refinement="average"``.
    annotator_quality_ : ndarray of shape (n_annotators,)
        With ``refinement="annotators"``: the mean probability, by the refined labels, that the
        annotator's answers are right; NaN where there is none.
    confusion_matrices_ : ndarray of shape (n_annotators, C, C)
        With ``refinement="annotators"``: P(answer = column given true = row) of each annotator.
    estimator_ : estimator
        The fitted student, where one predicts.
    estimators_ : list of estimator
        The fitted students, where several predict.
    n_rounds_ : int
        Rounds behind the refined labels.
    n_fits_ : int
        Number of models fitted, in the rounds and in the end.
    n_features_in_ : int
        Number of features, where X has such.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, where X has such.

    See Also
    --------
    SLRRegressor : For numbers and ordinal grades.
    SoftTargetClassifier : Learns from targets of your own, without rounds.

    References
    ----------
    .. [1] Fang, Yang, Ni: Stochastic Label Refinery: Toward Better Target Label Distribution.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn_slr import SLRClassifier
    >>> from sklearn_slr.datasets import make_noisy_labels
    >>> X, y = load_wine(return_X_y=True)
    >>> given = make_noisy_labels(y, noise=0.4, random_state=0)
    >>> slr = SLRClassifier(GaussianNB(), random_state=0).fit(X, given)
    >>> refined = slr.refined_labels_.argmax(axis=1)
    >>> round(float(np.mean(given == y)), 2), round(float(np.mean(refined == y)), 2)
    (0.6, 0.95)
    """

    _refinements = {
        "auto": AutoRefinement,
        "average": AverageRefinement,
        "posterior": PosteriorRefinement,
        "annotators": AnnotatorRefinement,
    }
    _parameter_constraints: dict[str, Any] = {
        **BaseSLR._parameter_constraints,
        "refinement": [StrOptions(set(_refinements)), HasMethods(["refine"])],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        n_rounds: int | None = None,
        refinement: Literal["auto", "average", "posterior", "annotators"] | Refinement = "auto",
        cv: Cv | None = None,
        n_repeats: int = 1,
        teachers: Teachers | None = None,
        augmentations: Augmentations | None = None,
        final: Literal["refit", "folds"] | int | None = None,
        n_jobs: int | None = None,
        random_state: Seed = None,
        verbose: int = 0,
        checkpoint: FilePath | None = None,
        select_round: Literal["last", "best"] = "last",
        stack_folds: bool = True,
    ) -> None:
        self.estimator = estimator
        self.n_rounds = n_rounds
        self.refinement = refinement
        self.cv = cv
        self.n_repeats = n_repeats
        self.teachers = teachers
        self.augmentations = augmentations
        self.final = final
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.checkpoint = checkpoint
        self.select_round = select_round
        self.stack_folds = stack_folds

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: Any,
        y: Labels,
        *,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        X_val: Any = None,
        y_val: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Self:
        """Refine the labels and fit the student on them.

        Parameters
        ----------
        X : indexable of length n_samples
            Array, sparse matrix, DataFrame, tensor, list of texts or paths, dict of arrays,
            torch Dataset: handed to the estimator as it comes.
        y : array-like of shape (n_samples,), (n_samples, C) or (n_samples, n_annotators)
            Labels of any sortable kind; or probability rows, non-negative and summing to 1,
            whose classes are a DataFrame's columns, else 0..C-1. With
            ``refinement="annotators"``, and only then, a table of answers, where NaN, None,
            pandas' NA and -1 mean no answer.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in every inner fit and in the counts of the M step. Rows of
            weight zero are refined but never trained on.
        groups : array-like of shape (n_samples,), default=None
            Groups for `cv`.
        X_val, y_val : indexable and array-like, default=None
            A clean set, scored once a round into ``history_["valid_score"]``. It trains nothing.
        **fit_params : dict
            Keywords of the student's `fit`; arrays of length n_samples follow the rows. With
            metadata routing enabled they are routed.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            If `y` holds one class only, missing labels or rows that are not probabilities, or
            there are fewer rows than folds. The estimator is left as it was.
        TypeError
            If `y` has several outputs, or the estimator gives no probabilities.
        """
        return self._fit(X, y, sample_weight, groups, X_val, y_val, fit_params)

    def score(self, X: Any, y: Labels, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.
        y : array-like of shape (n_samples,), (n_samples, C) or (n_samples, n_annotators)
            True labels; probability rows, whose argmax counts; with ``refinement="annotators"``
            a table of answers, whose majority vote counts where there is any.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        float
            Share of rows predicted right.
        """
        if self._takes_answers() and as_array(y, name="y").ndim == 2:
            return _score_answers(y, self.predict(X), sample_weight)
        return super().score(X, y, sample_weight)

    def _takes_answers(self):
        return getattr(self._get_refinement(), "takes_answers", False)

    def _default_estimator(self):
        return default_classifier()

    def _check_estimator(self, estimator, name):
        check_classifier(estimator, name)

    def _encode_labels(self, y, y_val, refinement):
        encode = encode_answer_targets if self._takes_answers() else encode_label_targets
        return encode(y, y_val)

    def _measure_round(self, labels, weight, before, after, found, first):
        answers = labels.observed if self._takes_answers() else None
        row, evidence = measure_classes(
            labels.codes, before, after, found.predictions, first, weight, answers=answers
        )
        if found.validation is not None:
            row["valid_score"] = accuracy_score(labels.y_val, found.validation.argmax(axis=1))
        return row, evidence

    def _judge_labels(self, labels, refined, weight):
        """Return the distribution of the true class that says how good observed labels are."""
        if self._takes_answers():
            return refined.labels
        # Not the refined labels: they saturate where classes overlap.
        return label_posterior(refined.mean_oof, labels.codes, weight=weight)

    def _learned_attributes(self, labels, refined, students, weight):
        decision = refined.attributes.get("decision_") or {}
        # The observed label of a row of answers is their majority vote.
        observed = labels.codes if self._takes_answers() else labels.observed
        quality, issues = class_quality(
            labels.codes,
            observed,
            refined.mean_oof,
            self._judge_labels(labels, refined, weight) if refined.n_rounds else None,
            odds=ODDS_IN_DOUBT if decision.get("harm") else 1.0,
        )
        return {
            "classes_": labels.classes,
            "refined_labels_": refined.labels,
            "oof_predictions_": refined.oof,
            "observed_labels_": labels.codes,
            "history_": refined.history,
            "label_quality_": quality,
            "label_issues_": issues,
            "noise_matrix_": count_transition(refined.mean_oof, labels.presence, weight=weight),
            "decision_": None,
            **refined.attributes,
        }


def _score_answers(y, predicted, sample_weight):
    """Return the accuracy against majority votes, on rows with an answer."""
    classes, _, codes = encode_answers(y)
    known = codes >= 0
    weight = None if sample_weight is None else np.asarray(sample_weight)[known]
    return accuracy_score(classes[codes[known]], predicted[known], sample_weight=weight)
