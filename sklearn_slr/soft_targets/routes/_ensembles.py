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
from ._row_weights import refuse_fit_params

NAME = "ensembles"


def handles(estimator):
    """Whether `estimator` only combines members that it fits on the same rows."""
    if type(estimator) is VotingClassifier:
        return estimator.voting == "soft"
    if type(estimator) is StackingClassifier:
        return estimator.cv != "prefit" if isinstance(estimator.cv, str) else True
    return type(estimator) is OneVsRestClassifier


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Fit the members on probability rows, and put them where `fit` would."""
    estimator._validate_params()
    estimator.classes_ = np.arange(targets.shape[1])
    members = _Members(estimator, X, sample_weight, fit_params, seed)
    if type(estimator) is OneVsRestClassifier:
        return _fit_one_vs_rest(estimator, members, targets)
    names, each = estimator._validate_estimators()
    used = [k for k, member in enumerate(each) if not isinstance(member, str)]
    encoder = LabelEncoder().fit(estimator.classes_)
    fitted = members.fit([(names[k], each[k]) for k in used], targets)
    estimator.estimators_ = [student.model for student in fitted]
    by_name = dict.fromkeys(names, "drop")
    by_name |= {names[k]: student.model for k, student in zip(used, fitted, strict=True)}
    estimator.named_estimators_ = Bunch(**by_name)
    if hasattr(fitted[0].model, "feature_names_in_"):
        estimator.feature_names_in_ = fitted[0].model.feature_names_in_
    if type(estimator) is VotingClassifier:
        estimator.le_ = encoder
        return estimator
    estimator._label_encoder = encoder
    return _fit_stack(estimator, members, [(names[k], each[k]) for k in used], targets)


class _Members:
    """What the fits of all members share.

    Parameters
    ----------
    ensemble : estimator
        The ensemble; its `n_jobs` counts.
    X : indexable of length n_samples
        The inputs.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights of the rows.
    fit_params : dict
        Keywords of the ensemble's `fit`; they reach members by metadata routing only.
    seed : int
        Seed of the whole fit.
    """

    def __init__(self, ensemble, X, sample_weight, fit_params, seed):
        self.ensemble, self.X, self.sample_weight, self.seed = ensemble, X, sample_weight, seed
        self.routed = None
        if routing_enabled():
            self.routed = process_routing(ensemble, "fit", **fit_params)
        else:
            refuse_fit_params(ensemble, fit_params)

    def fit(self, members, targets):
        """Fit named members, each on all rows."""
        return Parallel(n_jobs=self.ensemble.n_jobs)(
            delayed(_fit_member)(
                member,
                self.X,
                targets[name] if isinstance(targets, list) else targets,
                self.sample_weight,
                self._params(name),
                derive_seed(self.seed, k),
            )
            for k, (name, member) in enumerate(members)
        )

    def predict_out_of_fold(self, k, name, member, method, targets, splits):
        """Return what `method` of models fitted without a row says of it, (n_samples[, k])."""
        found = None
        for fold, (train, test) in enumerate(splits):
            student = _fit_member(
                member,
                _safe_split(member, self.X, None, train)[0],
                targets[train],
                None if self.sample_weight is None else self.sample_weight[train],
                {},
                derive_seed(self.seed, k, fold + 1),
            )
            held_out = _safe_split(member, self.X, None, test, train)[0]
            told = (
                student.predict(held_out)
                if method == "predict_proba"
                else np.asarray(getattr(student.model, method)(held_out))
            )
            if found is None:
                found = np.full((len(targets), *told.shape[1:]), np.nan)
            found[test] = told
        return found

    def _params(self, name):
        if self.routed is None:
            return {}
        return dict(self.routed[name if isinstance(name, str) else "estimator"]["fit"])


def _fit_member(member, X, targets, sample_weight, fit_params, seed):
    # The door opens both ways: members may be pipelines, nets, or ensembles again.
    from .._fit import fit_targets

    return fit_targets(
        member, X, targets, sample_weight=sample_weight, fit_params=fit_params, seed=seed
    )


def _fit_one_vs_rest(estimator, members, targets):
    """Fit one class against the rest: two columns, that class's and what is left."""
    estimator.label_binarizer_ = LabelBinarizer(sparse_output=True).fit(estimator.classes_)
    wanted = [1] if targets.shape[1] == 2 else range(targets.shape[1])
    columns = [np.column_stack([1 - targets[:, k], targets[:, k]]) for k in wanted]
    named = [(k, estimator.estimator) for k in range(len(columns))]
    fitted = members.fit(named, columns)
    estimator.estimators_ = [student.model for student in fitted]
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(estimator.estimators_[0], name):
            setattr(estimator, name, getattr(estimator.estimators_[0], name))
    return estimator


def _fit_stack(stack, members, named, targets):
    """Fit the final estimator on what members say of rows that they were not fitted on."""
    codes = targets.argmax(axis=1)
    splits = list(check_cv(stack.cv, codes, classifier=True).split(members.X, codes))
    stack.stack_method_ = [_method(stack, model) for model in stack.estimators_]
    told = [
        members.predict_out_of_fold(k, name, member, method, targets, splits)
        for k, ((name, member), method) in enumerate(zip(named, stack.stack_method_, strict=True))
    ]
    known = np.all([np.isfinite(each.reshape(len(each), -1)).all(axis=1) for each in told], axis=0)
    if not known.all():
        raise ValueError("cv of StackingClassifier must hold out every row once.")
    meta = stack._concatenate_predictions(members.X, told)
    final = LogisticRegression() if stack.final_estimator is None else stack.final_estimator
    fitted = _fit_member(
        clone(final), meta, targets, members.sample_weight, {}, derive_seed(members.seed, len(told))
    )
    stack.final_estimator_ = fitted.model
    return stack


def _method(stack, model):
    if stack.stack_method != "auto":
        return stack.stack_method
    methods = ("predict_proba", "decision_function", "predict")
    return next(method for method in methods if hasattr(model, method))
