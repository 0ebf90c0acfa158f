"""The fits that are disturbed: students that leave a mark wherever they are fitted."""

import hashlib
import os
import time
import uuid
from pathlib import Path

import numpy as np
from joblib.externals.loky import get_reusable_executor
from sklearn.datasets import load_digits
from sklearn.ensemble import ExtraTreesClassifier

from sklearn_slr import SLRClassifier
from sklearn_slr.datasets import make_noisy_labels

STUDENTS = ("net", "forest")
N_ROUNDS, N_FOLDS = 3, 5
# Raised by the driver: from then on files of more than this many bytes are refused, as where the
# disk is full. The file of a fold has more.
FULL, LIMIT = "full", 1000


def mark(log, X):
    """Leave an empty file that says which rows are fitted, where and when."""
    if (Path(log) / FULL).exists():
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, most))
    rows = np.unique(np.asarray(X, dtype=np.float32), axis=0)  # soft targets repeat rows
    key = hashlib.sha256(rows.tobytes()).hexdigest()[:16]
    (Path(log) / f"{key}-{os.getpid()}-{time.time_ns()}-{uuid.uuid4().hex}.fit").touch()


class MarkedForest(ExtraTreesClassifier):
    """A forest that marks its fits."""

    def __init__(self, log=None, random_state=None):
        super().__init__(60, random_state=random_state)
        self.log = log

    def fit(self, X, y, sample_weight=None):
        mark(self.log, X)
        return super().fit(X, y, sample_weight)


def make_student(name, log):
    """Return one of `STUDENTS`."""
    if name == "forest":
        return MarkedForest(log)
    from .net import make_net  # here, as workers start faster without torch

    return make_net(log)


def fit(student, folder, n_jobs):
    """Fit, with marks and checkpoints in `folder`, and return the refined labels."""
    X, truth = load_digits(return_X_y=True)
    X = (X[:600] / 16).astype(np.float32)
    y = make_noisy_labels(truth[:600], noise=0.3, random_state=0)
    log = str(folder / "log")
    model = SLRClassifier(
        make_student(student, log),
        n_rounds=N_ROUNDS,
        cv=N_FOLDS,
        refinement="posterior",
        n_jobs=n_jobs,
        random_state=0,
        stack_folds=False,  # so that each fold is fitted by itself
        checkpoint=folder / "folds",
    )
    return model.fit(X, y).refined_labels_


def fit_and_save(student, folder, n_jobs):
    """Fit in a process of its own, of a group of its own, and keep the labels."""
    os.setsid()
    try:
        np.save(folder / "labels.npy", fit(student, folder, n_jobs))
    finally:
        # A child of multiprocessing would wait for idle workers, which a script's exit ends.
        get_reusable_executor().shutdown(wait=True, kill_workers=True)
