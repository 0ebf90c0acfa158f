"""ThresholdedRegressor: any regressor predicts ordinal grades."""

import copy
from numbers import Integral
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone, is_classifier
from sklearn.linear_model import Ridge
from sklearn.utils import ClassifierTags, check_random_state
from sklearn.utils.metadata_routing import UNUSED, MetadataRouter
from sklearn.utils.validation import check_is_fitted, validate_data

from .._em._splits import draw_folds, make_split_drawer
from .._out_of_fold import out_of_fold_predict
from ..metrics import quadratic_weighted_kappa
from ..soft_targets._fit import fit_targets
from ..soft_targets._fitted import FittedTargets
from ..utils._arrays import unit_of
from ..utils._inputs import as_indexable, check_lengths
from ..utils._nets import final_step
from ..utils._random import derive_seed
from ..utils._routing import make_router, route_fit
from ..utils._sklearn import HasMethods, Interval, StrOptions, _fit_context, get_tags
from ..utils._typing import Cv, Estimator, Floats, Numbers, Seed
from ._grades import encode_weighted_grades
from ._optimal_cuts import METRICS
from ._probabilities import fit_grade_model
from ._thresholds import METHODS, apply_thresholds, check_thresholds, fit_bagged_thresholds

# Last part of a seed's address: what the seed is for.
_SPLIT, _FOLDS, _BAGS, _REFIT = range(4)


