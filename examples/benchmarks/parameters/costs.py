"""Parameters that should leave accuracy alone: what they cost, and that they do leave it alone."""

import contextlib
import io
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from sklearn_slr import SLRClassifier

from ..common.students import make_student
from .cases import N_CLEAN, TABLES, with_wrong_labels


def measure_costs(seed, n_times=3):
    """Return a line for each of n_jobs, random_state, verbose, checkpoint and stack_folds.

    Times are ratios of medians within this run: the machine does not matter much for them.

    Parameters
    ----------
    seed : int
        Draws the rows.
    n_times : int
        How often a time is taken.

    Returns
    -------
    dict of str to str
        Parameter to what was measured.
    """
    return {
        "n_jobs": _n_jobs(seed, n_times),
        "random_state": _random_state(seed),
        "verbose": _verbose(seed),
        "checkpoint": _checkpoint(seed),
        "stack_folds": _stack_folds(seed, n_times),
    }


def _setup(name, seed):
    make_data, student = TABLES["average"].setups[name]
    return make_data(seed), student()


def _digits_net(seed):
    return with_wrong_labels("digits-u30", seed), make_student("mlp", "digits")


def _compare(data, one, other, n_times):
    """Fit two estimators in turn; return the ratio of their times and how far labels differ."""
    times = [], []
    for _ in range(n_times):
        for model, found in zip((one, other), times, strict=True):
            start = time.perf_counter()
            model.fit(data.X, data.y)
            found.append(time.perf_counter() - start)
    difference = np.abs(one.refined_labels_ - other.refined_labels_).max()
    return np.median(times[1]) / np.median(times[0]), difference


def _n_jobs(seed, n_times):
    data, _ = _setup("digits, logistic", seed)
    forest = RandomForestClassifier(30)
    one, two = (
        SLRClassifier(forest, random_state=0, n_jobs=jobs, refinement="average") for jobs in (1, 2)
    )
    two.fit(data.X, data.y)  # the processes start once
    ratio, difference = _compare(data, one, two, n_times)
    return f"2 instead of 1: {ratio:.2f} of the time, labels differ by {difference:.1g}"


def _random_state(seed):
    parts = []
    for name in TABLES["average"].setups:
        data, student = _setup(name, seed)
        scores = [
            SLRClassifier(student, random_state=state, refinement="average")
            .fit(data.X, data.y)
            .score(data.X_test[N_CLEAN:], data.y_test[N_CLEAN:])
            for state in range(10)
        ]
        parts.append(f"{name} {100 * np.std(scores, ddof=1):.1f}")
    return "0 to 9, standard deviation of accuracy in points: " + "; ".join(parts)


def _verbose(seed):
    data, student = _setup("digits, logistic", seed)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        SLRClassifier(student, random_state=0, verbose=1, refinement="average").fit(data.X, data.y)
    return f"1: {len(said.getvalue().splitlines())} lines for 3 rounds"


def _checkpoint(seed):
    data, student = _digits_net(seed)
    times = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            start = time.perf_counter()
            model = SLRClassifier(student, random_state=0, checkpoint=folder, refinement="average")
            model.fit(data.X, data.y)
            times.append(time.perf_counter() - start)
        files = [path for path in Path(folder).rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files) / 1e3
    plain = SLRClassifier(student, random_state=0, refinement="average").fit(data.X, data.y)
    difference = np.abs(model.refined_labels_ - plain.refined_labels_).max()
    return (
        f"{len(files)} files, {size:.0f} kB for 600 rows, 10 classes, 15 folds; the second call "
        f"takes {times[1] / times[0]:.2f} of the time; labels differ by {difference:.1g}"
    )


def _stack_folds(seed, n_times):
    data, net = _digits_net(seed)
    on, off = (
        SLRClassifier(net, random_state=0, stack_folds=each, refinement="average")
        for each in (True, False)
    )
    ratio, difference = _compare(data, on, off, n_times)
    return f"False takes {ratio:.2f} times as long; labels differ by {difference:.1g}"
