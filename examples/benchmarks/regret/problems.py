"""Problems of the regret benchmark: data sets, label noise, students.

A problem is a function of a seed, which draws rows and wrong labels. `CASES` has five kinds:
"known" were looked at when `AutoRefinement` was made. "unseen", "later" and "last" were written
afterwards, each after a change that the one before had made necessary: models no better than
chance; the likelihood; given labels that are left alone are not smoothed. "newest" came last.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_blobs,
    make_circles,
    make_classification,
    make_gaussian_quantiles,
    make_hastie_10_2,
    make_moons,
)
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


@dataclass(frozen=True)
class Problem:
    """Rows and labels of one seed; `given` are the training labels, some of them wrong."""

    X: object
    given: np.ndarray
    truth: np.ndarray
    X_test: object
    y_test: np.ndarray
    n_classes: int


def split(X, y, n_train, seed):
    order = np.random.default_rng(seed).permutation(len(y))
    train, test = order[:n_train], order[n_train:]
    return X[train], y[train], X[test], y[test]


def table(load, n_train):
    X, y = load(return_X_y=True)
    return lambda seed: split(StandardScaler().fit_transform(X), y, n_train, seed)


def blobs(n_samples, n_train, n_classes, n_features, spread):
    def make(seed):
        X, y = make_blobs(
            n_samples,
            centers=n_classes,
            n_features=n_features,
            cluster_std=spread,
            center_box=(-6, 6),
            random_state=seed,
        )
        return split(X, y, n_train, seed)

    return make


def imbalanced(n_train, n_features, n_informative, shares, separation):
    def make(seed):
        X, y = make_classification(
            4000,
            n_features,
            n_informative=n_informative,
            n_classes=max(2, len(shares)),
            weights=shares,
            flip_y=0,
            class_sep=separation,
            random_state=seed,
        )
        return split(X, y, n_train, seed)

    return make


def made(make, n_train, n_samples=4000, **parameters):
    def problem(seed):
        X, y = make(n_samples=n_samples, random_state=seed, **parameters)
        return split(X, (y > 0).astype(int) if y.min() < 0 else y, n_train, seed)

    return problem


def counts(seed):
    """Return counts of thirty words in documents of three kinds."""
    rng = np.random.default_rng(seed)
    y, rate = rng.integers(3, size=3000), rng.gamma(1.0, size=(3, 30))
    return split(rng.poisson(0.4 * rate[y] + 0.3).astype(float), y, 500, seed)


def checkers(seed):
    """Return points of a checkerboard of two colours."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(0, 3, (3000, 2))
    return split(X, np.floor(X).sum(axis=1).astype(int) % 2, 600, seed)


def spirals(seed):
    rng = np.random.default_rng(seed)
    y, t = rng.integers(3, size=3000), 0.3 + 3 * rng.random(3000)
    angle = 1.6 * t + y * 2 * np.pi / 3
    X = np.column_stack([t * np.cos(angle), t * np.sin(angle)])
    return split(X + 0.12 * rng.normal(size=X.shape), y, 600, seed)


def weak(seed):
    """Return rows whose own labels are drawn from probabilities near one half."""
    rng = np.random.default_rng(seed)
    X, slope = rng.normal(size=(4000, 15)), rng.normal(size=15) / 3
    return split(X, (rng.random(4000) < 1 / (1 + np.exp(-X @ slope))).astype(int), 800, seed)


def nothing(seed):
    rng = np.random.default_rng(seed)
    return split(rng.normal(size=(3000, 20)), (rng.random(3000) < 0.4).astype(int), 600, seed)


def _vectorize(texts):
    return TfidfVectorizer().fit_transform(" ".join(f"w{i}" for i in text) for text in texts)


def tones(seed):
    """Return texts whose class a linear model hardly learns from so few."""
    rng = np.random.default_rng(seed)
    words = rng.zipf(1.3, (4000, 15)) % 5000
    tone = rng.normal(size=5000) * (np.arange(5000) > 50)
    score = tone[words].sum(axis=1) + 2 * rng.normal(size=4000)
    y, X = (score > np.quantile(score, 0.45)).astype(int), _vectorize(words)
    return X[:1500], y[:1500], X[1500:], y[1500:]


def topics(seed):
    rng = np.random.default_rng(seed)
    y, topic = rng.integers(5, size=3000), rng.dirichlet(np.full(800, 0.05), 5)
    background = rng.dirichlet(np.full(800, 0.5))
    X = _vectorize([rng.choice(800, 12, p=0.3 * topic[c] + 0.7 * background) for c in y])
    return X[:900], y[:900], X[900:], y[900:]


