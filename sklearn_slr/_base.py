"""What the classifier and the regressor share: the order of things in `fit`, routing, tags."""

import contextlib
import copy
import os
import warnings
from abc import ABCMeta, abstractmethod
from dataclasses import replace
from functools import partial
from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.base import MetaEstimatorMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.metadata_routing import UNUSED, MetadataRouter
from sklearn.utils.validation import check_is_fitted, validate_data

from ._em._choice import count_trial_fits, settle
from ._em._e_step import EStep, as_augmentations
from ._em._final_fit import fit_students, without_scores
from ._em._loop import check_targets, refine_labels
from ._em._splits import draw_folds, make_split_drawer
from ._running._checkpoint import describe_fit, keeping_folds, name_call
from ._running._plan import Plan
from ._running._progress import progress_of
from .refinement import AnnotatorRefinement, AverageRefinement, PosteriorRefinement
from .utils._estimators import check_teachers, rename_labels
from .utils._inputs import as_indexable, check_lengths
from .utils._report import report
from .utils._routing import make_router, route_fit
from .utils._sklearn import (
    CallbackSupportMixin,
    HasMethods,
    Interval,
    StrOptions,
    _BaseComposition,
    get_tags,
    num_samples,
    visual_block,
)

REFINEMENTS = {
    "average": AverageRefinement,
    "posterior": PosteriorRefinement,
    "annotators": AnnotatorRefinement,
}


