"""RetinaMNIST: a small CNN inside SLRRegressor, round after round, on the official test split.

The question
    Does Stochastic Label Refinery raise the quadratic weighted kappa (QWK) of five ordinal grades
    of diabetic retinopathy, and what do the thresholds do by themselves? RetinaMNIST's train and
    validation images (1200) are trained on; its official test split (400) is DeepDRiD's
    validation set, on which the paper measured its Table III.

The student
    66,000 parameters, four 3x3 convolutions of which two have stride 2, batch norm and
    generalized-mean pooling, on colours and on local contrast (each pixel standardised by its
    neighbourhood). It trains on the squared error with one-cycle AdamW; every training image is
    flipped and transposed at random, its brightness shaken weakly. Nothing is averaged at test
    time, for any row of the table: with flips inside the net, flips as ``augmentations`` would
    change nothing.

The measurement
    Every row of the table has the same thresholds: "kappa", the cuts with the best QWK on
    out-of-fold scores (never flipped) of students trained on that row's own labels L(x, t), and
    "nearest", scores rounded to the nearest grade. A row is one round, one kind of final model
    ("refit": one student on all rows; "folds": the mean of the fold students) and pseudo-labels
    with or without flips. Two parts share each seed:

    * Rounds: one chain of E and M steps, `out_of_fold_predict` and `AverageRefinement.refine`.
      The fold students of the E step of round t + 1 are trained on L(x, t) and so *are* the fold
      mean of round t, and their out-of-fold scores fit its cuts: for that, test images are held
      out of every fold, where out-of-fold predictions average them over the folds. One refit a
      round is added, from the same initial weights in every round, which pairs the rounds. Five
      E steps give all rounds 0..4, and the chains with and without flips share round 0: 54 fits.
    * `SLRRegressor` itself: ``fit(X, y)`` and ``predict`` with ``thresholds="kappa"`` and
      ``final="refit"``, at 0 and at 3 rounds, and at 3 rounds with flips: 48 fits.

    Seeds change folds, initial weights and batches, not the 400 test images: differences are
    paired by seed, and say nothing about other images (the standard error of one QWK at 400
    images is about 0.03). Patients have about four images each and no identity in the data, so
    out-of-fold scores are optimistic; the test split is not.

Run ``python retinamnist.py --data FOLDER --out results.jsonl``: about 8 minutes a seed on one core.
Each finished cell is a line of the file, and a second run goes on from there; ``--table`` prints
what the file has.
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from _data import data_folder
from sklearn.metrics import accuracy_score
from sklearn.model_selection import StratifiedKFold
from skorch import NeuralNetRegressor
from skorch.callbacks import Callback
from torch import nn
from torch.nn import functional

from sklearn_slr import SLRRegressor, out_of_fold_predict
from sklearn_slr.metrics import quadratic_weighted_kappa
from sklearn_slr.ordinal import apply_thresholds, fit_thresholds
from sklearn_slr.refinement import AverageRefinement

PRODUCT_ROUNDS = 3  # of the rows that SLRRegressor itself makes; its default


# Images


def load(folder):
    """Return X, y of train + val and X, y of the official test split."""
    with np.load(Path(folder) / "retinamnist.npz") as data:
        parts = {name: data[name] for name in data.files}
    images = np.concatenate([parts["train_images"], parts["val_images"]])
    grades = np.concatenate([parts["train_labels"], parts["val_labels"]])
    return (
        to_channels(images),
        grades.ravel().astype(int),
        to_channels(parts["test_images"]),
        parts["test_labels"].ravel().astype(int),
    )


def to_channels(images, width=7):
    """Turn (n, 28, 28, 3) bytes into (n, 6, 28, 28): colours, and their local contrast."""
    colour = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    detail = colour - _blur(colour, width)
    contrast = detail / (_blur(detail**2, width) + 1e-3).sqrt()
    return torch.cat([(colour - 0.3) / 0.25, contrast], dim=1).numpy()


def _blur(images, width):
    padded = functional.pad(images, (width // 2,) * 4, mode="replicate")
    return functional.avg_pool2d(padded, width, stride=1)


def flip_horizontally(X):
    """Mirror images (n, channels, height, width) left to right."""
    return np.ascontiguousarray(X[..., ::-1])


def flip_vertically(X):
    """Mirror images upside down."""
    return np.ascontiguousarray(X[..., ::-1, :])


def turn_around(X):
    """Turn images by 180 degrees: both flips."""
    return np.ascontiguousarray(X[..., ::-1, ::-1])


FLIPS = [flip_horizontally, flip_vertically, turn_around]


# The student


class RetinaNet(nn.Module):
    """A small CNN with one output, the grade as a number.

    Parameters
    ----------
    width : int
        Channels of the first two convolutions; the other two have twice as many.
    jitter : float
        Standard deviation of the brightness and contrast noise of a training image's channels.
    """

    def __init__(self, width=32, jitter=0.05):
        super().__init__()
        self.jitter = jitter
        self.body = nn.Sequential(
            *_convolution(6, width, stride=2),
            *_convolution(width, width),
            *_convolution(width, 2 * width, stride=2),
            *_convolution(2 * width, 2 * width),
        )
        self.power = nn.Parameter(torch.tensor(3.0))
        self.head = nn.Linear(2 * width, 1)
        nn.init.ones_(self.head.bias)  # a typical grade

    def forward(self, X):
        """Return scores (n, 1); images are augmented at random in training only."""
        if self.training:
            X = self._augment(X)
        maps = self.body(X.contiguous(memory_format=torch.channels_last))
        pooled = maps.clamp(min=1e-4).pow(self.power).mean((-1, -2)).pow(1 / self.power)
        return self.head(pooled)

    def _augment(self, X):
        def coin():
            return torch.rand(len(X), 1, 1, 1) < 0.5

        X = torch.where(coin(), X.flip(-1), X)
        X = torch.where(coin(), X.flip(-2), X)
        X = torch.where(coin(), X.transpose(-1, -2), X)
        contrast, brightness = self.jitter * torch.randn(2, len(X), X.shape[1], 1, 1)
        return X * (1 + contrast) + brightness


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
        return math.ceil(len(self.X) / self.batch_size)

    def __iter__(self):
        n_rows = len(self.X)
        order = torch.randperm(n_rows) if self.shuffle else torch.arange(n_rows)
        for rows in order.split(self.batch_size):
            yield self.X[rows], self.y[rows]


class OneCycle(Callback):
    """The one-cycle learning rate, over as many batches as the fold at hand has."""

    def __init__(self, max_lr):
        self.max_lr = max_lr

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """Plan the cycle."""
        n_steps = net.max_epochs * math.ceil(len(X) / net.batch_size)
        self.schedule_ = torch.optim.lr_scheduler.OneCycleLR(
            net.optimizer_, self.max_lr, total_steps=n_steps
        )

    def on_batch_end(self, net, training=False, **kwargs):
        """Take a step."""
        if training:
            self.schedule_.step()


def make_student(epochs):
    """Return the unfitted student."""
    return NeuralNetRegressor(
        RetinaNet,
        criterion=nn.MSELoss,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=0.05,
        max_epochs=epochs,
        batch_size=32,
        iterator_train=Batches,
        iterator_train__shuffle=True,
        iterator_valid=Batches,
        iterator_valid__batch_size=200,
        train_split=None,
        callbacks=[("one_cycle", OneCycle(max_lr=0.005))],
        verbose=0,
    )


# What is measured


class Cells:
    """Finished cells, one JSON line each; what was interrupted is simply not there."""

    def __init__(self, path):
        self.path, self.found = Path(path), {}
        if self.path.exists():
            for line in self.path.read_text().splitlines():
                cell = json.loads(line)
                self.found[tuple(cell["key"])] = cell

    def get(self, key, make):
        """Return the cell of a key, made now unless the file has it."""
        if key not in self.found:
            start = time.perf_counter()
            cell = {"key": key, **make()}
            cell["seconds"] = round(time.perf_counter() - start, 1)
            with self.path.open("a") as file:
                file.write(json.dumps(cell) + "\n")
            self.found[key] = cell
            print(f"{key}: {cell['refit']}, {cell['seconds']} s", flush=True)
        return self.found[key]


def measure(scores, cuts, y):
    """Return the figures of test scores."""
    grades = apply_thresholds(scores, cuts)
    return {
        "kappa": quadratic_weighted_kappa(y, grades),
        "nearest": quadratic_weighted_kappa(y, np.asarray(scores)),
        "accuracy": accuracy_score(y, grades),
    }


def run_round(student, data, labels, round, seed):
    """Measure the models of one round's labels; return their pseudo-labels too."""
    X, y, X_test, y_test = data
    views = [X] + [flip(X) for flip in FLIPS]
    n_rows, n_views = len(y), len(views)
    rows = np.concatenate([*views, X_test])
    # Only the first n_rows are ever trained on; all others are always held out.
    beyond = np.arange(n_views * n_rows, len(rows))
    seed_of_round = 10 * seed + round
    folds = StratifiedKFold(5, shuffle=True, random_state=seed_of_round).split(X, y)
    splits = [
        (train, np.concatenate([test + view * n_rows for view in range(n_views)] + [beyond]))
        for train, test in folds
    ]
    targets = np.zeros(len(rows))
    targets[:n_rows] = labels
    found = out_of_fold_predict(student, rows, targets, cv=splits, random_state=seed_of_round)
    by_view, fold_mean = found[: n_views * n_rows].reshape(n_views, n_rows), found[beyond]
    cuts = fit_thresholds(by_view[0], y)
    refit = SLRRegressor(student, n_rounds=0, random_state=seed).fit(X, labels)
    return {
        "refit": measure(refit.predict(X_test), cuts, y_test),
        "folds": measure(fold_mean, cuts, y_test),
        # As many digits as go on to the next round, so that a resumed run is the same run.
        "pseudo": {
            "plain": by_view[0].round(6).tolist(),
            "flips": by_view.mean(axis=0).round(6).tolist(),
        },
    }


