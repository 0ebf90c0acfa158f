"""Ordinal problems: six tables and RetinaMNIST, as training and test rows of a seed."""

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sklearn_slr.datasets import make_noisy_labels

TABLES = ("wine_red", "wine_white", "swd", "lev", "era", "car")
DATA = (*TABLES, "retinamnist")


def load(folder, name):
    """Return X, grades, and the official test part (X, grades) or None."""
    if name != "retinamnist":
        table = np.genfromtxt(folder / "ordinal" / f"{name}.csv", delimiter=",", skip_header=1)
        return table[:, :-1], table[:, -1].astype(int), None
    with np.load(folder / "retinamnist.npz") as file:
        parts = {key: file[key] for key in file.files}
    X = {part: _cells(parts[f"{part}_images"]) for part in ("train", "val", "test")}
    y = {part: parts[f"{part}_labels"].ravel().astype(int) for part in X}
    train = np.vstack([X["train"], X["val"]]), np.concatenate([y["train"], y["val"]])
    return *train, (X["test"], y["test"])


def _cells(images):
    """Return the mean colours of 7 x 7 cells of 4 x 4 pixels."""
    return images.reshape(-1, 7, 4, 7, 4, 3).mean(axis=(2, 4)).reshape(len(images), -1) / 255


def split(X, y, official, seed, noisy):
    """Return standardised training and test rows of one seed; noise is in training grades only."""
    if official is None:
        size = min(800, int(0.6 * len(y)))
        # Grades that occur once cannot be stratified; grades unseen in training stay in the test.
        X_train, X_test, y_train, y_test = train_test_split(
            X, y, train_size=size, random_state=seed
        )
    else:
        rows = np.random.default_rng(seed).choice(len(y), 1000, replace=False)
        X_train, y_train, (X_test, y_test) = X[rows], y[rows], official
    if noisy:
        y_train = make_noisy_labels(y_train, noise=0.3, kind="adjacent", random_state=seed)
    scaler = StandardScaler().fit(X_train)
    as_floats = [scaler.transform(part).astype(np.float32) for part in (X_train, X_test)]
    return as_floats[0], y_train, as_floats[1], y_test