class BaseSLR(CallbackSupportMixin, MetaEstimatorMixin, _BaseComposition, metaclass=ABCMeta):
    """Stochastic Label Refinery around an estimator.

    Subclasses say what labels are: `_observe` encodes them, `_measure` and `_describe` read the
    rounds, `_check_estimator` says who can learn from them.
    """

    __metadata_request__fit = {"groups": UNUSED}
    # Were it held around our own folds, threads would wait for the generators' lock for ever.
    _isolates_nets = True

    _parameter_constraints: dict[str, Any] = {
        "estimator": [HasMethods(["fit"]), None],
        "n_rounds": [Interval(Integral, 0, None, closed="left")],
        "refinement": [
            StrOptions(set(REFINEMENTS)),
            HasMethods(["refine"]),
        ],
        "cv": ["cv_object"],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "teachers": [list, None],
        "augmentations": [callable, list, None],
        "final": [StrOptions({"refit", "folds"}), Interval(Integral, 2, None, closed="left")],
        "select_round": [StrOptions({"last", "best"})],
        "stack_folds": ["boolean"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "checkpoint": [str, os.PathLike, None],
    }

    def _fit(self, X, y, sample_weight, groups, X_val, y_val, fit_params):
        """Fit; learned attributes are set together at the very end."""
        X = as_indexable(X)
        student, teachers, refinement = self._parts()
        problem = self._observe(y, y_val, refinement)
        if problem.n_classes is not None:
            for estimator in (student, *teachers):
                rename_labels(estimator, problem.classes)
        n_samples = check_lengths(X, y=y, groups=groups, sample_weight=sample_weight)
        weight, inner_weight, groups, fit_params = route_fit(
            self, n_samples, sample_weight, groups, fit_params
        )
        e_step = EStep(
            teachers or [student],
            X,
            self._split_drawer(X, problem, groups),
            int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max)),
            observed=problem.presence,
            n_repeats=self.n_repeats,
            sample_weight=inner_weight,
            # The keywords are the student's; teachers of other kinds would not know them.
            fit_params=None if teachers else fit_params,
            augmentations=as_augmentations(self.augmentations),
            X_val=self._check_validation(X_val, y_val),
            n_jobs=self.n_jobs,
            stack_folds=self.stack_folds,
        )
        targets = _first_targets(refinement, problem)
        plan = self._plan(e_step, refinement, problem, groups)
        report(self, plan, verbose=self.verbose)
        inputs = {"X": X, "y": y, "sample_weight": sample_weight, "groups": groups}
        inputs |= {"X_val": e_step.X_val, "y_val": y_val, "fit_params": fit_params}
        with (
            progress_of(self, plan.n_parts, X, y) as progress,
            self._checkpointed(e_step, student, teachers, inputs) as e_step,
        ):
            e_step = replace(e_step, progress=progress)
            choice, refined, students = self._run(
                e_step,
                e_step.of_student(student, fit_params),
                refinement,
                problem,
                targets,
                weight,
            )
            n_fits = choice.n_fits + int(refined.history["n_fits"].sum()) + students.n_fits
            learned = self._describe(problem, refined, students, weight)
            counts = {"n_rounds_": refined.n_rounds, "n_fits_": n_fits}
            self._learn(X, students, {**counts, **learned})
        return self

    def _run(self, e_step, student_step, refinement, problem, targets, weight):
        """Settle the refinement, refine the labels, and fit the students on them."""
        choice = settle(
            refinement,
            e_step,
            student_step,
            problem.observed,
            targets,
            self.n_rounds,
            strata=problem.strata,
            coarse=self._draws_own_folds(),
            weight=weight,
        )
        self._report_choice(choice)

        def measure(before, after, found):
            return self._measure(problem, before, after, found, weight)

        def tell(record):
            line = ", ".join(f"{name} {value:.4g}" for name, value in record.items())
            report(self, line, verbose=self.verbose)

        refined = refine_labels(
            e_step,
            choice.refinement,
            problem.observed,
            targets,
            self.n_rounds,
            measure=measure,
            tell=tell,
            weight=weight,
            select=self.select_round,
        )
        students = fit_students(
            self._with_final_folds(student_step, problem),
            refined.training,
            final=self.final,
            with_scores=self._wants_scores(),
        )
        return choice, refined, students

    def _checkpointed(self, e_step, student, teachers, inputs):
        """Return a context that gives the E step, which keeps its folds where that is wanted."""
        if self.checkpoint is None:
            return contextlib.nullcontext(e_step)
        params = {**self.get_params(deep=False), "estimator": student, "teachers": teachers}
        return keeping_folds(
            self.checkpoint,
            e_step,
            describe_fit(params, inputs),
            call=name_call(params),
            random_state=self.random_state,
            tell=lambda line: report(self, line, verbose=self.verbose),
        )

    @abstractmethod
    def _observe(self, y, y_val, refinement):
        """Encode observed labels, as the refinement takes them."""

    @abstractmethod
    def _measure(self, problem, before, after, found, weight):
        """Measure a round."""

    @abstractmethod
    def _describe(self, problem, refined, students, weight):
        """Return the learned attributes that depend on what labels are."""

    def _wants_scores(self):
        return False

    def _parts(self):
        """Return clones of student and teachers, and the refinement."""
        student = clone(self._student())
        self._check_estimator(student, "estimator")
        teachers = []
        if self.teachers is not None:
            check_teachers(self.teachers, self._check_estimator)
            self._validate_names([name for name, _ in self.teachers])
            teachers = [clone(teacher) for _, teacher in self.teachers]
        refinement = self.refinement
        if isinstance(refinement, type):
            raise TypeError(
                f"refinement is the class {refinement.__name__}; an object is wanted: "
                f"{refinement.__name__}()."
            )
        if hasattr(refinement, "_parameter_constraints"):
            refinement._validate_params()  # now, not after a round of fits
        if isinstance(refinement, str):
            refinement = REFINEMENTS[refinement]()
        return student, teachers, refinement

    def _split_drawer(self, X, problem, groups):
        own_final = isinstance(self.final, Integral)
        if own_final:
            self._check_final(num_samples(X), groups)
        refits = self.final == "refit" and not self._wants_scores()
        if self.n_rounds == 0 and (own_final or refits):
            return None  # no such folds, so that their number does not matter
        return make_split_drawer(
            self.cv, X, problem.split_labels, strata=problem.strata, groups=groups
        )

    def _check_final(self, n_samples, groups):
        """Check a number of final students."""
        if not self._draws_own_folds():
            raise ValueError(
                f"final={self.final} draws folds at random, but cv, of type "
                f"{type(self.cv).__name__}, says how rows are to be split: set final='folds', or "
                "'refit', or give cv as a number."
            )
        if groups is not None and not self.n_rounds:  # else cv tells
            warnings.warn(
                f"groups are ignored by final={self.final}, whose folds are drawn at random: pass "
                "a group splitter as cv, and final='folds'.",
                UserWarning,
            )
        if self.final > n_samples:
            raise ValueError(
                f"final={self.final} students are wanted, and there are n_samples={n_samples}, of "
                "which each is to be held out by one of them: use fewer."
            )

    def _with_final_folds(self, student_step, problem):
        """Return the E step of the student with the folds that the last students are fitted on."""
        if not isinstance(self.final, Integral):
            return student_step
        n_samples = len(problem.targets)
        draw = partial(draw_folds, n_samples, self.final, problem.strata)
        return replace(student_step, draw_splits=draw, n_repeats=1)

    def _draws_own_folds(self):
        return self.cv is None or isinstance(self.cv, Integral)

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

    def _plan(self, e_step, refinement, problem, groups):
        n_folds = self._count_folds(e_step, problem, groups)
        per_pass, n_teachers = self.n_repeats * n_folds, len(e_step.estimators)
        coarse = self._draws_own_folds()
        refits = self.final == "refit"
        n_final = self.final if isinstance(self.final, Integral) else per_pass
        return Plan(
            self.n_rounds,
            self.n_repeats,
            n_folds,
            n_teachers,
            count_trial_fits(refinement, self.n_rounds, n_folds, n_teachers, coarse=coarse),
            n_scores=per_pass if self._wants_scores() and refits else 0,
            n_final=1 if refits else n_final,
        )

    def _count_folds(self, e_step, problem, groups):
        """Count the folds of a repeat without drawing any, which might advance a generator."""
        if e_step.draw_splits is None:
            return 0
        if hasattr(self.cv, "get_n_splits"):
            return self.cv.get_n_splits(e_step.X, problem.split_labels, groups)
        return len(e_step.draw_splits(0))

    def _report_choice(self, choice):
        if choice.scores:
            scores = ", ".join(f"{score:.3g}" for score in choice.scores)
            report(self, f"{choice.refinement} (scores {scores}).", verbose=self.verbose)

    def _learn(self, X, students, learned):
        """Replace all learned attributes at once."""
        scratch = type(self)()
        validate_data(scratch, X, skip_check_array=True)
        learned = {"_students": without_scores(students), **learned}
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(scratch, name):
                learned[name] = getattr(scratch, name)
        models = [student.model for student in students.fitted]
        if self.final == "refit":
            learned["estimator_"] = models[0]
        else:
            learned["estimators_"] = models
        for name in [n for n in vars(self) if n.endswith("_") and not n.startswith("__")]:
            delattr(self, name)
        vars(self).update(learned)

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
        return self._set_params("teachers", **params)

    def get_metadata_routing(self) -> MetadataRouter:
        """Get the metadata routing: `estimator` for fit, `splitter` for split.

        Returns
        -------
        MetadataRouter
            The routing of this meta-estimator.
        """
        return make_router(self, self._student(), 5 if self.cv is None else self.cv)

    def _sk_visual_block_(self):
        parts = {"estimator": self._student(), **dict(self.teachers or [])}
        parts["refinement"] = REFINEMENTS.get(self.refinement, lambda: self.refinement)()
        names = [f"{name}: {type(part).__name__}" for name, part in parts.items()]
        return visual_block(list(parts.values()), names)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        student = get_tags(self._student())
        tags.input_tags = copy.deepcopy(student.input_tags)
        tags.non_deterministic = student.non_deterministic
        for _, teacher in self.teachers or []:
            inputs = get_tags(teacher).input_tags
            tags.input_tags.sparse &= inputs.sparse
            tags.input_tags.allow_nan &= inputs.allow_nan
        return tags


def _first_targets(refinement, problem):
    if not hasattr(refinement, "initial_targets"):
        return problem.targets
    targets = refinement.initial_targets(problem.observed, problem.n_classes)
    name = f"{type(refinement).__name__}.initial_targets"
    return check_targets(targets, problem.targets.shape, name)
