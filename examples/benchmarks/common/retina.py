"""RetinaMNIST for small nets: the images, their views, and the net that all examples train."""

from pathlib import Path

import numpy as np
import torch
from skorch import NeuralNetRegressor
from torch import nn
from torch.nn import functional

from sklearn_slr.callbacks import one_cycle
from sklearn_slr.datasets import fetch_retinamnist


def load(folder=None):
    """Return X, y of train + val and X, y of the official test split; None downloads them."""
    if folder is None:
        data = fetch_retinamnist(subset="all")
        images, labels, n_test = data.images, data.target, np.sum(data.part == "test")
    else:
        with np.load(Path(folder) / "retinamnist.npz") as data:
            images = np.concatenate([data[f"{part}_images"] for part in ("train", "val", "test")])
            labels = np.concatenate([data[f"{part}_labels"] for part in ("train", "val", "test")])
            n_test = len(data["test_labels"])
    X, y = to_channels(images), labels.ravel().astype(int)
    return X[:-n_test], y[:-n_test], X[-n_test:], y[-n_test:]


def to_channels(images, width=5):
    """Turn (n, 28, 28, 3) bytes into (n, 6, 28, 28): colours, and their local contrast."""
    colour = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    detail = colour - _blur(colour, width)
    contrast = detail / (_blur(detail**2, width) + 1e-3).sqrt()
    return torch.cat([(colour - 0.3) / 0.25, contrast], dim=1).numpy()


def _blur(images, width):
    padded = functional.pad(images, (width // 2,) * 4, mode="replicate")
    return functional.avg_pool2d(padded, width, stride=1)


def flip_across(X):
    """Mirror images (n, channels, height, width) left to right."""
    return np.ascontiguousarray(X[..., ::-1])


def flip_down(X):
    """Mirror images top to bottom."""
    return np.ascontiguousarray(X[..., ::-1, :])


def flip_both(X):
    """Mirror images both ways."""
    return flip_across(flip_down(X))


FLIPS = [flip_across, flip_down, flip_both]


def views_of(X):
    """Return the images and their flips, one below the other."""
    return np.concatenate([X, *(flip(X) for flip in FLIPS)])


class GeM(nn.Module):
    """Generalized-mean pooling of maps (n, channels, height, width) with a learned power.

    ``(mean x ** p) ** (1 / p)``: p = 1 is the mean, a large p approaches the maximum (Radenovic,
    Tolias, Chum: Fine-tuning CNN Image Retrieval with No Human Annotation, 2018).
    """

    def __init__(self, power=3.0, eps=1e-4):
        super().__init__()
        self.power, self.eps = nn.Parameter(torch.tensor(float(power))), eps

    def forward(self, maps):
        """Return (n, channels)."""
        return maps.clamp(min=self.eps).pow(self.power).mean((-1, -2)).pow(1 / self.power)


class RetinaNet(nn.Module):
    """A small CNN; its one output is the grade as a number.

    Parameters
    ----------
    width : int
        Channels of the first half; the second has twice as many.
    n_outputs : int
        More than one for a softmax over the grades.
    tricks : bool
        Without them images are not augmented and maps are pooled by their mean.
    views : bool
        Whether predictions are averaged over the image and its flips.
    """

    def __init__(self, width=32, n_outputs=1, tricks=True, views=False):
        super().__init__()
        self.tricks, self.views = tricks, views
        self.body = nn.Sequential(
            *_convolution(6, width, stride=2),
            *_convolution(width, width),
            *_convolution(width, 2 * width, stride=2),
            *_convolution(2 * width, 2 * width),
        )
        self.pool = GeM() if tricks else GeM(1.0).requires_grad_(False)
        self.head = nn.Linear(2 * width, n_outputs)
        nn.init.ones_(self.head.bias)  # a typical grade

    def forward(self, X):
        """Return scores (n, outputs); images are flipped and transposed in training only."""
        if self.training and self.tricks:
            coins = torch.rand(3, len(X), 1, 1, 1, device=X.device) < 0.5
            X = torch.where(coins[0], X.flip(-1), X)
            X = torch.where(coins[1], X.flip(-2), X)
            X = torch.where(coins[2], X.transpose(-1, -2), X)
        return mean_of_flips(self._score, X) if self.views and not self.training else self._score(X)

    def _score(self, X):
        return self.head(self.pool(self.body(X.contiguous(memory_format=torch.channels_last))))


def mean_of_flips(score, X):
    """Return the mean score of images (n, channels, height, width), of their flips, and of both."""
    return sum(score(X.flip(axes)) for axes in ([], [-1], [-2], [-1, -2])) / 4


def _convolution(n_in, n_out, stride=1):
    convolution = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
    return convolution, nn.BatchNorm2d(n_out), nn.ReLU()


class Batches:
    """Batches of a dataset that is in memory, sliced as a whole: faster than row by row."""

    def __init__(self, dataset, batch_size, shuffle=False):
        self.X = torch.as_tensor(dataset.X)
        self.y = torch.zeros(len(self.X), 1) if dataset.y is None else torch.as_tensor(dataset.y)
        self.batch_size, self.shuffle = batch_size, shuffle

    def __len__(self):
        return -(-len(self.X) // self.batch_size)

    def __iter__(self):
        n_rows = len(self.X)
        order = torch.randperm(n_rows) if self.shuffle else torch.arange(n_rows)
        for rows in order.split(self.batch_size):
            yield self.X[rows], self.y[rows]


def make_student(epochs, kind=NeuralNetRegressor, **changes):
    """Return the unfitted student; ``changes`` are parameters of the net."""
    recipe = {
        "criterion": nn.MSELoss,
        "optimizer": torch.optim.AdamW,
        "optimizer__weight_decay": 0.05,
        "optimizer__fused": True,
        "lr": 0.003,
        "max_epochs": epochs,
        "batch_size": 32,
        "iterator_train": Batches,
        "iterator_train__shuffle": True,
        "iterator_valid": Batches,
        "iterator_valid__batch_size": 200,
        "train_split": None,
        "callbacks": [("one_cycle", one_cycle())],
        "verbose": 0,
    }
    return kind(RetinaNet, **{**recipe, **changes})
