"""What a fit will do, what it is doing: the plan, printed lines, scikit-learn's callbacks."""

import contextlib
import sys
from dataclasses import dataclass


def print_line(owner, message, *, verbose, level=1):
    """Write one line to standard output where `verbose` is at least `level`."""
    if verbose >= level:
        sys.stdout.write(f"[{type(owner).__name__}] {message}\n")
        sys.stdout.flush()


@dataclass(frozen=True)
class Plan:
    """The fits of a refinement, counted before it begins.

    Parameters
    ----------
    n_rounds, n_repeats, n_folds, n_teachers : int
        Sizes of the rounds.
    n_scores : int
        Fits for the scores that cut grades.
    n_final : int
        Students.
    """

    n_rounds: int
    n_repeats: int
    n_folds: int
    n_teachers: int
    n_scores: int
    n_final: int

    @property
    def n_tasks(self):
        """Number of tasks, one after the other: rounds, scores, students."""
        return self.n_rounds + (self.n_scores > 0) + 1

    def __str__(self):
        fits = self.n_rounds * self.n_repeats * self.n_folds * self.n_teachers
        total = fits + self.n_scores + self.n_final
        return (
            f"{self.n_rounds} rounds x {self.n_repeats} repeats x {self.n_folds} folds x "
            f"{self.n_teachers} teachers = {fits} fits"
            + (f", {self.n_scores} for the thresholds" if self.n_scores else "")
            + f", {self.n_final} final: {total} in all."
        )


class Progress:
    """A task of a fit, reported to scikit-learn's callbacks (1.9 and later).

    Tasks make a tree. Everything is reported by the process that called `fit`, when results
    arrive, so that callbacks also see folds that ran in other processes.

    Parameters
    ----------
    estimator : estimator
        The estimator that is being fitted.
    context : sklearn.callback.CallbackContext, default=None
        The task. None: there are no callbacks.
    """

    def __init__(self, estimator=None, context=None):
        self.estimator, self.context = estimator, context

    @contextlib.contextmanager
    def task(self, name, n_subtasks):
        """Report a subtask for as long as the context lasts, and yield its `Progress`.

        Parameters
        ----------
        name : str
            Its name.
        n_subtasks : int
            Number of its own subtasks, which end in any order; 0: it has none.
        """
        if self.context is None:
            yield self
            return
        context = self.context.subcontext(
            task_name=name, max_subtasks=n_subtasks, sequential_subtasks=False
        )
        context.call_on_fit_task_begin(estimator=self.estimator)
        yield Progress(self.estimator, context)
        context.call_on_fit_task_end(estimator=self.estimator)

    def finish_subtask(self, name, k):
        """Report that subtask `k`, which has no subtasks, is finished."""
        if self.context is not None:
            leaf = self.context.subcontext(task_name=name, task_id=k)
            leaf.call_on_fit_task_begin(estimator=self.estimator)
            leaf.call_on_fit_task_end(estimator=self.estimator)


SILENT = Progress()


@contextlib.contextmanager
def report_fit(estimator, n_tasks, X, y):
    """Report a fit of `n_tasks` tasks in order for as long as the context lasts.

    The estimator must be fitted when the context is left. `X` and `y` are for callbacks that
    score. Yields the `Progress` of the fit.
    """
    if not hasattr(estimator, "_init_callback_context"):  # scikit-learn before 1.9
        yield SILENT
        return
    root = estimator._init_callback_context(max_subtasks=n_tasks)
    root.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
    yield Progress(estimator, root)
    root.call_on_fit_task_end(estimator=estimator, X=X, y=y, reconstruction_attributes={})
