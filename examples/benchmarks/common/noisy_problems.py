"""Classification with wrong training labels: the problems of the noisy-label benchmark.

A problem is a function of a seed. The seed draws rows and wrong labels, so that all methods of a
cell see the same ones. Test labels are always the true ones.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sklearn_slr.datasets import make_noisy_labels, make_three_class_toy

from .patch_features import N_TEST, POOL, cifar_features

# CIFAR-10N: how many of the images with features a seed draws.
N_TRAIN = 1_500
# LabelMe with all votes: how many of the 1000 training rows a seed draws.
N_VOTED = 900


@dataclass(frozen=True)
class Problem:
    """Rows and labels of one seed.

    Parameters
    ----------
    X, X_test : ndarray of float32 of shape (n_samples, n_features)
        Training and test rows.
    observed : ndarray of int of shape (n_samples,)
        Training labels, some of them wrong.
    truth, y_test : ndarray of int of shape (n_samples,)
        True labels of both.
    n_classes : int
        Number of classes C; labels are 0..C-1.
    votes : ndarray of int of shape (n_samples, n_annotators), default=None
        All annotators' answers, -1 where there is none.
    """

    X: np.ndarray
    observed: np.ndarray
    truth: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    n_classes: int
    votes: np.ndarray | None = None


def _noise_levels(data, uniform, asymmetric=()):
    return [f"{data}-u{level}" for level in uniform] + [f"{data}-a{level}" for level in asymmetric]


TENS = (0, 10, 20, 30, 40)
PROBLEMS = (
    *_noise_levels("digits", TENS, (20, 30)),
    *_noise_levels("cancer", (0, 20, 40), (20, 30)),
    *_noise_levels("wine", (0, 20, 40), (20, 30)),
    *_noise_levels("blobs", (0, 20, 40, 50)),
    *_noise_levels("spirals", (0, 20, 40, 50)),
    "labelme",
    "cifar-random1",
    "cifar-worse",
)
VOTES = "labelme-votes"
FILES = {
    "labelme": ("labelme_crowd.npz",),
    "cifar": ("cifar10_jpeg.npz", "cifar10n_labels.npz"),
}


def data_of(name):
    """Return the data set of a problem: what stands before the noise in its name."""
    return name.split("-")[0]


@lru_cache(maxsize=2)
def make_problem(name, seed, folder=None, cache=None):
    """Return a problem.

    Parameters
    ----------
    name : str
        One of `PROBLEMS`, or `VOTES`. After the dash stands the noise: u20 is 20 % uniform; a20
        is 20 % of each class called the next one (of two classes, of the first one only).
    seed : int
        Draws rows and wrong labels.
    folder : path, default=None
        The data folder, for LabelMe and CIFAR-10N.
    cache : path, default=None
        Where the features of CIFAR-10 are kept.

    Returns
    -------
    Problem
        Rows and labels.
    """
    data, _, noise = name.partition("-")
    if data == "labelme":
        return _labelme_votes(folder, seed) if name == VOTES else _labelme(folder, seed)
    if data == "cifar":
        return _cifar(folder, cache, noise, seed)
    return _with_noise(*_split(data, seed), noise, seed)


def _split(data, seed):
    """Return training rows, true labels, and the same of the test set."""
    if data in ("blobs", "spirals"):
        X, y = make_three_class_toy(3600, kind=data, random_state=seed)
        return X[:600], y[:600], X[600:], y[600:]
    load, size = {
        "digits": (load_digits, 600),
        "cancer": (load_breast_cancer, 0.5),
        "wine": (load_wine, 0.5),
    }[data]
    X, y = load(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, train_size=size, stratify=y, random_state=seed)
    if data == "digits":
        return X / 16, y, X_test / 16, y_test
    scaler = StandardScaler().fit(X)
    return scaler.transform(X), y, scaler.transform(X_test), y_test


def _with_noise(X, truth, X_test, y_test, noise, seed):
    n_classes, level = len(np.unique(truth)), int(noise[1:]) / 100
    kind = "uniform" if noise[0] == "u" else "asymmetric"
    if kind == "asymmetric" and n_classes == 2:
        # Both classes flipped alike would be uniform noise again.
        kind = [[1 - level, level], [0, 1]]
    observed = make_noisy_labels(truth, noise=level, kind=kind, random_state=seed)
    return _problem(X, observed, truth, X_test, y_test, n_classes)


def _problem(X, observed, truth, X_test, y_test, n_classes, votes=None):
    X, X_test = (np.ascontiguousarray(part, dtype=np.float32) for part in (X, X_test))
    observed, truth, y_test = (part.astype(np.int64) for part in (observed, truth, y_test))
    return Problem(X, observed, truth, X_test, y_test, n_classes, votes)


def _labelme(folder, seed):
    """Return LabelMe with the answer of one annotator a row, drawn by the seed."""
    with np.load(Path(folder) / "labelme_crowd.npz") as file:
        answers, n_classes = file["answers"], int(file["y_train"].max()) + 1
        draws = np.random.default_rng(seed).random(answers.shape)
        chosen = np.where(answers >= 0, draws, -1).argmax(axis=1)
        observed = answers[np.arange(len(answers)), chosen]
        return _problem(
            file["X_train"], observed, file["y_train"], file["X_test"], file["y_test"], n_classes
        )


def _labelme_votes(folder, seed):
    """Return LabelMe with all answers, on rows drawn by the seed; observed: no single label."""
    with np.load(Path(folder) / "labelme_crowd.npz") as file:
        rows = np.random.default_rng(seed).permutation(len(file["y_train"]))[:N_VOTED]
        truth, votes = file["y_train"][rows], file["answers"][rows].astype(np.int64)
        return _problem(
            file["X_train"][rows],
            np.full(len(rows), -1),
            truth,
            file["X_test"],
            file["y_test"],
            int(file["y_train"].max()) + 1,
            votes[:, (votes >= 0).any(axis=0)],
        )


def _cifar(folder, cache, labels, seed):
    """Return CIFAR-10N rows drawn by the seed, as patch features."""
    key = {"random1": "random_label1", "worse": "worse_label"}[labels]
    with np.load(Path(folder) / "cifar10n_labels.npz") as file:
        noisy, truth = file[key], file["clean_label"]
    with np.load(Path(folder) / "cifar10_jpeg.npz") as file:
        y_test = file["y_test"][:N_TEST]
    features = cifar_features(Path(folder), Path(cache))
    rows = np.random.default_rng(seed).choice(POOL, N_TRAIN, replace=False)
    return _problem(features[rows], noisy[rows], truth[rows], features[POOL:], y_test, 10)
