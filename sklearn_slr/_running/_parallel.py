"""Folds run wherever joblib runs; a worker that dies costs the folds in its hands, no others."""

import contextlib
import functools
import os
import sys
import threading
import time
import warnings

import joblib
from joblib.parallel import get_active_backend
from sklearn import config_context, get_config
from sklearn.utils.parallel import Parallel, delayed

from ._pickle_once import pack, unpack

# Errors that say that a process died, by the package that raises them and their name: no package
# is imported to find out.
DEATHS = {
    ("joblib", "TerminatedWorkerError"),
    ("loky", "TerminatedWorkerError"),
    ("distributed", "KilledWorker"),
    ("ray", "WorkerCrashedError"),
    ("ray", "RayActorError"),
    ("ray", "OutOfMemoryError"),
}
# Seconds in which a dask cluster has to start a worker, or to replace those that died.
PATIENCE = 300
SECONDS_BETWEEN_LOOKS = 1


class _Death(Exception):  # noqa: N818 (it never leaves this module)
    """A process died; `suspects` are the tasks that it may have had in hand."""

    def __init__(self, suspects):
        super().__init__(suspects)
        self.suspects = suspects


def run_tasks(function, tasks, shared, *, n_jobs, name):
    """Run tasks wherever joblib runs them, and yield their results as they come.

    When a process dies, the tasks that it may have had in hand are run again, one at a time, and
    then the others as before. So the one that kills its process is known, and each has the
    machine's memory to itself. An error that a task raises is raised, and nothing is run again.

    Parameters
    ----------
    function : callable
        ``function(task, **shared)``, with a name that a process can import.
    tasks : list
        What differs between the calls; small.
    shared : dict
        What does not; it travels once to every machine, not once a task.
    n_jobs : int or None
        Tasks run at once, as joblib understands it.
    name : callable
        ``name(task)`` says in an error which task it was.

    Yields
    ------
    (int, object)
        Index and result of a task, in the order in which they finish.

    Raises
    ------
    RuntimeError
        If a task's process died, and died again when the task was run alone.
    """
    left = dict(enumerate(tasks))
    while left:
        suspects = []
        try:
            yield from _taking_out(left, _run(function, dict(left), shared, n_jobs))
        except _Death as death:
            suspects = death.suspects
        for k in suspects:
            task = left[k]
            try:
                yield from _taking_out(left, _run(function, {k: task}, shared, n_jobs))
            except _Death as death:
                raise RuntimeError(_explain(name(task), death.__cause__)) from death.__cause__


def _taking_out(left, results):
    """Pass results on, and take their tasks out of those that are left."""
    with contextlib.closing(results):  # where an error or interrupt comes between two results
        for k, result in results:
            del left[k]
            yield k, result


def _explain(name, error):
    return (
        f"The process at work on {name} died ({type(error).__name__}), and died again when that "
        "was all there was to do. Most often the system has killed it for want of memory: use "
        "a smaller model or batch, or more memory. A crash of compiled code shows with n_jobs=1. "
        "With checkpoint=folder, call fit again: it goes on after the last finished fold."
    )


def _is_death(error):
    """Whether it tells of the death of one of our processes, not of one that a task started."""
    if getattr(error, "__notes__", None):
        return False  # raised in a fold, which notes its address
    kinds = {(kind.__module__.partition(".")[0], kind.__name__) for kind in type(error).__mro__}
    return not DEATHS.isdisjoint(kinds)


def _run(function, tasks, shared, n_jobs):
    """Yield the index and result of each task; raise `_Death` where a process died."""
    distributed = sys.modules.get("distributed")
    client = getattr(get_active_backend()[0], "client", None)
    if distributed is not None and isinstance(client, distributed.Client):
        return _run_on_dask(function, tasks, shared, client, distributed)
    return _run_on_joblib(function, tasks, shared, n_jobs)


def _run_on_joblib(function, tasks, shared, n_jobs):
    # One task at a time: what has come back is never run again.
    settings = {"n_jobs": n_jobs, "batch_size": 1, "pre_dispatch": "n_jobs"}
    try:
        parallel = Parallel(return_as="generator_unordered", **settings)
    except ValueError:  # multiprocessing and Ray return all results at once
        parallel = Parallel(**settings)
    packed = {key: pack(value) for key, value in shared.items()}
    results, unfinished = (), list(tasks)
    try:
        caller = os.getpid()
        results = parallel(delayed(_call)(k, function, tasks[k], packed, caller) for k in tasks)
        for k, result in results:
            unfinished.remove(k)
            yield k, result
    except Exception as error:
        if not _is_death(error):
            raise
        # They are begun in this order, so that those in hand are the first.
        raise _Death(unfinished[: joblib.effective_n_jobs(n_jobs)]) from error
    finally:
        _close(results)


def _call(k, function, task, packed, caller):
    if os.getpid() != caller and os.getppid() == caller:
        _end_with(caller)
    return k, function(task, **{key: unpack(value) for key, value in packed.items()})


@functools.cache
def _end_with(parent):
    """See to it that this process ends with the one that started it.

    One that is killed stops nobody: its workers would go on, and wait for more for minutes.
    """

    def watch():
        while os.getppid() == parent:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _close(results):
    """Stop the processes that are still at work, without joblib's warning that they were."""
    if hasattr(results, "close"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results.close()


def _run_on_dask(function, tasks, shared, client, distributed):
    """Do as joblib's backend for dask does, which waits for ever where a task is given up.

    dask itself runs the tasks of dead workers again, up to its setting `allowed-failures`.
    """
    lost, error = [], None
    with contextlib.ExitStack() as stack:
        if _is_in_task(distributed):
            # Lends this task's place to others, or tasks that wait for tasks would block them.
            client = stack.enter_context(distributed.worker_client())
        client.wait_for_workers(1, timeout=PATIENCE)
        with warnings.catch_warnings():
            # The scheduler keeps it as part of a task, so that it outlives all workers; scattered
            # data would not. dask does not look into a partial, as it would into arguments.
            warnings.filterwarnings("ignore", message="Sending large graph")
            sent = client.submit(functools.partial(dict, shared), pure=False)
        futures = {
            client.submit(_call_configured, get_config(), function, task, sent, pure=False): k
            for k, task in tasks.items()
        }
        stack.callback(client.cancel, list(futures))
        for future in distributed.as_completed(futures):
            try:
                result = future.result()
            except Exception as failure:
                if not _is_death(failure):
                    raise
                lost, error = [*lost, futures[future]], failure
            else:
                yield futures[future], result
    if lost:
        raise _Death(lost) from error


def _is_in_task(distributed):
    try:
        distributed.get_worker()
    except ValueError:
        return False
    return True


def _call_configured(config, function, task, shared):
    with config_context(**config):
        return function(task, **shared)