def headlines(seed):
    """Return short texts of four topics that share most of their words."""
    rng = np.random.default_rng(seed)
    y, topic = rng.integers(4, size=3000), rng.dirichlet(np.full(1500, 0.1), 4)
    background = rng.zipf(1.5, (3000, 8)) % 1500
    own = np.array([rng.choice(1500, 4, p=topic[c]) for c in y])
    X = _vectorize(np.hstack([background, own]))
    return X[:700], y[:700], X[700:], y[700:]


def parity(seed):
    """Return points whose class is the sign of a product: no feature tells on its own."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(3000, 4))
    return split(X, (X[:, 0] * X[:, 1] > 0).astype(int), 600, seed)


def mixtures(seed):
    """Return six overlapping classes of two Gaussians each, of unequal widths."""
    rng = np.random.default_rng(seed)
    centers, widths = rng.normal(size=(6, 2, 8)), rng.uniform(0.5, 1.5, (6, 2, 1))
    y, part = rng.integers(6, size=4000), rng.integers(2, size=4000)
    X = 1.6 * centers[y, part] + widths[y, part] * rng.normal(size=(4000, 8))
    return split(X, y, 700, seed)


def wide(seed):
    """Return more features than rows; a linear model learns something, not much."""
    rng = np.random.default_rng(seed)
    X, slopes = (
        rng.normal(size=(2500, 600)),
        rng.normal(size=(600, 3)) * (rng.random((600, 1)) < 0.1),
    )
    return split(X, (X @ slopes + 2 * rng.normal(size=(2500, 3))).argmax(axis=1), 400, seed)


def bills(seed):
    """Return skewed numbers, of which a sixth of the rows is of class 1."""
    rng = np.random.default_rng(seed)
    X = rng.lognormal(size=(4000, 6))
    score = np.log(X) @ rng.normal(size=6) + rng.normal(size=4000)
    return split(np.log1p(X), (score > np.quantile(score, 5 / 6)).astype(int), 800, seed)


def sevens(seed):
    """Return seven classes on rings of a plane, which lie close to each other."""
    rng = np.random.default_rng(seed)
    y, angle = rng.integers(7, size=4000), rng.uniform(0, 2 * np.pi, 4000)
    radius = 1 + 0.6 * y + 0.18 * rng.normal(size=4000)
    return split(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), y, 900, seed)


def orders(seed):
    """Return binary marks of twelve kinds of customers."""
    rng = np.random.default_rng(seed)
    y, rate = rng.integers(12, size=4000), rng.beta(0.6, 1.5, size=(12, 40))
    return split((rng.random((4000, 40)) < rate[y]).astype(float), y, 600, seed)


def ages(seed):
    """Return one feature that tells, and nine that do not, of three classes in order."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(4000, 10))
    return split(X, np.digitize(X[:, 0] + 0.5 * rng.normal(size=4000), [-0.6, 0.8]), 400, seed)


def reviews(seed):
    """Return long texts of two classes that differ in the rates of a few words."""
    rng = np.random.default_rng(seed)
    base = rng.dirichlet(np.full(2000, 0.2))
    tilt = base * np.exp(rng.normal(size=2000) * (rng.random(2000) < 0.1))
    y = rng.integers(2, size=2500)
    X = _vectorize([rng.choice(2000, 60, p=(base, tilt / tilt.sum())[c]) for c in y])
    return X[:600], y[:600], X[600:], y[600:]


DATA = {
    "tones": tones,
    "nothing": nothing,
    "weak": weak,
    "wine": table(load_wine, 110),
    "cancer": table(load_breast_cancer, 300),
    "digits": table(load_digits, 700),
    "rare": imbalanced(800, 12, 5, [0.9], 1.0),
    "blobs": blobs(4000, 600, 6, 5, 3.0),
    "twenty": blobs(4000, 800, 20, 12, 4.0),
    "hundred": blobs(6000, 1000, 100, 30, 5.0),
    "spirals": spirals,
    "moons": made(make_moons, 500, noise=0.3),
    "quantiles": made(make_gaussian_quantiles, 800, n_features=6, n_classes=4),
    "hastie": made(make_hastie_10_2, 700),
    "three": imbalanced(900, 15, 6, [0.8, 0.15, 0.05], 1.2),
    "topics": topics,
    "circles": made(make_circles, 500, 3000, noise=0.15, factor=0.6),
    "eight": imbalanced(900, 20, 8, [1 / 8] * 8, 1.5),
    "counts": counts,
    "checkers": checkers,
    "headlines": headlines,
    "parity": parity,
    "mixtures": mixtures,
    "wide": wide,
    "bills": bills,
    "iris": table(load_iris, 90),
    "fifty": blobs(5000, 1200, 50, 15, 4.0),
    "sevens": sevens,
    "orders": orders,
    "ages": ages,
    "reviews": reviews,
    "few": imbalanced(120, 8, 4, [0.5], 1.0),
}
STUDENTS = {
    "logistic": lambda: make_pipeline(
        StandardScaler(with_mean=False), LogisticRegression(max_iter=300)
    ),
    "unscaled": lambda: LogisticRegression(max_iter=1000),
    "neighbors": lambda: KNeighborsClassifier(10),
    "bayes": lambda: GaussianNB(),
    "forest": lambda: RandomForestClassifier(40),
}


