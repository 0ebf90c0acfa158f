"""ThresholdedRegressor: any regressor predicts ordinal grades."""

from __future__ import annotations

import copy
from numbers import Integral
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone, is_classifier
from sklearn.utils import ClassifierTags, check_random_state
from sklearn.utils.metadata_routing import UNUSED, MetadataRouter
from sklearn.utils.validation import check_is_fitted

from .._em._splits import draw_folds, make_split_drawer
from .._out_of_fold import out_of_fold_predict
from ..metrics import quadratic_weighted_kappa
from ..soft_targets._fit import fit_targets
from ..soft_targets._fitted import FittedTargets
from ..utils._arrays import unit_of
from ..utils._estimators import default_regressor, set_learned_attributes
from ..utils._inputs import as_indexable, check_lengths
from ..utils._nets import final_step
from ..utils._random import derive_seed
from ..utils._routing import make_router, route_fit
from ..utils._sklearn import HasMethods, Interval, StrOptions, _fit_context, get_tags
from ..utils._typing import Cv, Estimator, Floats, Numbers, Seed
from ._grades import encode_weighted_grades
from ._optimal_cuts import METRICS
from ._probabilities import fit_ordered_logit, predict_ordered_logit
from ._thresholds import METHODS, apply_thresholds, check_thresholds, fit_bagged_thresholds

# What each derived seed is for.
_SPLIT, _FOLDS, _BAGS, _REFIT = range(4)


