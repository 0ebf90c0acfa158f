"""Route of voting, stacking and one-vs-rest: each member learns from rows by its own route."""

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import check_cv
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import LabelBinarizer, LabelEncoder
from sklearn.utils import Bunch
from sklearn.utils.parallel import Parallel, delayed

from ...utils._random import derive_seed
from ...utils._sklearn import _safe_split, process_routing, routing_enabled
from .._fit_params import refuse_fit_params


def handles(estimator, targets, sample_weight):
    """Whether `estimator` only combines members that it fits on the same rows."""
    if targets.ndim == 1 or type(estimator) not in FITS:
        return False
    cv = getattr(estimator, "cv", None)  # of stacking
    votes_by_probability = getattr(estimator, "voting", "soft") == "soft"
    return votes_by_probability and not (isinstance(cv, str) and cv == "prefit")


def fit(estimator, X, targets, *, sample_weight, fit_params, seed, fit_targets):
    """Fit the members by `fit_targets`, and set what the estimator's own `fit` would set."""
    estimator._validate_params()
    estimator.classes_ = np.arange(targets.shape[1])
    fitter = _MemberFitter(fit_targets, estimator, X, sample_weight, fit_params, seed)
    FITS[type(estimator)](estimator, fitter, targets)
    return estimator


class _MemberFitter:
    """Fits members of an ensemble.

    Parameters
    ----------
    fit_targets : callable
        The function that fits a member.
    ensemble : estimator
        The ensemble; its `n_jobs` is used.
    X : indexable of length n_samples
        The inputs.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights of the rows.
    fit_params : dict
        Keywords of the ensemble's `fit`; they reach members by metadata routing only.
    seed : int
        Seed of the whole fit.
    """

    def __init__(self, fit_targets, ensemble, X, sample_weight, fit_params, seed):
        self.fit_targets, self.ensemble, self.X = fit_targets, ensemble, X
        self.sample_weight, self.seed = sample_weight, seed
        self.routed = None
        if routing_enabled():
            self.routed = process_routing(ensemble, "fit", **fit_params)
        else:
            refuse_fit_params(ensemble, fit_params)

    def fit(self, members, targets):
        """Fit named members, each on all rows; `targets` may be a list with one array for each."""
        each = targets if isinstance(targets, list) else [targets] * len(members)
        return Parallel(n_jobs=self.ensemble.n_jobs)(
            delayed(self.fit_targets)(
                member,
                self.X,
                each[k],
                sample_weight=self.sample_weight,
                fit_params=self._get_params(name),
                seed=derive_seed(self.seed, k),
            )
            for k, (name, member) in enumerate(members)
        )

    def predict_out_of_fold(self, k, member, method, targets, splits):
        """Return the predictions of member `k` for held-out rows, (n_samples[, k])."""
        oof = None
        for fold, (train, test) in enumerate(splits):
            fitted = self.fit_targets(
                member,
                _safe_split(member, self.X, None, train)[0],
                targets[train],
                sample_weight=None if self.sample_weight is None else self.sample_weight[train],
                seed=derive_seed(self.seed, k, fold + 1),
            )
            held_out = _safe_split(member, self.X, None, test, train)[0]
            predictions = (
                fitted.predict(held_out)
                if method == "predict_proba"
                else np.asarray(getattr(fitted.model, method)(held_out))
            )
            if oof is None:
                oof = np.full((len(targets), *predictions.shape[1:]), np.nan)
            oof[test] = predictions
        return oof

    def _get_params(self, name):
        return {} if self.routed is None else dict(self.routed[name]["fit"])


def _fit_one_vs_rest(estimator, fitter, targets):
    """Fit one class against the rest: two columns, that class's and the rest of the probability."""
    estimator.label_binarizer_ = LabelBinarizer(sparse_output=True).fit(estimator.classes_)
    classes = [1] if targets.shape[1] == 2 else range(targets.shape[1])
    columns = [np.column_stack([1 - targets[:, k], targets[:, k]]) for k in classes]
    fitted = fitter.fit([("estimator", estimator.estimator)] * len(columns), columns)
    estimator.estimators_ = [member.model for member in fitted]
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(estimator.estimators_[0], name):
            setattr(estimator, name, getattr(estimator.estimators_[0], name))


def _fit_members(estimator, fitter, targets):
    """Fit the named members that are not dropped, and return them unfitted."""
    names, estimators = estimator._validate_estimators()
    pairs = zip(names, estimators, strict=True)
    members = [(name, member) for name, member in pairs if not isinstance(member, str)]
    fitted = fitter.fit(members, targets)
    estimator.estimators_ = [member.model for member in fitted]
    by_name = dict(zip((name for name, _ in members), estimator.estimators_, strict=True))
    estimator.named_estimators_ = Bunch(**{**dict.fromkeys(names, "drop"), **by_name})
    if hasattr(fitted[0].model, "feature_names_in_"):
        estimator.feature_names_in_ = fitted[0].model.feature_names_in_
    return [member for _, member in members]


def _fit_voting(voting, fitter, targets):
    _fit_members(voting, fitter, targets)
    voting.le_ = LabelEncoder().fit(voting.classes_)


def _fit_stack(stack, fitter, targets):
    """Fit the members, and the final estimator on their out-of-fold predictions."""
    members = _fit_members(stack, fitter, targets)
    stack._label_encoder = LabelEncoder().fit(stack.classes_)
    codes = targets.argmax(axis=1)
    splits = list(check_cv(stack.cv, codes, classifier=True).split(fitter.X, codes))
    stack.stack_method_ = [_choose_method(stack, model) for model in stack.estimators_]
    oof = [
        fitter.predict_out_of_fold(k, member, method, targets, splits)
        for k, (member, method) in enumerate(zip(members, stack.stack_method_, strict=True))
    ]
    known = np.all([np.isfinite(each.reshape(len(each), -1)).all(axis=1) for each in oof], axis=0)
    if not known.all():
        raise ValueError("cv of StackingClassifier must hold out every row once.")
    inputs = stack._concatenate_predictions(fitter.X, oof)
    final = LogisticRegression() if stack.final_estimator is None else stack.final_estimator
    weight, seed = fitter.sample_weight, derive_seed(fitter.seed, len(oof))
    fitted = fitter.fit_targets(clone(final), inputs, targets, sample_weight=weight, seed=seed)
    stack.final_estimator_ = fitted.model


def _choose_method(stack, model):
    if stack.stack_method != "auto":
        return stack.stack_method
    methods = ("predict_proba", "decision_function", "predict")
    return next(method for method in methods if hasattr(model, method))


FITS = {
    OneVsRestClassifier: _fit_one_vs_rest,
    StackingClassifier: _fit_stack,
    VotingClassifier: _fit_voting,
}
