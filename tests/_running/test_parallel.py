"""Folds in other processes: which die, are killed with their parent, or are interrupted."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from joblib import parallel_config
from scipy import sparse
from sklearn.naive_bayes import GaussianNB

from sklearn_slr import SLRClassifier
from sklearn_slr._running._parallel import run_tasks

X = np.random.default_rng(0).normal(size=(60, 3))
y = (X[:, 0] + np.random.default_rng(1).normal(size=60) > 0).astype(int)
PATIENCE = 200  # seconds, for machines that do much else


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "nothing has happened"
        time.sleep(0.02)


def log(folder, name):
    with open(folder / name, "a") as file:
        file.write(f"{os.getpid()}\n")


def count(folder, name):
    path = folder / str(name)
    return len(path.read_text().split()) if path.exists() else 0


# Tasks


def work(task, folder, deadly, n_deaths, after):
    """Log the task; the deadly one kills its process, once results of others have arrived."""
    log(folder, str(task))
    if task == deadly and count(folder, task) <= n_deaths:
        wait_for(lambda: count(folder, "received") >= after)
        os.kill(os.getpid(), signal.SIGKILL)
    return task * task


def run(folder, n_tasks, **settings):
    shared = {"folder": folder, "deadly": None, "n_deaths": 0, "after": 0, **settings}
    results = {}
    for k, result in run_tasks(work, list(range(n_tasks)), shared, n_jobs=2, describe=str):
        log(folder, "received")
        assert k not in results
        results[k] = result
    return results


def test_a_worker_that_dies_is_replaced_and_costs_no_result_that_was_there(tmp_path):
    squares = run(tmp_path, 5, deadly=2, n_deaths=1, after=4)
    assert squares == {k: k * k for k in range(5)}
    assert [count(tmp_path, k) for k in range(5)] == [1, 1, 2, 1, 1]


def test_a_task_whose_worker_dies_again_is_named_and_the_others_are_there(tmp_path):
    shared = {"folder": tmp_path, "deadly": 1, "n_deaths": 9, "after": 2}
    name, received = "round {}".format, []

    def receive():
        for k, _ in run_tasks(work, [0, 1, 2], shared, n_jobs=2, describe=name):
            received.append(k)
            log(tmp_path, "received")

    with pytest.raises(RuntimeError, match=r"ran round 1 died .*checkpoint=folder") as caught:
        receive()
    assert sorted(received) == [0, 2]
    assert count(tmp_path, 1) == 2
    assert type(caught.value.__cause__).__name__ == "TerminatedWorkerError"


def fail(task, folder, kind):
    log(folder, str(task))
    if kind == "plain":
        raise ZeroDivisionError(task)
    error = type("TerminatedWorkerError", (RuntimeError,), {"__module__": "loky.inner"})(task)
    error.add_note("Raised in a fold.")  # of a pool of the estimator's own
    raise error


@pytest.mark.parametrize("kind", ["plain", "a pool of its own"])
@pytest.mark.parametrize("backend", ["sequential", "threading"])
def test_an_error_of_the_task_is_raised_and_nothing_repeated(backend, kind, tmp_path):
    with parallel_config(backend), pytest.raises((ZeroDivisionError, RuntimeError), match=r"^0"):
        list(run_tasks(fail, [0], {"folder": tmp_path, "kind": kind}, n_jobs=2, describe=str))
    assert count(tmp_path, 0) == 1


def test_an_error_of_a_fold_in_another_process_is_raised_at_once(tmp_path):
    with pytest.raises(ZeroDivisionError) as caught:
        slr(Faulty(tmp_path, fault="error"), n_jobs=2).fit(X, y)
    assert caught.value.__notes__ == ["Raised in round 1, repeat 0, fold 1, teacher 0."]
    assert count(tmp_path, "faults") == 1


class Counted:
    """Big enough to be worth sharing; counts how often it is pickled."""

    def __init__(self, content):
        self.content, self.n_pickled = content, 0

    def __reduce__(self):
        self.n_pickled += 1
        return Counted, (self.content,)


def length(task, value):
    return len(value.content)


@pytest.mark.slow
@pytest.mark.parametrize(
    "content", [["text " * 100] * 5000, np.zeros(10**6)], ids=["texts", "array"]
)
def test_what_tasks_share_is_pickled_once(content):
    value = Counted(content)
    results = run_tasks(length, [0] * 6, {"value": value}, n_jobs=2, describe=str)
    assert {length for _, length in results} == {len(content)}
    assert value.n_pickled == 1


# Fits


class Faulty(GaussianNB):
    """Naive Bayes that logs its fits, and in the second fold of the first round has a fault."""

    def __init__(self, folder=None, fault=None, times=1):
        super().__init__()
        self.folder = folder
        self.fault = fault
        self.times = times

    def fit(self, X, y, sample_weight=None):
        if self.folder is not None:
            log(self.folder, "fits")
            if np.isclose(X.sum(), SECOND) and count(self.folder, "faults") < self.times:
                self._fail()
        return super().fit(X, y, sample_weight)

    def _fail(self):
        log(self.folder, "faults")
        if self.fault == "error":
            raise ZeroDivisionError
        if self.fault == "death":
            os.kill(os.getpid(), signal.SIGKILL)
        while self.fault == "hang":
            pass


FOLDS = [(np.flatnonzero(np.arange(60) % 4 != k), np.arange(k, 60, 4)) for k in range(4)]
FEW = {"n_rounds": 2, "cv": FOLDS, "random_state": 0, "refinement": "average"}


def slr(estimator=None, **parameters):
    estimator = Faulty() if estimator is None else estimator
    return SLRClassifier(estimator, **{**FEW, **parameters})


SECOND = X[FOLDS[1][0]].sum()


def same(first, second):
    assert np.array_equal(first.refined_labels_, second.refined_labels_)
    return np.array_equal(first.predict_proba(X), second.predict_proba(X))


@pytest.mark.slow
def test_a_fit_survives_a_worker_and_keeps_what_is_written(tmp_path):
    (tmp_path / "log").mkdir()
    model = slr(Faulty(tmp_path / "log", "death"), n_jobs=2, checkpoint=tmp_path / "folds")
    assert same(model.fit(X, y), slr().fit(X, y))
    assert count(tmp_path / "log", "faults") == 1
    # Fitted again are the fold that died and perhaps the one beside it.
    assert 8 + 1 <= count(tmp_path / "log", "fits") - 1 <= 8 + 2
    assert len(list((tmp_path / "folds").rglob("*.npz"))) == 8


def test_a_fit_that_loses_a_worker_twice_says_where_and_goes_on_later(tmp_path):
    (tmp_path / "log").mkdir()
    model = slr(Faulty(tmp_path / "log", "death", times=2), n_jobs=2, checkpoint=tmp_path / "folds")
    with pytest.raises(RuntimeError, match="ran round 1, repeat 0, fold 1, teacher 0 died"):
        model.fit(X, y)
    assert not hasattr(model, "refined_labels_")
    kept = len(list((tmp_path / "folds").rglob("*.npz")))
    n_fits = count(tmp_path / "log", "fits")
    assert same(model.fit(X, y), slr().fit(X, y))
    assert count(tmp_path / "log", "fits") - n_fits == 8 - kept + 1


@pytest.mark.slow
def test_fold_students_that_lose_their_worker_are_fitted_again(tmp_path):
    model = slr(Faulty(tmp_path, "death"), n_rounds=0, final="folds", n_jobs=2)
    assert same(model.fit(X, y), slr(n_rounds=0, final="folds").fit(X, y))
    assert count(tmp_path, "faults") == 1


def test_all_rounds_share_the_same_workers(tmp_path):
    slr(Faulty(tmp_path), n_rounds=4, n_jobs=2).fit(X, y)
    pids = set((tmp_path / "fits").read_text().split()) - {str(os.getpid())}
    assert 1 <= len(pids) <= 2


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing", "sequential"])
def test_every_backend_gives_the_serial_labels_and_leaves_the_generators_alone(backend):
    states = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    with parallel_config(backend, n_jobs=2):
        parallel = slr().fit(X, y)
    assert same(parallel, slr().fit(X, y))
    assert np.array_equal(states[0], np.random.get_state()[1])  # noqa: NPY002
    assert states[1] == random.getstate()


# Interrupts


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")  # a zombie has ended, though nobody has asked how
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def to_its_group(process):
    os.killpg(process.pid, signal.SIGINT)


def to_it_alone(process):
    process.send_signal(signal.SIGINT)


@pytest.mark.parametrize(
    "send",
    [
        to_its_group,
        pytest.param(to_it_alone, marks=pytest.mark.slow),
        pytest.param(subprocess.Popen.kill, marks=pytest.mark.slow),
    ],
)
def test_interrupted_or_killed_it_leaves_no_process_and_keeps_its_folds(send, tmp_path):
    (tmp_path / "log").mkdir()
    script = (
        "import pathlib, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a runner may ignore it
        "from tests._running.test_parallel import Faulty, X, slr, y\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "student = Faulty(folder / 'log', 'hang')\n"
        "slr(student, n_jobs=2, checkpoint=folder / 'folds').fit(X, y)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(
        command, start_new_session=True, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            wait_for(lambda: len(list((tmp_path / "folds").rglob("*.npz"))) == 3)
            wait_for(lambda: count(tmp_path / "log", "faults") == 1)
            send(process)
            assert process.wait(PATIENCE) != 0
        finally:
            process.kill()
        error = process.stderr.read()
    assert send == subprocess.Popen.kill or "KeyboardInterrupt" in error
    pids = {int(pid) for pid in (tmp_path / "log" / "fits").read_text().split()}
    assert 1 <= len(pids) <= 2
    wait_for(lambda: not any(map(is_running, pids)))
    resumed = slr(Faulty(tmp_path / "log", "hang"), checkpoint=tmp_path / "folds").fit(X, y)
    assert same(resumed, slr().fit(X, y))
    assert count(tmp_path / "log", "fits") == 4 + 5 + 1  # the student's is the last


# Kinds of input


def as_frame(X):
    return pytest.importorskip("pandas").DataFrame(X)


def as_tensor(X):
    return pytest.importorskip("torch").as_tensor(X)


class Rows(GaussianNB):
    """Naive Bayes for whatever can be made an array."""

    def fit(self, X, y, sample_weight=None):
        return super().fit(self._array(X), y, sample_weight)

    def predict_proba(self, X):
        return super().predict_proba(self._array(X))

    def _array(self, X):
        return X.toarray() if sparse.issparse(X) else np.asarray(X)


@pytest.mark.parametrize("kind", [as_frame, as_tensor, sparse.csr_matrix, np.ndarray.tolist])
def test_any_kind_of_input_gives_the_serial_labels(kind):
    inputs = kind(X)
    serial, parallel = (slr(Rows(), n_jobs=n).fit(inputs, y) for n in (None, 2))
    assert np.array_equal(serial.refined_labels_, parallel.refined_labels_)
