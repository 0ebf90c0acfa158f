"""The workloads: nets of every kind, and the rows that they learn from."""

from dataclasses import dataclass

import numpy as np
import skorch
import torch
from sklearn.datasets import load_digits, make_classification
from torch import nn

from sklearn_slr.callbacks import MixedPrecision

from .nets import CNN, LSTM, MLP, Transformer


@dataclass(frozen=True)
class Workload:
    """A module, the rows it learns from, and how long.

    Parameters
    ----------
    module : callable
        ``module() -> nn.Module``.
    load : callable
        ``load(seed) -> X, y``, shuffled.
    batch_size, max_epochs : int
        Of the net.
    goals : tuple of float
        Speed over skorch's own loop that is aimed at, in one process and in two.
    on_request : callable, default=dict
        ``on_request() -> dict``, parameters that only our net gets.
    """

    module: object
    load: object
    batch_size: int
    max_epochs: int
    goals: tuple
    on_request: object = dict

    def net(self, **params):
        """Return a skorch net, as a user would write it."""
        defaults = {
            "criterion": nn.CrossEntropyLoss,
            "optimizer": torch.optim.Adam,
            "lr": 1e-3,
            "batch_size": self.batch_size,
            "max_epochs": self.max_epochs,
            "iterator_train__shuffle": True,
            "train_split": None,
            "verbose": 0,
        }
        return skorch.NeuralNetClassifier(self.module, **{**defaults, **params})


def _digits(seed, shape=(64,)):
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(y))
    return (X[order] / 16).astype(np.float32).reshape(-1, *shape), y[order]


def _tokens(seed):
    return _digits(seed, (8, 8))


def table(seed, n_samples=20_000, n_features=50):
    X, y = make_classification(
        n_samples, n_features, n_informative=15, n_classes=3, flip_y=0.1, random_state=seed
    )
    return X.astype(np.float32), y


def _images(seed, n_samples=2000):
    """Return digits at a random place of 28 x 28 pixels, with noise."""
    rng = np.random.default_rng(seed)
    small, y = _digits(seed, (8, 8))
    rows = rng.integers(len(y), size=n_samples)
    X = rng.normal(0, 0.2, size=(n_samples, 1, 28, 28)).astype(np.float32)
    places = rng.integers(0, 13, size=(n_samples, 2))
    large = small[rows].repeat(2, axis=1).repeat(2, axis=2)
    for image, digit, (top, left) in zip(X, large, places, strict=True):
        image[0, top : top + 16, left : left + 16] += digit
    return X, y[rows]


# Functions with names, for processes to import them.


def _digits_mlp():
    return MLP((64, 128, 128, 10))


def _table_mlp():
    return MLP((50, 128, 128, 3))


def _dropout_mlp():
    return MLP((64, 128, 128, 10), norm=True, dropout=0.2)


def _mixed_precision():
    return {"callbacks": [MixedPrecision()]}


WORKLOADS = {
    "digits MLP": Workload(_digits_mlp, _digits, 64, 30, (5, 8)),
    "20,000 x 50 MLP": Workload(_table_mlp, table, 128, 8, (4, 6)),
    "CNN, 28 x 28": Workload(CNN, _images, 64, 6, (1.7, 2.8)),
    "CNN, bfloat16 on request": Workload(CNN, _images, 64, 6, (2, 3.2), _mixed_precision),
    "MLP, dropout, batch norm": Workload(_dropout_mlp, _digits, 64, 30, (2.5, 4.5)),
    "transformer block": Workload(Transformer, _tokens, 64, 8, (1.3, 2)),
    "LSTM": Workload(LSTM, _tokens, 64, 8, (1.3, 1.5)),
}