def uniform(labels, share, n_classes, rng):
    wrong = rng.random(len(labels)) < share
    return np.where(wrong, (labels + rng.integers(1, n_classes, len(labels))) % n_classes, labels)


def to_next(labels, share, n_classes, rng):
    return np.where(rng.random(len(labels)) < share, (labels + 1) % n_classes, labels)


def on_hardest(X, labels, share):
    """Give the rows that a linear model doubts most the class that it prefers to the true one."""
    model = STUDENTS["logistic"]()
    proba = cross_val_predict(model, X, labels, cv=5, method="predict_proba")
    rows = np.arange(len(labels))
    own = proba[rows, labels]
    proba[rows, labels] = -1
    hardest = np.argsort(own - proba.max(axis=1))[: int(share * len(labels))]
    given = labels.copy()
    given[hardest] = proba[hardest].argmax(axis=1)
    return given


def make_problem(data, noise, seed):
    """Return a `Problem`, or None where a class lost all its labels.

    `noise` is a kind and per cent: "u20" uniform, "a30" always to the next class, "h20" on the
    hardest rows; "u0" is none.
    """
    X, y, X_test, y_test = DATA[data](seed)
    n_classes, share = 1 + int(max(y.max(), y_test.max())), int(noise[1:]) / 100
    rng = np.random.default_rng(seed + 7)
    if noise[0] == "h":
        given = on_hardest(X, y, share)
    else:
        given = {"u": uniform, "a": to_next}[noise[0]](y, share, n_classes, rng)
    if len(np.unique(given)) < n_classes:
        return None
    return Problem(X, given, y, X_test, y_test, n_classes)


def _cases(*rows):
    return tuple(
        (data, noise, student)
        for data, noises, students in rows
        for noise in noises.split()
        for student in students.split()
    )


CASES = {
    "known": _cases(
        ("tones", "u0 u20", "unscaled"),
        ("nothing", "u0", "logistic"),
        ("weak", "u0 u20", "logistic neighbors"),
        ("wine", "u0 u40 a30", "logistic"),
        ("cancer", "u0 u20 u40 a30", "logistic neighbors"),
        ("digits", "u0 u20 u40 a30 h20", "logistic"),
        ("rare", "u0 u20 a30", "logistic"),
        ("blobs", "u0 u40 a30 h20", "logistic bayes"),
        ("spirals", "u40", "neighbors"),
        ("twenty", "u0 u20", "logistic neighbors"),
        ("hundred", "u0 u20", "bayes neighbors"),
    ),
    "unseen": _cases(
        ("moons", "u0 u20 u40 a30 h20", "neighbors bayes"),
        ("quantiles", "u0 u20 a30", "bayes neighbors"),
        ("hastie", "u0 u20 a30", "logistic bayes"),
        ("three", "u0 u20 a30 h20", "logistic bayes"),
        ("topics", "u0 u20 u40 a30", "unscaled"),
    ),
    "later": _cases(
        ("circles", "u0 u20 a30", "neighbors bayes logistic"),
        ("eight", "u0 u20 u40 h20", "logistic bayes"),
        ("counts", "u0 u20 a30 h20", "logistic bayes"),
        ("checkers", "u0 u20", "neighbors logistic"),
    ),
    "last": _cases(
        ("headlines", "u0 u20 a30 h20", "unscaled"),
        ("parity", "u0 u20 u40", "forest neighbors"),
        ("mixtures", "u0 u20 a30 h20", "logistic bayes neighbors"),
        ("wide", "u0 u20 a30", "logistic"),
        ("bills", "u0 u20 a30 h20", "logistic bayes"),
        ("iris", "u0 u20 u40 a30", "logistic neighbors"),
        ("fifty", "u0 u20", "logistic neighbors"),
    ),
    "newest": _cases(
        ("sevens", "u0 u20 a30", "neighbors logistic"),
        ("orders", "u0 u20 a30 h20", "logistic bayes neighbors"),
        ("ages", "u0 u20 u40 a30 h20", "logistic bayes forest"),
        ("reviews", "u0 u20 a30 h20", "unscaled"),
        ("few", "u0 u20 a30", "logistic neighbors"),
    ),
}
