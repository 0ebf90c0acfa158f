"""What a fit is at, told to scikit-learn's callbacks (1.9 and later) as a tree of tasks."""

import contextlib


class Progress:
    """A task of a fit. Its parts are tasks, or leaves that are told when they are done.

    All is told in the process of the fit, as answers come in: a callback sees folds of other
    processes, too.

    Parameters
    ----------
    estimator : estimator
        The one that is being fitted.
    context : sklearn.callback.CallbackContext, default=None
        The task. None: there is nobody to tell.
    """

    def __init__(self, estimator=None, context=None):
        self.estimator, self.context = estimator, context

    @contextlib.contextmanager
    def task(self, name, n_parts, *, ordered=False):
        """While the context lasts, be at a part of this task.

        Parameters
        ----------
        name : str
            What it is.
        n_parts : int or None
            Number of its own parts; 0: it is a leaf. None: not known.
        ordered : bool, default=False
            Whether these are tasks, one after the other; else leaves in any order.

        Yields
        ------
        Progress
            The part.
        """
        if self.context is None:
            yield self
            return
        context = self.context.subcontext(
            task_name=name, max_subtasks=n_parts, sequential_subtasks=ordered
        )
        context.call_on_fit_task_begin(estimator=self.estimator)
        yield Progress(self.estimator, context)
        context.call_on_fit_task_end(estimator=self.estimator)

    def done(self, name, k):
        """Tell that leaf `k` is done."""
        if self.context is not None:
            leaf = self.context.subcontext(task_name=name, task_id=k)
            leaf.call_on_fit_task_begin(estimator=self.estimator)
            leaf.call_on_fit_task_end(estimator=self.estimator)


SILENT = Progress()


@contextlib.contextmanager
def progress_of(estimator, n_parts, X, y):
    """While the context lasts, an estimator is being fitted.

    Parameters
    ----------
    estimator : estimator
        Once the context is left, it is fitted.
    n_parts : int
        Number of tasks, one after the other.
    X, y : object
        What it is fitted on, as callbacks that score want it.

    Yields
    ------
    Progress
        The fit.
    """
    if not hasattr(estimator, "_init_callback_context"):  # scikit-learn before 1.9
        yield SILENT
        return
    root = estimator._init_callback_context(max_subtasks=n_parts)
    root.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
    yield Progress(estimator, root)
    root.call_on_fit_task_end(estimator=estimator, X=X, y=y, reconstruction_attributes={})
