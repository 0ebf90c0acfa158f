"""One disturbed fit: the fault, what is left, and what the next call of fit makes of it."""

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

from .problem import FULL, N_FOLDS, N_ROUNDS, fit, fit_and_save

KINDS = ("parent killed", "worker killed", "disk full", "file damaged")
N_TASKS, GRACE = N_ROUNDS * N_FOLDS, 30


def measure(student):
    """Fit undisturbed, one fold after another: labels, the folds' keys in order, seconds a fold."""
    with tempfile.TemporaryDirectory() as folder:
        folder = make_folder(folder)
        start = time.time()
        labels = fit(student, folder, n_jobs=None)
        seconds = (time.time() - start) / N_TASKS
        return labels, [key for key, _, _ in marks(folder)][:N_TASKS], seconds


def make_folder(folder):
    (Path(folder) / "log").mkdir()
    return Path(folder)


def marks(folder):
    """Return (key, pid, time) of every fit, in order of time."""
    names = [path.name.split("-") for path in (folder / "log").glob("*.fit")]
    return sorted(((key, int(pid), int(when)) for key, pid, when, _ in names), key=lambda m: m[2])


def kept(folder):
    """Return the addresses of folds that are on the disk, and their files."""
    files = sorted((folder / "folds").glob("*/*.npz"))
    return {tuple(map(int, path.name.split("-")[:3])): path for path in files}


def disturb(kind, student, n_jobs, folder, reference, moments, processes):
    """Run a fit, let the fault come, go on, and say what was lost."""
    labels, keys, seconds = reference
    address = {key: (1 + k // N_FOLDS, 0, k % N_FOLDS) for k, key in enumerate(keys)}
    moment, choice = moments.uniform(0, N_TASKS), moments.integers(2**31, size=3)
    folder = make_folder(folder)
    process = processes.Process(target=fit_and_save, args=(student, folder, n_jobs))
    process.start()
    wait_for(lambda: len(marks(folder)) > int(moment) or not process.is_alive())
    time.sleep(moment % 1 * seconds)
    came = time.time_ns()
    strike(kind, process, folder, choice)
    process.join()
    safe = set(kept(folder))
    if kind == "worker killed":
        safe = {tuple(found) for found in json.loads((folder / "safe").read_text())}
    if kind == "file damaged":
        safe -= {damage(folder, choice)}
    (folder / "log" / FULL).unlink(missing_ok=True)
    orphans = count_orphans(process.pid)
    if kind != "worker killed":
        came = time.time_ns()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the damaged file
            found = fit(student, folder, n_jobs)
    else:
        path = folder / "labels.npy"
        found = np.load(path) if path.exists() else None
    again = [(address.get(key), when) for key, _, when in marks(folder) if when > came]
    again = [(fold, when) for fold, when in again if fold is not None]  # the student has none
    return {
        "moment": round(float(moment), 2),
        "exit": process.exitcode,
        "kept": len(safe),
        "resumed": found is not None,
        "refitted needlessly": sum(fold in safe for fold, _ in again),
        "labels differ": found is None or not np.array_equal(found, labels),
        "orphans": orphans,
        "seconds to resume": round((again[0][1] - came) / 1e9, 2) if again else None,
    }


def strike(kind, process, folder, choice):
    if kind == "worker killed":
        workers = sorted({pid for _, pid, _ in marks(folder)} - {process.pid})
        kill(workers[choice[0] % len(workers)])
        (folder / "safe").write_text(json.dumps(list(kept(folder))))
    elif kind == "disk full":
        (folder / "log" / FULL).touch()
    else:
        if kind == "file damaged":
            wait_for(lambda: kept(folder) or not process.is_alive())
        kill(process.pid)


def kill(pid):
    with contextlib.suppress(ProcessLookupError):  # it was just done
        os.kill(pid, signal.SIGKILL)


def damage(folder, choice):
    """Cut, empty or change a file, and return the address of its fold."""
    fold, path = sorted(kept(folder).items())[choice[0] % len(kept(folder))]
    content, place = bytearray(path.read_bytes()), choice[2]
    if choice[1] % 3 == 0:
        del content[place % len(content) :]
    elif choice[1] % 3 == 1:
        content.clear()
    else:
        content[place % len(content)] ^= 1 << place % 8
    path.write_bytes(content)
    return fold


def count_orphans(group):
    """Count processes of a group that do not end in time."""
    try:
        wait_for(lambda: not members(group), GRACE)
    except TimeoutError:
        left = members(group)
        for pid in left:
            kill(pid)
        return len(left)
    return 0


def members(group):
    command = ["ps", "-A", "-o", "pid=,pgid=,stat="]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    fields = [line.split() for line in lines]
    return [int(pid) for pid, pgid, state in fields if int(pgid) == group and state[0] != "Z"]


def wait_for(condition, seconds=600):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.005)
