"""What the classifier and the regressor share: the order of steps in `fit`, routing, tags."""

from __future__ import annotations

import contextlib
import copy
import os
from abc import ABCMeta, abstractmethod
from dataclasses import replace
from functools import partial
from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.base import MetaEstimatorMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.metadata_routing import UNUSED, MetadataRouter
from sklearn.utils.validation import check_is_fitted

from ._em._e_step import EStep, as_augmentations
from ._em._final_fit import FinalFit, without_scores
from ._em._loop import first_targets, refine_labels
from ._em._splits import call_splitter, make_split_drawer
from ._running._checkpoint import open_checkpoint
from ._running._progress import Plan, print_line, report_fit
from .utils._estimators import check_teachers, set_learned_attributes
from .utils._inputs import as_indexable, check_lengths
from .utils._label_keywords import encode_label_keywords
from .utils._label_parameters import rename_labels
from .utils._routing import make_router, route_fit
from .utils._sklearn import (
    CallbackSupportMixin,
    HasMethods,
    Interval,
    StrOptions,
    _BaseComposition,
    get_tags,
    visual_block,
)

# Where neither the user nor the refinement has a number of its own: as in the paper.
DEFAULTS = {"n_rounds": 3, "cv": 5, "final": "refit"}


class BaseSLR(CallbackSupportMixin, MetaEstimatorMixin, _BaseComposition, metaclass=ABCMeta):
    """Stochastic Label Refinery around an estimator.

    Subclasses say what labels are: `_encode_labels` encodes them, `_measure_round` and
    `_learned_attributes` evaluate the rounds, `_check_estimator` says which estimators fit,
    `_refinements` what the strings of `refinement` mean.
    """

    _refinements: dict[str, type[Any]]

    __metadata_request__fit = {"groups": UNUSED}
    # Held around our own folds, the lock of the global generators would block threads without end.
    _isolates_nets = True

    _parameter_constraints: dict[str, Any] = {
        "estimator": [HasMethods(["fit"]), None],
        "n_rounds": [Interval(Integral, 0, None, closed="left"), None],
        "cv": ["cv_object"],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "teachers": [list, None],
        "augmentations": [callable, list, None],
        "final": [
            StrOptions({"refit", "folds"}),
            Interval(Integral, 2, None, closed="left"),
            None,
        ],
        "select_round": [StrOptions({"last", "best"})],
        "stack_folds": ["boolean"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "checkpoint": [str, os.PathLike, None],
    }

    def _fit(self, X, y, sample_weight, groups, X_val, y_val, fit_params):
        """Encode the labels, refine them round after round, fit the students."""
        X = as_indexable(X)
        student, teachers, refinement = self._clone_parameters()
        labels = self._encode_labels(y, y_val, refinement)
        n_samples = check_lengths(X, y=y, groups=groups, sample_weight=sample_weight)
        weight, inner_weight, split_params, fit_params = route_fit(
            self, n_samples, sample_weight, groups, fit_params
        )
        fit_params = _encode_label_arguments(labels, [student, *teachers], fit_params)
        X_val = self._check_validation(X_val, y_val)
        n_rounds, cv, final = self._resolve_defaults(refinement, n_samples)
        final = FinalFit(final, with_scores=self._needs_scores())
        final.check(cv, n_samples, n_rounds, split_params.get("groups"))
        # The keywords are the student's; teachers of other kinds do not know them.
        keywords = {"sample_weight": inner_weight, "fit_params": None if teachers else fit_params}
        uses_folds = n_rounds > 0 or final.uses_cv
        draw = _make_drawer(cv, X, labels, split_params) if uses_folds else None
        e_step = self._make_e_step(teachers or [student], X, draw, labels, X_val, keywords)
        targets = first_targets(refinement, labels.observed, labels.targets, labels.n_classes)
        plan = self._make_plan(e_step, labels, split_params, n_rounds, final)
        self._print_line(plan)
        inputs = {"X": X, "y": y, "sample_weight": sample_weight, "groups": groups}
        inputs |= {"X_val": X_val, "y_val": y_val, "fit_params": fit_params}
        with (
            report_fit(self, plan.n_tasks, X, y) as progress,
            self._open_checkpoint(e_step, student, teachers, inputs) as e_step,
        ):
            e_step = replace(e_step, progress=progress)
            student_step = e_step.of_student(student, fit_params)
            refined = refine_labels(
                e_step,
                refinement,
                labels.observed,
                targets,
                n_rounds,
                measure=partial(self._measure_round, labels, weight),
                on_round=self._print_record,
                weight=weight,
                select=self.select_round,
            )
            if decision := refined.attributes.get("decision_"):
                self._print_line(f"decision: {decision['reason']}")
            students = final.fit(student_step, refined.training, labels.strata)
            n_fits = int(refined.history["n_fits"].sum()) + students.n_fits
            learned = self._learned_attributes(labels, refined, students, weight)
            learned |= {"n_rounds_": refined.n_rounds, "n_fits_": n_fits}
            learned |= {"_students": without_scores(students), **final.name_models(students)}
            set_learned_attributes(self, X, learned)
        return self

    @abstractmethod
    def _default_estimator(self):
        """Return the student that ``estimator=None`` means."""

    @abstractmethod
    def _check_estimator(self, estimator, name):
        """Check that an estimator can learn from such labels."""

    @abstractmethod
    def _encode_labels(self, y, y_val, refinement):
        """Encode observed labels as the refinement takes them."""

    @abstractmethod
    def _measure_round(self, labels, weight, before, after, found, first):
        """Measure a round; return its row of the history, and what later rounds compare with."""

    @abstractmethod
    def _learned_attributes(self, labels, refined, students, weight):
        """Return the learned attributes that depend on the kind of labels."""

    def _needs_scores(self):
        """Whether out-of-fold scores of the students are needed."""
        return False

    def _get_estimator(self):
        return self._default_estimator() if self.estimator is None else self.estimator

    def _get_refinement(self):
        """Return the refinement as an object."""
        refinement = self.refinement
        return self._make_refinement(refinement) if isinstance(refinement, str) else refinement

    def _make_refinement(self, name):
        """Return the refinement that a string means; a string that is none of ours stays."""
        return self._refinements.get(name, lambda: name)()

    def _clone_parameters(self):
        """Return clones of student and teachers, and the refinement."""
        student = clone(self._get_estimator())
        self._check_estimator(student, "estimator")
        teachers = []
        if self.teachers is not None:
            check_teachers(self.teachers, self._check_estimator)
            self._validate_names([name for name, _ in self.teachers])
            teachers = [clone(teacher) for _, teacher in self.teachers]
        if isinstance(self.refinement, type):
            raise TypeError(
                f"refinement is the class {self.refinement.__name__}; expected an object: "
                f"{self.refinement.__name__}()."
            )
        refinement = self._get_refinement()
        if hasattr(refinement, "_parameter_constraints"):
            refinement._validate_params()  # now, not after a round of fits
        return student, teachers, refinement

    def _make_e_step(self, estimators, X, draw_splits, labels, X_val, keywords):
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        return EStep(
            estimators,
            X,
            draw_splits,
            int(seed),
            observed=labels.presence,
            n_repeats=self.n_repeats,
            augmentations=as_augmentations(self.augmentations),
            X_val=X_val,
            n_jobs=self.n_jobs,
            stack_folds=self.stack_folds,
            **keywords,
        )

    def _resolve_defaults(self, refinement=None, n_samples=None):
        """Return `n_rounds`, `cv` and `final`, those that are None as the refinement has them."""
        refinement = self._get_refinement() if refinement is None else refinement
        defaults = {**DEFAULTS, **getattr(refinement, "defaults", {})}
        n_rounds, cv, final = (
            defaults[name] if given is None else given
            for name, given in (("n_rounds", self.n_rounds), ("cv", self.cv), ("final", self.final))
        )
        if self.cv is None and n_samples is not None:
            cv = max(2, min(cv, n_samples))
        if self.final is None and isinstance(final, Integral):
            if n_rounds == 0:
                final = "refit"
            elif not isinstance(cv, Integral):
                final = "folds"
            elif n_samples is not None:
                final = max(2, min(final, n_samples))
        return n_rounds, cv, final

    def _check_validation(self, X_val, y_val):
        if (X_val is None) != (y_val is None):
            missing = "y_val" if y_val is None else "X_val"
            raise ValueError(f"{missing} is missing: X_val and y_val are given together.")
        if X_val is None:
            if self.select_round == "best":
                raise ValueError(
                    "select_round='best' compares rounds on a clean set: pass X_val and y_val to "
                    "fit, or set select_round='last'. (Out-of-fold scores are biased after the "
                    "first round and would stop too late.)"
                )
            return None
        X_val = as_indexable(X_val, name="X_val")
        check_lengths(X_val, called="X_val", y_val=y_val)
        return X_val

    def _make_plan(self, e_step, labels, split_params, n_rounds, final):
        n_folds = self._count_folds(e_step, labels, split_params)
        counts = final.count_fits(self.n_repeats * n_folds)
        return Plan(n_rounds, self.n_repeats, n_folds, len(e_step.estimators), *counts)

    def _count_folds(self, e_step, labels, split_params):
        """Count the folds of a repeat; drawing some might advance a generator."""
        if e_step.draw_splits is None:
            return 0
        if hasattr(self.cv, "get_n_splits") and split_params.keys() <= {"groups"}:
            labels = labels.split_labels
            return call_splitter(self.cv.get_n_splits, e_step.X, labels, split_params)
        return len(e_step.draw_splits(0))

    def _open_checkpoint(self, e_step, student, teachers, inputs):
        """Return a context with the E step, which keeps its folds if there is a checkpoint."""
        if self.checkpoint is None:
            return contextlib.nullcontext(e_step)
        if not os.fspath(self.checkpoint):
            raise ValueError("checkpoint is an empty path; expected a folder, or None for none.")
        params = {**self.get_params(deep=False), "estimator": student, "teachers": teachers}
        return open_checkpoint(
            self.checkpoint,
            e_step,
            params,
            inputs,
            random_state=self.random_state,
            print_line=self._print_line,
        )

    def _print_line(self, message):
        print_line(self, message, verbose=self.verbose)

    def _print_record(self, record):
        self._print_line(", ".join(f"{name} {value:.4g}" for name, value in record.items()))

    def _get_fitted(self):
        check_is_fitted(self)
        return self._students.fitted

    def _predict_targets(self, X):
        check_is_fitted(self)
        return self._students.predict(as_indexable(X))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters; those of teachers are named by the teachers.

        Parameters
        ----------
        deep : bool, default=True
            Whether to add the parameters of the student, the teachers and the refinement.

        Returns
        -------
        dict
            Parameter names and values.
        """
        return self._get_params("teachers", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, nested ones too, as ``estimator__C`` or ``forest__max_depth``.

        Parameters
        ----------
        **params : dict
            Parameter names and values.

        Returns
        -------
        self
            The estimator.
        """
        # Strings and None stand for objects, whose parameters can be set, too.
        nested = {name.partition("__")[0] for name in params if "__" in name}
        refinement = params.get("refinement", self.refinement)
        if "refinement" in nested and isinstance(refinement, str):
            # A string that is none of ours is refused by `fit`.
            params["refinement"] = self._make_refinement(refinement)
        if "estimator" in nested and params.get("estimator", self.estimator) is None:
            params["estimator"] = self._default_estimator()
        return self._set_params("teachers", **params)

    def get_metadata_routing(self) -> MetadataRouter:
        """Get the metadata routing: `estimator` for fit, `splitter` for split.

        Returns
        -------
        MetadataRouter
            The routing of this meta-estimator.
        """
        return make_router(self, self._get_estimator(), 5 if self.cv is None else self.cv)

    def _sk_visual_block_(self):
        shown = {"estimator": self._get_estimator(), **dict(self.teachers or [])}
        shown["refinement"] = self._get_refinement()
        names = [f"{name}: {type(each).__name__}" for name, each in shown.items()]
        return visual_block(list(shown.values()), names)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        student = get_tags(self._get_estimator())
        tags.input_tags = copy.deepcopy(student.input_tags)
        tags.non_deterministic = student.non_deterministic
        for _, teacher in self.teachers or []:
            inputs = get_tags(teacher).input_tags
            tags.input_tags.sparse &= inputs.sparse
            tags.input_tags.allow_nan &= inputs.allow_nan
        return tags


def _make_drawer(cv, X, labels, split_params):
    return make_split_drawer(
        cv, X, labels.split_labels, strata=labels.strata, split_params=split_params
    )


def _encode_label_arguments(labels, estimators, fit_params):
    """Rename labels in the parameters of estimators; return the keywords of `fit` with indices."""
    if labels.n_classes is None:
        return fit_params
    for estimator in estimators:
        rename_labels(estimator, labels.classes)
    return encode_label_keywords(fit_params, labels.classes)