def run_rounds(cells, student, data, flips, seed, args):
    """Run the chain of rounds of one seed; round 0 is that of the chain without flips."""
    y = data[1]
    labels = y.astype(float)
    for round in range(args.rounds + 1):
        key = ("round", args.epochs, seed, "flips" if flips and round else "plain", round)
        cell = cells.get(
            key, lambda labels=labels, round=round: run_round(student, data, labels, round, seed)
        )
        pseudo = np.array(cell["pseudo"]["flips" if flips else "plain"])
        labels = AverageRefinement().refine(y, labels, pseudo, round=round + 1)


def run_product(student, data, n_rounds, flips, seed):
    """Measure SLRRegressor as a user would call it."""
    X, y, X_test, y_test = data
    model = SLRRegressor(
        student,
        n_rounds=n_rounds,
        thresholds="kappa",
        augmentations=FLIPS if flips else None,
        random_state=seed,
    ).fit(X, y)
    return {"refit": measure(model.decision_function(X_test), model.thresholds_, y_test)}


# The table


def print_table(cells, epochs):
    """Print means and standard deviations over seeds, and paired differences to round 0."""
    rows = {}
    for kind, its_epochs, seed, flips, round in cells.found:
        if its_epochs == epochs:
            cell = cells.found[kind, its_epochs, seed, flips, round]
            for final in ("refit", "folds"):
                if final in cell:
                    rows.setdefault((kind, flips, final, round), {})[seed] = cell[final]
    print("QWK on 400 test images; mean +- standard deviation over seeds; in brackets the mean")
    print("paired difference to round 0, its standard error, and how many seeds rose\n")
    print(f"{'':<32}seeds  {'kappa cuts':<39}{'nearest grade':<39}accuracy")
    for kind, flips, final, round in sorted(rows, key=lambda row: (row[0], row[2], row[1], row[3])):
        name = "SLRRegressor" if kind == "slr" else "rounds"
        here, start = rows[kind, flips, final, round], rows.get((kind, "plain", final, 0), {})
        figures = [_figure(here, start, metric) for metric in ("kappa", "nearest")]
        accuracy = np.mean([cell["accuracy"] for cell in here.values()])
        label = f"{name}, {final}{', flips' * (flips == 'flips')}, round {round}"
        print(f"{label:<34}{len(here):>3}  {figures[0]:<39}{figures[1]:<39}{accuracy:.3f}")


