"""SLRRegressor: real-valued targets, grades by thresholds."""

from __future__ import annotations

import warnings
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin

from ._base import BaseSLR
from ._em._history import measure_numbers, number_quality, r2
from ._em._targets import ObservedLabels
from .metrics import quadratic_weighted_kappa
from .metrics._kappa import nearest_cuts
from .ordinal import apply_thresholds, fit_thresholds
from .ordinal._probabilities import fit_ordered_logit, predict_ordered_logit
from .refinement import AverageRefinement, OrdinalRefinement, RobustRefinement
from .utils._arrays import unit_of
from .utils._estimators import check_regressor, default_regressor
from .utils._labels import as_array, check_numbers
from .utils._sklearn import HasMethods, StrOptions, _fit_context, available_if
from .utils._typing import (
    Augmentations,
    Cv,
    Estimator,
    FilePath,
    Floats,
    Numbers,
    Refinement,
    Seed,
    Teachers,
)


class SLRRegressor(RegressorMixin, BaseSLR):
    """Regressor that refines imperfect targets while it learns from them; grades by thresholds.

    Stochastic Label Refinery [1]_ for numbers: in each round, models are trained on K-fold splits
    of the current targets and predict the rows held out (E step); targets that look wrong move to
    these predictions (M step). In the end a student learns from the refined targets. With
    `thresholds` its scores are cut into grades, as in the paper's section on DeepDRiD.

    Parameters
    ----------
    estimator : estimator, default=None
        The student: any regressor, skorch net, or Pipeline ending in one. None is ``Ridge()``. It
        is cloned, never changed.
    n_rounds : int, default=None
        EM rounds T. 0 fits the plain estimator on the observed targets. None is the refinement's
        own number: 3 for both.
    refinement : {"robust", "average"} or refinement object, default="robust"
        The M step. "robust" moves numbers that look wrong to their predictions and leaves the
        others alone; where that makes predictions worse, it uses the given ones, and warns: see
        `RobustRefinement`; with thresholds it is `OrdinalRefinement`. "average" is equation 4 of
        the paper with n = 3.
    cv : int, splitter or iterable of (train, test), default=None
        An int: folds shuffled anew every round, stratified by grade where there are thresholds. A
        splitter splits again in every round. An iterable gives the same splits to every round.
        None is 5 folds.
    n_repeats : int, default=1
        K-fold repeats within a round; pseudo-labels are their mean.
    teachers : list of (str, estimator), default=None
        SLR-e: estimators whose out-of-fold predictions are averaged. None is the student alone.
    augmentations : callable or list of callable, default=None
        SLR-a: transformations X -> X' (they may take ``random_state=``). Pseudo-labels are
        averaged over X and every X'; the student's own predictions are not.
    final : {"refit", "folds"} or int, default=None
        What predicts. "refit": one student trained on all refined targets. "folds": the mean of
        n_repeats x K students of a fresh split. An int: the mean of so many students, each
        trained without its share of the rows, which are drawn at random, so that `cv` has to be a
        number, too. None is "refit", unless the refinement has another default.
    thresholds : {"kappa", "nearest"}, array-like of shape (G - 1,) or None, default=None
        None is a plain regressor. "nearest" cuts halfway between neighbouring observed grades.
        "kappa" takes the cuts of the best quadratic weighted kappa of out-of-fold scores, of
        models trained on the refined targets, against the observed grades; with ``final="refit"``
        this costs one more pass of folds. An array gives the cuts.
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
        `n_rounds`, `final`, `select_round` and `thresholds` may change: a longer fit goes
        on from a shorter one. Final students are fitted anew.
    select_round : {"last", "best"}, default="last"
        Which labels the student learns: those after the last round; or those before the round
        with the highest `valid_score`, whose models that score belongs to; this needs `X_val`
        and `y_val`.
    stack_folds : bool, default=True
        Train the nets of all folds in one pass, K matrix products at once, where they can be: see
        the user guide. ``history_["stacked"]`` tells. False trains one after the other. Both start
        from the same weights and batches and take the same steps up to rounding; optimizers such
        as Adam enlarge rounding where a gradient is zero (the bias before a batch norm), so that
        single predictions can differ by up to .1.

    Attributes
    ----------
    refined_labels_ : ndarray of shape (n_samples,)
        The refined targets L(x, T); real numbers, with thresholds too.
    oof_predictions_ : ndarray of shape (n_samples,)
        The last round's pseudo-labels P(x, T-1).
    observed_labels_ : ndarray of shape (n_samples,)
        The given targets.
    history_ : dict of str to ndarray of shape (T,)
        What each round measured: `round`; `label_change`, mean absolute step; `agreement`, share
        of rows that are no issue (see `label_issues_`);
        `oof_score`, R2 of the pseudo-labels against the observed targets; `loss_gain`, how much
        smaller their squared errors are than the first round's, in standard errors, without rows
        that are far from both; `valid_score`, where
        `X_val` was given, of the mean of the round's models: R2, or with thresholds the kappa of
        nearest grades; `n_fits`; `stacked`, whether the models were trained in
        one pass; `fit_time` in seconds.
    label_quality_ : ndarray of shape (n_samples,)
        The probability that the observed target is right, from its distance to the last round's
        pseudo-labels.
    label_issues_ : ndarray of bool of shape (n_samples,)
        Whether the observed target is likelier wrong than right; with thresholds, whether another
        grade is nearest to the calibrated pseudo-label.
    noise_scale_ : float
        The scale of the noise of right targets, about a standard deviation; with "robust".
    outlier_share_ : float
        The share of targets that look wrong; with "robust".
    decision_ : dict or None
        Where "robust" used the given targets: `refinement`, ``"none"``; `reason`, a sentence; and
        the figures behind it. Else None.
    thresholds_ : ndarray of shape (G - 1,)
        Ascending cuts, with thresholds.
    grades_ : ndarray of shape (G,)
        The observed grades, with thresholds.
    estimator_ : estimator
        The fitted student, with ``final="refit"``.
    estimators_ : list of estimator
        The fitted students, with ``final="folds"`` or an int.
    n_rounds_ : int
        Rounds run.
    n_fits_ : int
        Number of models fitted: in the rounds, for the scores of the cuts, and at the end.
    n_features_in_ : int
        Number of features, where X has such.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, where X has such.

    See Also
    --------
    SLRClassifier : For labels.
    ThresholdedRegressor : Cuts scores into grades, without rounds.

    References
    ----------
    .. [1] Fang, Yang, Ni: Stochastic Label Refinery: Toward Better Target Label Distribution.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_slr import SLRRegressor
    >>> import numpy as np
    >>> X, y = load_diabetes(return_X_y=True)
    >>> y[::20] *= 10  # a slip of the decimal point
    >>> slr = SLRRegressor(Ridge(0.1), random_state=0).fit(X, y)
    >>> int(slr.label_issues_.sum()), int(slr.label_issues_[::20].sum())
    (24, 23)

    Grades:

    >>> X, y = load_diabetes(return_X_y=True)
    >>> grades = np.digitize(y, [100, 150, 200])
    >>> slr = SLRRegressor(Ridge(0.1), thresholds="kappa", random_state=0).fit(X, grades)
    >>> slr.predict(X[:5]).tolist(), slr.thresholds_.shape
    ([2, 0, 2, 2, 1], (3,))
    """

    _refinements = {"robust": RobustRefinement, "average": AverageRefinement}
    _parameter_constraints: dict[str, Any] = {
        **BaseSLR._parameter_constraints,
        "refinement": [StrOptions(set(_refinements)), HasMethods(["refine"])],
        "thresholds": [StrOptions({"nearest", "kappa"}), "array-like", None],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        n_rounds: int | None = None,
        refinement: Literal["robust", "average"] | Refinement = "robust",
        cv: Cv | None = None,
        n_repeats: int = 1,
        teachers: Teachers | None = None,
        augmentations: Augmentations | None = None,
        final: Literal["refit", "folds"] | int | None = None,
        thresholds: Literal["nearest", "kappa"] | Numbers | None = None,
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
        self.thresholds = thresholds
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
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        X_val: Any = None,
        y_val: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Self:
        """Refine the targets and fit the student on them.

        Parameters
        ----------
        X : indexable of length n_samples
            Array, sparse matrix, DataFrame, tensor, list of texts or paths, dict of arrays,
            torch Dataset: handed to the estimator as it comes.
        y : array-like of shape (n_samples,)
            Targets; with thresholds numeric grades.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in every inner fit, in the thresholds and in the history. Rows of
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
            If `y` holds NaN or infinite values, the cuts do not fit the grades, or there are
            fewer rows than folds. The estimator is left as it was.
        TypeError
            If `y` has several outputs or strings, or the estimator is a classifier.
        """
        return self._fit(X, y, sample_weight, groups, X_val, y_val, fit_params)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the target of each row; with thresholds its grade.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples,)
            Numbers; with thresholds observed grades.
        """
        scores = self._predict_targets(X)
        if not hasattr(self, "thresholds_"):
            return scores
        return apply_thresholds(scores, self.thresholds_, self.grades_)

    @available_if(lambda self: self.thresholds is not None)
    def decision_function(self, X: Any) -> Floats:
        """Return the scores that the thresholds cut into grades.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples,)
            Scores, on the scale of the grades.
        """
        return self._predict_targets(X)

    @available_if(lambda self: self._needs_scores())
    def predict_proba(self, X: Any) -> Floats:
        """Predict the probability of each grade, with ``thresholds="kappa"``.

        The probabilities are an ordered logit of the score, fitted to the out-of-fold scores and
        the observed grades. They do not depend on the cuts.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples, G)
            Rows >= 0 that sum to 1; columns in the order of `grades_`.
        """
        scores = self.decision_function(X)
        return predict_ordered_logit(scores, **self._ordered_logit)

    def score(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return R2; with thresholds the quadratic weighted kappa.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.
        y : array-like of shape (n_samples,)
            True targets or grades.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        float
            The score, at most 1.
        """
        predicted = self.predict(X)
        if hasattr(self, "thresholds_"):
            return quadratic_weighted_kappa(y, predicted, sample_weight=sample_weight)
        return r2(check_numbers(y), predicted, sample_weight=sample_weight)

    def _make_refinement(self, name):
        if name == "robust" and self.thresholds is not None:
            return OrdinalRefinement()
        return super()._make_refinement(name)

    def _default_estimator(self):
        return default_regressor()

    def _check_estimator(self, estimator, name):
        check_regressor(estimator, name)

    def _needs_scores(self):
        return isinstance(self.thresholds, str) and self.thresholds == "kappa"

    def _encode_labels(self, y, y_val, refinement):
        targets = check_numbers(y)
        grades = None
        if self.thresholds is not None:
            grades = np.unique(as_array(y, name="y"))
            self._check_thresholds(grades, len(targets))
        if y_val is not None:
            y_val = check_numbers(y_val, name="y_val")
            unseen = [] if grades is None else np.setdiff1d(y_val, grades)
            if len(unseen):
                raise ValueError(
                    f"y_val holds grades that are unseen in training: {unseen.tolist()}; known "
                    f"are {grades.tolist()}."
                )
        strata = None if grades is None else np.searchsorted(grades, targets)
        return ObservedLabels(
            observed=targets,
            targets=targets,
            split_labels=targets if strata is None else strata,
            strata=strata,
            classes=grades,
            y_val=y_val,
        )

    def _check_thresholds(self, grades, n_samples):
        if len(grades) < 2:
            raise ValueError(
                f"y holds 1 grade only, {grades.tolist()}, in n_samples={n_samples}, and "
                "thresholds cut between at least 2: check y, or set thresholds=None."
            )
        if isinstance(self.thresholds, str):
            if self.thresholds == "nearest" and self._resolve_defaults()[0] > 0:
                warnings.warn(
                    "thresholds='nearest' with n_rounds > 0: refinement pulls the scores towards "
                    "the middle, so that fixed cuts lose. Use thresholds='kappa', which refits "
                    "the cuts out of fold.",
                    UserWarning,
                )
            return
        cuts = check_numbers(self.thresholds, name="thresholds")
        if cuts.shape != (len(grades) - 1,):
            raise ValueError(
                f"thresholds has shape {cuts.shape}, but y holds the {len(grades)} grades "
                f"{grades.tolist()}: expected {len(grades) - 1} cuts. A grade that is unseen in "
                "training cannot be predicted."
            )
        apply_thresholds(np.zeros(1), cuts)  # checks that they ascend

    def _measure_round(self, labels, weight, before, after, found, first):
        grades, weight = labels.classes, _held_out_only(weight, found.held_out)
        row, first = measure_numbers(
            labels.observed, before, after, found.predictions, first, weight, grades=grades
        )
        if found.validation is not None:
            score = r2 if grades is None else quadratic_weighted_kappa
            row["valid_score"] = score(labels.y_val, found.validation)
        return row, first

    def _learned_attributes(self, labels, refined, students, weight):
        grades = labels.classes
        measured = _held_out_only(weight, refined.held_out)
        quality, issues = number_quality(labels.observed, refined.oof, measured, grades=grades)
        if refined.held_out is not None:  # of the other rows nothing is known
            quality[~refined.held_out], issues[~refined.held_out] = 1.0, False
        learned = {
            "refined_labels_": refined.labels,
            "oof_predictions_": refined.oof,
            "observed_labels_": labels.observed,
            "history_": refined.history,
            "label_quality_": quality,
            "label_issues_": issues,
            "decision_": None,
            **refined.attributes,
        }
        if grades is None:
            return learned
        if self._needs_scores():
            fitted = self._fit_cuts_and_logit(labels, students, weight)
        elif isinstance(self.thresholds, str):
            fitted = {"thresholds_": nearest_cuts(grades)}
        else:
            fitted = {"thresholds_": np.array(self.thresholds, dtype=np.float64)}
        return {**learned, **fitted, "grades_": grades}

    def _fit_cuts_and_logit(self, labels, students, weight):
        """Fit cuts and logit to out-of-fold scores, without rows that were never held out."""
        rows, grades = students.held_out, labels.classes
        scores, observed = students.scores[rows], labels.observed[rows]
        weight = None if weight is None else weight[rows]
        cuts = fit_thresholds(
            scores, observed, method=self.thresholds, grades=grades, sample_weight=weight
        )
        codes = np.searchsorted(grades, observed)
        logit = fit_ordered_logit(scores, codes, len(grades), weight, unit=unit_of(grades))
        return {"thresholds_": cuts, "_ordered_logit": logit}


def _held_out_only(weight, held_out):
    """Return weights without rows whose pseudo-labels are their own targets."""
    if held_out is None or held_out.all():
        return weight
    return held_out.astype(np.float64) if weight is None else weight * held_out