class ThresholdedRegressor(RegressorMixin, MetaEstimatorMixin, BaseEstimator):
    """Regressor that predicts ordinal grades: it cuts the scores of any regressor.

    Clones of the regressor are trained on K folds of the numeric grades. The cuts between grades
    are fitted to their out-of-fold scores. Then the regressor is refitted on all rows.

    Parameters
    ----------
    estimator : estimator, default=None
        Any regressor, skorch net, or Pipeline ending in one. None is ``Ridge()`` with a small
        `tol`. It is cloned, never changed.
    thresholds : {"kappa", "moments", "nearest", "quantile"} or array-like of shape (G - 1,), \
            default="kappa"
        "kappa": the cuts with the best `metric` on the out-of-fold scores; the optimum is exact.
        "moments": scores are rescaled to the mean and variance of the grades, and rounded.
        "nearest": halfway between neighbouring grades. "quantile": each grade is predicted as
        often as it was observed. An array gives ascending cuts.
    metric : {"accuracy", "linear_kappa", "mae", "quadratic_kappa"}, default="quadratic_kappa"
        The metric that ``thresholds="kappa"`` optimises; the other kinds do not use it.
    cv : int, splitter or iterable of (train, test), default=5
        An int: shuffled folds, stratified by grade. Rows that are never held out are not used to
        fit the cuts.
    n_bags : int, default=0
        Number of bootstrap samples of the out-of-fold scores. The cuts are the mean of the cuts
        of all samples, which varies less, above all where grades are noisy; 8 are enough. 0 fits
        the cuts once, to the scores themselves.
    n_jobs : int, default=None
        Number of folds fitted in parallel.
    random_state : int, RandomState instance or None, default=None
        Seeds folds, bootstraps, every `random_state` of the regressor that is None, and skorch
        nets.

    Attributes
    ----------
    thresholds_ : ndarray of shape (G - 1,)
        Ascending cuts. A score equal to a cut lies above it.
    grades_ : ndarray of shape (G,)
        The grades observed on rows of positive weight, in order, of the dtype of `y`. The columns
        of `predict_proba` are in this order. The name is not `classes_`, because scikit-learn
        treats this estimator as a regressor.
    estimator_ : estimator
        The regressor, fitted on all rows.
    oof_predictions_ : ndarray of shape (n_samples,)
        Out-of-fold scores; NaN where a row was never held out.
    n_features_in_ : int
        Number of features, if X has columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X has names that are all strings.

    See Also
    --------
    fit_thresholds : Fit only the cuts.
    SLRRegressor : Refines doubtful grades while it learns from them.

    Notes
    -----
    Grades that are not numbers stand for their positions: an ordered pandas Categorical keeps its
    order, other values are sorted. Numbers stand for themselves, so gaps between them count.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_slr.ordinal import ThresholdedRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> grades = np.digitize(y, [100, 150, 200])
    >>> model = ThresholdedRegressor(random_state=0).fit(X, grades)
    >>> model.predict(X[:5]).tolist(), model.predict_proba(X[:5]).shape
    ([2, 0, 2, 2, 1], (5, 4))
    """

    __metadata_request__fit = {"groups": UNUSED}
    _isolates_nets = True

    _parameter_constraints: dict[str, Any] = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "thresholds": [StrOptions(set(METHODS)), "array-like"],
        "metric": [StrOptions(set(METRICS))],
        "cv": ["cv_object"],
        "n_bags": [Interval(Integral, 0, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Estimator | None = None,
        *,
        thresholds: Literal["kappa", "moments", "nearest", "quantile"] | Numbers = "kappa",
        metric: Literal["accuracy", "linear_kappa", "mae", "quadratic_kappa"] = "quadratic_kappa",
        cv: Cv | None = 5,
        n_bags: int = 0,
        n_jobs: int | None = None,
        random_state: Seed = None,
    ) -> None:
        self.estimator = estimator
        self.thresholds = thresholds
        self.metric = metric
        self.cv = cv
        self.n_bags = n_bags
        self.n_jobs = n_jobs
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Self:
        """Fit the cuts to out-of-fold scores, and the regressor to all rows.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs, passed to the regressor unchanged.
        y : array-like of shape (n_samples,)
            Grades: numbers, strings or an ordered pandas Categorical.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in every fit: of the regressor, the cuts and the probabilities.
        groups : array-like of shape (n_samples,), default=None
            Groups for `cv`.
        **fit_params : dict
            Keyword arguments of the regressor's `fit`; arrays of length n_samples are sliced with
            the rows. They are routed if metadata routing is enabled.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            If `y` holds only one grade or missing ones, the cuts do not match the grades, or
            there are fewer rows than folds. The estimator is then unchanged.
        TypeError
            If the estimator is a classifier.
        """
        X_given, X = X, as_indexable(X)
        estimator = self._clone_regressor()
        n_samples = check_lengths(X, y=y, groups=groups, sample_weight=sample_weight)
        weight, inner_weight, split_params, fit_params = route_fit(
            self, n_samples, sample_weight, groups, fit_params
        )
        weight = np.ones(n_samples) if weight is None else weight
        grades, values, codes, targets = encode_weighted_grades(y, weight)
        root = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        splits = self._make_splits(X, targets, codes, split_params, derive_seed(root, _SPLIT))
        self._check_grades(grades)
        options = {"sample_weight": inner_weight, "fit_params": fit_params}
        seed = derive_seed(root, _FOLDS)
        scores = out_of_fold_predict(
            estimator, X, targets, cv=splits, n_jobs=self.n_jobs, random_state=seed, **options
        )
        fitted = fit_targets(estimator, X, targets, seed=derive_seed(root, _REFIT), **options)
        scores = _mask_never_held_out(scores, splits)
        rows = _select_scored_rows(scores, weight)
        held_out = (scores[rows], targets[rows], codes[rows], weight[rows])
        learned = self._fit_cuts_and_logit(*held_out, values, derive_seed(root, _BAGS))
        learned |= {"estimator_": fitted.model, "grades_": grades, "oof_predictions_": scores}
        set_learned_attributes(self, X_given, learned)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the grade of each row.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples,)
            Observed grades.
        """
        return apply_thresholds(self.decision_function(X), self.thresholds_, self.grades_)

    def decision_function(self, X: Any) -> Floats:
        """Predict the scores that the thresholds cut into grades.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples,)
            Scores, on the scale of the grades.
        """
        check_is_fitted(self)
        regressor = FittedTargets(self.estimator_, None, None, "regression")
        return regressor.predict(as_indexable(X))

    def predict_proba(self, X: Any) -> Floats:
        """Predict the probability of each grade, calibrated on the out-of-fold scores.

        The probabilities are an ordered logit of the score. They do not depend on the cuts, which
        optimise `metric`: so the most probable grade and the predicted grade may differ.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples, G)
            Rows >= 0 that sum to 1; columns in the order of `grades_`.
        """
        return predict_ordered_logit(self.decision_function(X), **self._ordered_logit)

    def score(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the quadratic weighted kappa of the predicted grades.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs.
        y : array-like of shape (n_samples,)
            True grades.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        float
            The kappa, at most 1. Numbers are weighted by their values, other grades by their
            positions in `grades_`.
        """
        predicted, labels = self.predict(X), self.grades_
        if labels.dtype.kind in "biuf":
            # Grades that were absent in training lower the score, but are not errors.
            labels = np.union1d(labels, np.asarray(y))
        return quadratic_weighted_kappa(y, predicted, labels=labels, sample_weight=sample_weight)

    def _regressor(self):
        return default_regressor() if self.estimator is None else self.estimator

    def _clone_regressor(self):
        estimator = clone(self._regressor())
        if is_classifier(estimator):
            raise TypeError(
                f"estimator is the classifier {type(final_step(estimator)).__name__}; expected a "
                "regressor, whose scores ThresholdedRegressor cuts: pass one."
            )
        return estimator

    def _check_grades(self, grades):
        """Check before any fit that there are two grades, and that given cuts match the grades."""
        if len(grades) < 2:
            raise ValueError(
                f"y holds 1 grade only ({grades[0]}); expected at least 2: check how the grades "
                "were read or split."
            )
        if not isinstance(self.thresholds, str):
            check_thresholds(self.thresholds, len(grades))

    def _make_splits(self, X, targets, codes, split_params, seed):
        no_groups = split_params.get("groups") is None
        if isinstance(self.cv, Integral) and no_groups and len(codes) >= self.cv:
            # No warning for grades with fewer rows than folds: a regressor does not need them.
            return draw_folds(len(codes), self.cv, codes, seed)
        return make_split_drawer(self.cv, X, targets, split_params=split_params)(seed)

    def _fit_cuts_and_logit(self, scores, targets, codes, weight, values, seed):
        """Return the attributes that are fitted to out-of-fold scores."""
        if isinstance(self.thresholds, str):
            cuts = fit_bagged_thresholds(
                scores,
                targets,
                n_bags=self.n_bags,
                seed=seed,
                method=self.thresholds,
                metric=self.metric,
                grades=values,
                sample_weight=weight,
            )
        else:
            cuts = np.array(self.thresholds, dtype=np.float64)
        logit = fit_ordered_logit(scores, codes, len(values), weight, unit=unit_of(values))
        return {"thresholds_": cuts, "_ordered_logit": logit}

    def get_metadata_routing(self) -> MetadataRouter:
        """Get the metadata routing: `estimator` for fit, `splitter` for split.

        Returns
        -------
        MetadataRouter
            The routing of this meta-estimator.
        """
        return make_router(self, self._regressor(), 5 if self.cv is None else self.cv)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        regressor = get_tags(self._regressor())
        tags.input_tags = copy.deepcopy(regressor.input_tags)
        tags.non_deterministic = regressor.non_deterministic
        # scikit-learn reads them from every estimator with predict_proba.
        tags.classifier_tags = ClassifierTags()
        return tags


def _mask_never_held_out(scores, splits):
    """Set the scores of rows in no test fold to NaN: out_of_fold_predict returns their targets."""
    held_out = np.concatenate([test for _, test in splits])
    scores[np.setdiff1d(np.arange(len(scores)), held_out)] = np.nan
    return scores


def _select_scored_rows(scores, weight):
    rows = np.flatnonzero(np.isfinite(scores) & (weight > 0))
    if not len(rows):
        raise ValueError(
            "cv holds out no row of positive weight, so there are no scores to fit cuts to: use a "
            "cv that holds out more rows."
        )
    return rows
