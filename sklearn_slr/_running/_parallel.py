"""Run tasks wherever joblib runs them; a process that dies costs only the tasks it was running."""

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

from ._pickle_once import pickle_once, unpickle

# Errors that say that a process died, by package and name: no package is imported for this.
PROCESS_DIED = {
    ("joblib", "TerminatedWorkerError"),
    ("loky", "TerminatedWorkerError"),
    ("distributed", "KilledWorker"),
    ("ray", "WorkerCrashedError"),
    ("ray", "RayActorError"),
    ("ray", "OutOfMemoryError"),
}
# Seconds in which a dask cluster has to start a worker, or to replace those that died.
SECONDS_TO_START = 300
SECONDS_BETWEEN_CHECKS = 1


class _ProcessDied(Exception):  # noqa: N818 (it never leaves this module)
    """A process died; `suspects` are the tasks that it may have been running."""

    def __init__(self, suspects):
        super().__init__(suspects)
        self.suspects = suspects


def run_tasks(function, tasks, shared, *, n_jobs, describe):
    """Run tasks wherever joblib runs them, and yield their results as they are finished.

    When a process dies, the tasks that it may have been running are run again, one at a time,
    and then the others as before. So the task that kills its process is found, and has the
    machine's memory for itself. An error that a task raises is raised; nothing is run again.

    Parameters
    ----------
    function : callable
        ``function(task, **shared)``; other processes import it by its name.
    tasks : list
        The first argument of each call; small.
    shared : dict
        The same keywords for all calls; sent once to every machine, not once for each task.
    n_jobs : int or None
        Number of tasks that run at the same time, as in joblib.
    describe : callable
        ``describe(task)`` names the task in an error.

    Yields
    ------
    (int, object)
        Index and result of a task, in the order in which they are finished.

    Raises
    ------
    RuntimeError
        If the process of a task died, and died again when the task was run alone.
    """
    client = _dask_client()
    if client is None and joblib.effective_n_jobs(n_jobs) == 1:
        for k, task in enumerate(tasks):
            yield k, function(task, **shared)
        return
    run = functools.partial(_run_on_dask, client) if client else _run_on_joblib
    waiting = dict(enumerate(tasks))
    while waiting:
        suspects = []
        try:
            yield from _remove_finished(waiting, run(function, dict(waiting), shared, n_jobs))
        except _ProcessDied as death:
            suspects = death.suspects
        for k in suspects:
            task = waiting[k]
            try:
                yield from _remove_finished(waiting, run(function, {k: task}, shared, n_jobs))
            except (_ProcessDied, TimeoutError) as death:  # dask: no worker came back
                cause = death.__cause__ if isinstance(death, _ProcessDied) else death
                raise RuntimeError(_explain_death(describe(task), cause)) from cause


def _remove_finished(waiting, results):
    """Pass results on, and remove their tasks from those that are waiting."""
    with contextlib.closing(results):  # also where an error or interrupt comes between results
        for k, result in results:
            del waiting[k]
            yield k, result


def _explain_death(name, error):
    return (
        f"The process that ran {name} died ({type(error).__name__}), and died again when it ran "
        "nothing else. The most frequent cause is that the system ran out of memory: use a "
        "smaller model or batch, or more memory. Set n_jobs=1 to see a crash of compiled code. "
        "With checkpoint=folder, call fit again: it continues after the last finished fold."
    )


def _is_death(error):
    """Whether the error says that one of our processes died, not one that a task had started."""
    if getattr(error, "__notes__", None):
        return False  # raised inside a fold, which adds its address as a note
    kinds = {(kind.__module__.partition(".")[0], kind.__name__) for kind in type(error).__mro__}
    return not PROCESS_DIED.isdisjoint(kinds)


def _dask_client():
    """Return the client of joblib's active backend where that is dask, else None."""
    distributed = sys.modules.get("distributed")
    client = getattr(get_active_backend()[0], "client", None)
    is_dask = distributed is not None and isinstance(client, distributed.Client)
    return client if is_dask else None


def _run_on_joblib(function, tasks, shared, n_jobs):
    # Batches of one: a result that has arrived is never computed again.
    settings = {"n_jobs": n_jobs, "batch_size": 1, "pre_dispatch": "n_jobs"}
    try:
        parallel = Parallel(return_as="generator_unordered", **settings)
    except ValueError:  # multiprocessing and Ray return all results at once
        parallel = Parallel(**settings)
    packed = {key: pickle_once(value) for key, value in shared.items()}
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
        # Tasks start in this order: the first unfinished ones were running.
        raise _ProcessDied(unfinished[: joblib.effective_n_jobs(n_jobs)]) from error
    finally:
        _close(results)


def _call(k, function, task, packed, caller):
    if os.getpid() != caller and os.getppid() == caller:
        _end_with_parent(caller)
    return k, function(task, **{key: unpickle(value) for key, value in packed.items()})


@functools.cache
def _end_with_parent(parent):
    """End this process soon after the process that started it has ended.

    A parent that is killed stops nobody, and joblib cannot be asked to: its workers would finish
    their tasks and then wait for others until their timeout of minutes.
    """

    def watch():
        while os.getppid() == parent:
            time.sleep(SECONDS_BETWEEN_CHECKS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _close(results):
    """Stop processes that are still working, without joblib's warning about them."""
    if hasattr(results, "close"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results.close()


def _run_on_dask(client, function, tasks, shared, n_jobs):
    """Run tasks on dask; joblib's own backend waits without end for a task that is given up.

    dask itself repeats the tasks of dead workers, up to its setting `allowed-failures`.
    """
    distributed = sys.modules["distributed"]
    lost, error = [], None
    with contextlib.ExitStack() as stack:
        if _is_in_task(distributed):
            # Frees this task's place, or tasks that wait for tasks would block each other.
            client = stack.enter_context(distributed.worker_client())
        client.wait_for_workers(1, timeout=SECONDS_TO_START)
        with warnings.catch_warnings():
            # The scheduler keeps it as part of a task, so that it survives all workers; scattered
            # data would not. dask does not search a partial for futures, as it would arguments.
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
        raise _ProcessDied(lost) from error


def _is_in_task(distributed):
    try:
        distributed.get_worker()
    except ValueError:
        return False
    return True


def _call_configured(config, function, task, shared):
    with config_context(**config):
        return function(task, **shared)