class ThresholdedRegressor(RegressorMixin, MetaEstimatorMixin, BaseEstimator):
    """Regressor that predicts ordinal grades: scores of any regressor, cut out of fold.

    A clone of the regressor is trained on K folds of the numeric grades, the cuts between grades
    are fitted to its out-of-fold scores, and then it is refitted on all rows.

    Parameters
    ----------
    estimator : estimator, default=None
        Any regressor, skorch net, or Pipeline ending in one. None is ``Ridge()``, solved
        to the last digits. It is cloned, never changed.
    thresholds : {"kappa", "moments", "nearest", "quantile"} or array-like of shape (G - 1,), \
            default="kappa"
        "kappa": the cuts of the best `metric` that any cuts reach on the out-of-fold scores,
        exactly. "moments": scores are rescaled to the mean and variance of the grades, and
        rounded. "nearest": halfway between neighbouring grades. "quantile": each grade is
        predicted as often as it was observed. An array gives ascending cuts.
    metric : {"accuracy", "linear_kappa", "mae", "quadratic_kappa"}, default="quadratic_kappa"
        What ``thresholds="kappa"`` makes best; the other kinds do not look at it.
    cv : int, splitter or iterable of (train, test), default=5
        An int: shuffled folds, stratified by grade. Rows that are never held out do not take
        part in the fit of the cuts.
    n_bags : int, default=0
        Cuts are the mean of those of so many bootstrap samples of the out-of-fold scores, which
        makes them steadier (8 will do), above all where grades are noisy; 0 fits them once.
    n_jobs : int, default=None
        Folds fitted at once.
    random_state : int, RandomState instance or None, default=None
        Seeds folds, bootstraps, every open `random_state` of the regressor, and skorch nets.

    Attributes
    ----------
    thresholds_ : ndarray of shape (G - 1,)
        Ascending cuts. A score equal to a cut lies above it.
    grades_ : ndarray of shape (G,)
        The grades observed on rows of positive weight, in order, of the dtype of `y`. It is not
        called `classes_`, since this is a regressor for scikit-learn; the columns of
        `predict_proba` are in this order.
    estimator_ : estimator
        The regressor, fitted on all rows.
    oof_predictions_ : ndarray of shape (n_samples,)
        Out-of-fold scores; NaN where a row was never held out.
    n_features_in_ : int
        Number of features, where X has such.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, where X has such.

    See Also
    --------
    fit_thresholds : The cuts alone.
    SLRRegressor : Refines doubtful grades while it learns from them.

    Notes
    -----
    Grades that are no numbers stand for their positions: an ordered pandas Categorical keeps its
    order, everything else is sorted. Numbers stand for themselves, gaps included.

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
        """Fit the cuts out of fold, and the regressor on all rows.

        Parameters
        ----------
        X : indexable of length n_samples
            Inputs, handed to the regressor as they come.
        y : array-like of shape (n_samples,)
            Grades: numbers, strings or an ordered pandas Categorical.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in every fit, in the cuts and in the probabilities.
        groups : array-like of shape (n_samples,), default=None
            Groups for `cv`.
        **fit_params : dict
            Keywords of the regressor's `fit`; arrays of length n_samples follow the rows. With
            metadata routing enabled they are routed.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            If `y` holds one grade only or misses some, the cuts do not fit the grades, or there
            are fewer rows than folds. The estimator is left as it was.
        TypeError
            If the estimator is a classifier.
        """
        X_given, X = X, as_indexable(X)
        estimator = self._checked_estimator()
        n_samples = check_lengths(X, y=y, groups=groups, sample_weight=sample_weight)
        weight, inner_weight, groups, fit_params = route_fit(
            self, n_samples, sample_weight, groups, fit_params
        )
        weight = np.ones(n_samples) if weight is None else weight
        grades, codes, targets = encode_weighted_grades(y, weight)
        root = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        splits = self._splits(X, targets, codes, groups, derive_seed(root, _SPLIT))
        self._check_grades(grades)
        inner = {"sample_weight": inner_weight, "fit_params": fit_params}
        scores = out_of_fold_predict(
            estimator,
            X,
            targets,
            cv=splits,
            n_jobs=self.n_jobs,
            random_state=derive_seed(root, _FOLDS),
            **inner,
        )
        fitted = fit_targets(estimator, X, targets, seed=derive_seed(root, _REFIT), **inner)
        scores = _forget_never_held_out(scores, splits)
        rows = _rows_with_scores(scores, weight)
        cuts = self._fit_cuts(
            scores[rows], targets[rows], grades.values, weight[rows], derive_seed(root, _BAGS)
        )
        unit = unit_of(grades.values)
        model = fit_grade_model(
            scores[rows], codes[rows], len(grades.values), weight[rows], unit=unit
        )
        self._learn(
            X_given,
            estimator_=fitted.model,
            grades_=grades.labels,
            thresholds_=cuts,
            oof_predictions_=scores,
            _grade_model=model,
        )
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
        """Return the regressor's scores, which the thresholds cut into grades.

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
        """Return the probability of each grade, calibrated on the out-of-fold scores.

        They are an ordered logit of the score, so that they do not depend on the cuts: the most
        probable grade need not be the predicted one, which is cut for `metric`.

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
        return self._grade_model.predict(scores)

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
            The kappa, at most 1; numbers are weighted by their values, other grades by their
            positions in `grades_`.
        """
        predicted, labels = self.predict(X), self.grades_
        if labels.dtype.kind in "biuf":
            # A grade that training lacked counts against the predictions, it is no error.
            labels = np.union1d(labels, np.asarray(y))
        return quadratic_weighted_kappa(y, predicted, labels=labels, sample_weight=sample_weight)

    def _regressor(self):
        # On sparse X Ridge stops at `tol`, and the cuts depend on the last digits of the scores.
        return Ridge(tol=1e-10) if self.estimator is None else self.estimator

    def _checked_estimator(self):
        estimator = clone(self._regressor())
        if is_classifier(estimator):
            raise TypeError(
                f"estimator is the classifier {type(final_step(estimator)).__name__}; "
                "ThresholdedRegressor cuts the scores of a regressor: pass one."
            )
        return estimator

    def _check_grades(self, grades):
        """Refuse one grade, and given cuts that do not fit, before anything is fitted."""
        if len(grades.labels) < 2:
            raise ValueError(
                f"y holds 1 grade only ({grades.labels[0]}), and thresholds cut between at least "
                "2: check how the grades were read or split."
            )
        if not isinstance(self.thresholds, str):
            check_thresholds(self.thresholds, len(grades.labels))

    def _splits(self, X, targets, codes, groups, seed):
        if isinstance(self.cv, Integral) and groups is None and len(codes) >= self.cv:
            # A grade with fewer members than folds costs a regressor nothing: no warning.
            return draw_folds(len(codes), self.cv, codes, seed)
        return make_split_drawer(self.cv, X, targets, groups=groups)(seed)

    def _fit_cuts(self, scores, targets, grades, weight, seed):
        if not isinstance(self.thresholds, str):
            return np.array(self.thresholds, dtype=np.float64)
        return fit_bagged_thresholds(
            scores,
            targets,
            n_bags=self.n_bags,
            seed=seed,
            method=self.thresholds,
            metric=self.metric,
            grades=grades,
            sample_weight=weight,
        )

    def _learn(self, X, **learned):
        """Replace all learned attributes at once."""
        scratch = copy.copy(self)
        validate_data(scratch, X, skip_check_array=True)
        for name in ("n_features_in_", "feature_names_in_"):
            vars(self).pop(name, None)
            if name in vars(scratch):
                learned[name] = getattr(scratch, name)
        vars(self).update(learned)

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
        # scikit-learn asks whoever has predict_proba for these.
        tags.classifier_tags = ClassifierTags()
        return tags


def _forget_never_held_out(scores, splits):
    """Return the scores with NaN in rows of no test fold: these are no predictions."""
    never = np.setdiff1d(np.arange(len(scores)), np.concatenate([test for _, test in splits]))
    scores[never] = np.nan
    return scores


def _rows_with_scores(scores, weight):
    rows = np.flatnonzero(np.isfinite(scores) & (weight > 0))
    if not len(rows):
        raise ValueError(
            "cv holds out no row of positive weight, so that there are no scores to cut: use a cv "
            "that holds out more rows."
        )
    return rows