def _figure(here, start, metric):
    values = np.array([cell[metric] for cell in here.values()])
    spread = values.std(ddof=1) if len(values) > 1 else np.nan
    text = f"{values.mean():.4f} +- {spread:.4f}"
    paired = [here[seed][metric] - start[seed][metric] for seed in here if seed in start]
    if here is start or len(paired) < 2:
        return text
    error = np.std(paired, ddof=1) / len(paired) ** 0.5
    return f"{text} ({np.mean(paired):+.4f} +- {error:.4f}, {sum(np.array(paired) > 0)})"


def main():
    """Run what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with retinamnist.npz; else SLR_DATA")
    parser.add_argument("--out", default="retinamnist_results.jsonl", help="finished cells")
    parser.add_argument("--seeds", type=int, default=10, help="number of seeds")
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--threads", type=int, default=1, help="of torch, in prediction")
    parser.add_argument("--table", action="store_true", help="only print what --out has")
    args = parser.parse_args()
    cells = Cells(args.out)
    if not args.table:
        torch.set_num_threads(args.threads)
        data, student = load(data_folder(args.data, "retinamnist.npz")), make_student(args.epochs)
        headline = min(PRODUCT_ROUNDS, args.rounds)
        for seed in range(args.first_seed, args.first_seed + args.seeds):
            for flips in (False, True):
                run_rounds(cells, student, data, flips, seed, args)
            for n_rounds, flips in dict.fromkeys([(0, False), (headline, False), (headline, True)]):
                key = ("slr", args.epochs, seed, "flips" if flips else "plain", n_rounds)
                cells.get(
                    key,
                    lambda n=n_rounds, f=flips, s=seed: run_product(student, data, n, f, s),
                )
    print_table(cells, args.epochs)


if __name__ == "__main__":
    main()
