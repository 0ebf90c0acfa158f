"""Problems of the benchmark of numbers: data sets, errors, students.

"known" sets were looked at when `RobustRefinement` was made. "unseen" ones were written afterwards;
one change followed, of how much wider wrong labels have to be, and then "later" was written.
"ordinal" are tables of grades, taken as numbers, which need a data folder.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
    make_friedman1,
    make_friedman2,
    make_friedman3,
    make_regression,
    make_sparse_uncorrelated,
    make_swiss_roll,
)
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


@dataclass(frozen=True)
class Problem:
    """Rows and numbers of one seed; some of the numbers that are `given` are wrong."""

    X: np.ndarray
    given: np.ndarray
    truth: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def split(X, y, n_train, rng):
    order = rng.permutation(len(y))
    train, test = order[:n_train], order[n_train:]
    y = y.astype(float)
    return X[train], y[train], X[test], y[test]


def real(load, n_train, target=None):
    """Return a table; of a classification one column is the target."""
    X, y = load(return_X_y=True)
    if target is not None:
        X, y = np.delete(X, target, axis=1), X[:, target]
    X = StandardScaler().fit_transform(X)
    return lambda seed: split(X, y, n_train, np.random.default_rng(seed))


def made(make, n_train, **parameters):
    def problem(seed):
        X, y = make(n_samples=n_train + 2000, random_state=seed, **parameters)
        return split(X, y, n_train, np.random.default_rng(seed))

    return problem


def drawn(n_features, n_train, target):
    """Return normal features, and the numbers that ``target(X, rng)`` makes of them."""

    def problem(seed):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(n_train + 2000, n_features))
        return split(X, target(X, rng), n_train, rng)

    return problem


def noisier(X, rng):
    """Return numbers whose noise depends on a feature that their mean does not depend on."""
    return 2 * X[:, 0] + X[:, 1] ** 2 + np.exp(X[:, 2]) * rng.normal(size=len(X)) / 2


def multiplied(X, rng):
    mean = np.exp(0.5 * X[:, 0] + 0.4 * X[:, 1])
    return mean * (1 + 0.4 * rng.normal(size=len(X)))


def prices(X, rng):
    mean = X[:, :3] @ [0.6, 0.4, 0.3] + 0.3 * X[:, 0] * X[:, 1]
    return np.exp(mean + 0.4 * rng.normal(size=len(X)))


def delays(X, rng):
    return X[:, 0] + np.sin(2 * X[:, 1]) + rng.exponential(1, len(X))


def peaked(X, rng):
    return X[:, 0] + np.sin(2 * X[:, 1]) + rng.laplace(0, 0.8, len(X))


def counts(X, rng):
    return rng.poisson(np.exp(0.7 * X[:, 0] + 0.4 * X[:, 1] - 0.5)).astype(float)


def group(X, rng):
    """Return numbers of which a fortieth follows another law."""
    special = (X[:, 2] > 1.6) & (X[:, 3] > 0)
    return X[:, 0] + 0.5 * X[:, 1] + 6 * special + 0.3 * rng.normal(size=len(X))


def sensors(X, rng):
    """Return a wave whose noise grows from one end of the range to the other."""
    wave = 3 * np.sin(X[:, 0]) + X[:, 1]
    return wave + (0.2 + 0.3 * np.abs(X[:, 1])) * rng.normal(size=len(X))


def steps(X, rng):
    return np.floor(2 * X[:, 0]) + 2 * (X[:, 1] > 0) + 0.4 * rng.normal(size=len(X))


def weak(X, rng):
    """Return numbers of which hardly anything can be told."""
    return 0.3 * X[:, 0] + rng.normal(size=len(X))


def rents(X, rng):
    """Return sums with a floor, a few of which are large."""
    base = 500 + 150 * X[:, 0] + 80 * X[:, 1] * (X[:, 2] > 0)
    return np.maximum(base, 300) * (1 + 0.15 * rng.gamma(1.0, size=len(X)))


def hills(X, rng):
    """Return heights of a surface over a plane; the other features say nothing."""
    peaks = np.exp(-((X[:, :2] - 1) ** 2).sum(axis=1)) - np.exp(-((X[:, :2] + 1) ** 2).sum(axis=1))
    return 5 * peaks + 0.3 * rng.normal(size=len(X))


def fares(X, rng):
    """Return sums of a distance and a time, with tips."""
    distance, minutes = np.exp(0.6 * X[:, 0] + 1), np.exp(0.4 * X[:, 1] + 2)
    return (3 + 1.8 * distance + 0.4 * minutes) * (1 + 0.1 * rng.gamma(2.0, size=len(X)))


def shops(X, rng):
    """Return sales of eight shops, which a step in one feature tells apart."""
    shop = np.digitize(X[:, 0], np.linspace(-1.5, 1.5, 7))
    level = rng.normal(size=8)[shop] * 4
    return level + X[:, 1] + np.sqrt(1 + np.abs(level)) * 0.4 * rng.normal(size=len(X))


def doses(X, rng):
    """Return answers that saturate at both ends."""
    return 10 / (1 + np.exp(-2 * X[:, 0] - X[:, 1])) + 0.5 * rng.normal(size=len(X))


def reviews(seed):
    """Return texts, and the mean tone of their words."""
    rng = np.random.default_rng(seed)
    words = rng.zipf(1.4, (2600, 20)) % 1500
    tone = rng.normal(size=1500) * (np.arange(1500) > 5)
    y = tone[words].mean(axis=1) * 10 + rng.normal(size=2600)
    texts = [" ".join(f"w{word}" for word in text) for text in words]
    X = TfidfVectorizer(max_features=300).fit_transform(texts).toarray()
    return split(X, y, 600, rng)


def grades(name, n_train):
    def problem(seed, folder):
        X, y = _read(Path(folder) / "ordinal" / f"{name}.csv")
        return split(X, y, n_train, np.random.default_rng(seed))

    return problem


@lru_cache
def _read(path):
    table = pd.read_csv(path)
    X = pd.get_dummies(table.iloc[:, :-1]).astype(float)
    return StandardScaler().fit_transform(X), table.iloc[:, -1].to_numpy(float)


SETS = {
    "known": {
        "diabetes": real(load_diabetes, 300),
        "friedman1": made(make_friedman1, 500, noise=1.0),
        "friedman2": made(make_friedman2, 500, noise=50.0),
        "friedman3": made(make_friedman3, 500, noise=0.1),
        "linear": made(make_regression, 300, n_features=20, n_informative=8, noise=30.0),
        "noisier": drawn(5, 600, noisier),
        "multiplied": drawn(6, 600, multiplied),
        "prices": drawn(8, 600, prices),
        "delays": drawn(6, 600, delays),
        "peaked": drawn(6, 500, peaked),
        "counts": drawn(6, 600, counts),
        "group": drawn(6, 600, group),
    },
    "unseen": {
        "alcohol": real(load_wine, 110, target=0),
        "tumour": real(load_breast_cancer, 350, target=6),
        "ink": real(load_digits, 500),
        "sparse": made(make_sparse_uncorrelated, 400, n_features=12),
        "roll": made(make_swiss_roll, 500, noise=0.5),
        "sensors": drawn(5, 500, sensors),
        "steps": drawn(6, 500, steps),
        "weak": drawn(8, 500, weak),
        "rents": drawn(6, 500, rents),
        "reviews": reviews,
    },
    "later": {
        "petals": real(load_iris, 90, target=3),
        "areas": real(load_breast_cancer, 350, target=13),
        "proline": real(load_wine, 110, target=12),
        "wide": made(make_regression, 150, n_features=60, n_informative=20, noise=20.0),
        "hills": drawn(5, 500, hills),
        "fares": drawn(6, 500, fares),
        "shops": drawn(5, 500, shops),
        "doses": drawn(7, 500, doses),
    },
    "ordinal": {
        "wine_red": grades("wine_red", 600),
        "lev": grades("lev", 500),
        "swd": grades("swd", 500),
        "car": grades("car", 600),
        "era": grades("era", 500),
    },
}


def net():
    """Return a small net; without skorch and torch this raises an ImportError."""
    import skorch
    from torch import nn
    from torch.optim import AdamW

    layers = nn.Sequential(nn.LazyLinear(64), nn.ReLU(), nn.Linear(64, 1))
    model = skorch.NeuralNetRegressor(
        layers, max_epochs=60, lr=0.01, batch_size=64, optimizer=AdamW, train_split=None, verbose=0
    )
    return make_pipeline(StandardScaler(), model)


STUDENTS = {
    "ridge": lambda: make_pipeline(StandardScaler(), Ridge()),
    "neighbors": lambda: make_pipeline(StandardScaler(), KNeighborsRegressor(8)),
    "forest": lambda: RandomForestRegressor(30, random_state=0),
    "boosting": lambda: HistGradientBoostingRegressor(max_iter=40, random_state=0),
    "net": net,
}
ERRORS = ("clean", "p5", "p15", "p30", "s15", "t15", "x15", "o15")


def spoil(y, error, rng):
    """Return numbers of which some are wrong.

    `error` is a kind and per cent: "p15" permuted among themselves; "s15" shifted by one to three
    standard deviations up or down, "o15" up only; "x15" times ten, "t15" times ten or a tenth.
    """
    if error == "clean":
        return y.copy()
    kind, share = error[0], int(error[1:]) / 100
    rows = np.flatnonzero(rng.random(len(y)) < share)
    signs, given = rng.choice([-1, 1], len(rows)), y.copy()
    shift = rng.uniform(1, 3, len(rows)) * y.std()
    given[rows] = {
        "p": y[rng.permutation(rows)],
        "s": y[rows] + signs * shift,
        "o": y[rows] + shift,
        "x": y[rows] * 10,
        "t": y[rows] * 10.0**signs,
    }[kind]
    return given


def make_problem(kind, name, error, seed, folder=None):
    """Return a `Problem`; `folder` is asked for "ordinal" sets only."""
    make = SETS[kind][name]
    X, y, X_test, y_test = make(seed, folder) if kind == "ordinal" else make(seed)
    given = spoil(y, error, np.random.default_rng(seed + 77))
    return Problem(X.astype(np.float32), given, y, X_test.astype(np.float32), y_test)
