"""What rows are measured on: training rows, test rows, and parts of them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split


class Problem(NamedTuple):
    """Rows to learn from and rows to be judged by.

    Parameters
    ----------
    X, y : ndarray of length n_samples
        Images, or paths of images, and their labels.
    X_test, y_test : ndarray of length n_test
        The same, for the figures alone.
    groups : ndarray of length n_samples, default=None
        Whose images they are; None where that is not known.
    """

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    groups: np.ndarray | None = None


def identity_of(problem):
    """Return what tells a problem from others: images, or the names of their files, and labels."""
    rows = [
        [Path(path).name for path in X] if X.dtype.kind == "U" else X
        for X in (problem.X, problem.X_test)
    ]
    return [*rows, problem.y, problem.y_test, problem.groups]


def part_of(y, fraction, seed=0):
    """Return row numbers of a share of the rows, in order, every class with its share."""
    rows = np.arange(len(y))
    if fraction >= 1:
        return rows
    return np.sort(train_test_split(rows, train_size=fraction, stratify=y, random_state=seed)[0])
