"""RetinaMNIST: a small CNN inside SLRRegressor, round after round, on the official test split.

The question
    Does Stochastic Label Refinery raise the quadratic weighted kappa (QWK) of five ordinal grades
    of diabetic retinopathy, and what do thresholds do by themselves? Training rows are
    RetinaMNIST's train and validation images (1200); its official test split (400) is DeepDRiD's
    validation set, on which the paper measured its Table III.

The student
    66,000 parameters: four 3x3 convolutions, two of them with stride 2, batch norm,
    generalized-mean pooling, on colours and on local contrast (each pixel standardised by its
    neighbourhood). Squared error, one-cycle AdamW; every training image is flipped and transposed
    at random. The net itself averages nothing when it predicts: were flips averaged inside it,
    flips as ``augmentations`` would change nothing.

The measurement
    A row of the table is a round t, a final model ("refit": one student on all rows; "folds": the
    mean of the fold students), and pseudo-labels with or without flips as ``augmentations``. All
    rows have the same three figures. "kappa": cuts with the best QWK on out-of-fold scores of
    students trained on that row's own labels L(x, t). "flipped": the same with every score, out
    of fold and in test, averaged over the image and its flips. "nearest": scores are rounded.
    Each seed has two parts:

    * Rounds: one chain of E and M steps, by `out_of_fold_predict` and `AverageRefinement.refine`.
      The fold students of the E step of round t + 1 are trained on L(x, t), and so *are* the fold
      mean of round t, and their scores fit its cuts: for that, the test images are held out of
      every fold, where out-of-fold predictions average them over the folds. One refit a round is
      added, from the same initial weights in every round, which pairs the rounds. Five E steps
      give all rounds 0..4, and the chains with and without flips share round 0: 54 fits.
    * `SLRRegressor` itself: ``fit(X, y)`` with ``thresholds="kappa"`` and ``final="refit"``, at 0
      and at 3 rounds, and at 3 rounds with flips: 48 fits. Its "flipped" figure has its own cuts,
      which are those of scores that were not averaged.

    Seeds change folds, initial weights and batches, not the 400 test images: paired differences
    say nothing about other images (the standard error of one QWK at n = 400 is about 0.03).

Run ``python retinamnist.py --data FOLDER --out results.jsonl``: about 9 minutes a seed on one core.
Each finished cell is a line of the file, and a second run goes on from there; ``--table`` prints
what the file has.
"""

import argparse
import json
import math
import time
from functools import partial
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


def load(folder):
    """Return X, y of train + val and X, y of the official test split."""
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


class RetinaNet(nn.Module):
    """A small CNN with one output, the grade as a number."""

    def __init__(self, width=32):
        super().__init__()
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
        """Return scores (n, 1); images are flipped and transposed at random in training only."""
        if self.training:
            coins = torch.rand(3, len(X), 1, 1, 1) < 0.5
            X = torch.where(coins[0], X.flip(-1), X)
            X = torch.where(coins[1], X.flip(-2), X)
            X = torch.where(coins[2], X.transpose(-1, -2), X)
        maps = self.body(X.contiguous(memory_format=torch.channels_last))
        pooled = maps.clamp(min=1e-4).pow(self.power).mean((-1, -2)).pow(1 / self.power)
        return self.head(pooled)


def _convolution(n_in, n_out, stride=1):
    convolution = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
    return convolution, nn.BatchNorm2d(n_out), nn.ReLU()


class Batches:
    """Batches of a dataset that is in memory, sliced as a whole: faster than row by row."""

    def __init__(self, dataset, batch_size, shuffle=False):
        self.X = torch.as_tensor(dataset.X)
        self.y = torch.zeros(len(self.X), 1) if dataset.y is None else torch.as_tensor(dataset.y)
        self.batch_size, self.shuffle = batch_size, shuffle

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
        optimizer__fused=True,
        max_epochs=epochs,
        batch_size=32,
        iterator_train=Batches,
        iterator_train__shuffle=True,
        iterator_valid=Batches,
        iterator_valid__batch_size=200,
        train_split=None,
        callbacks=[("one_cycle", OneCycle(max_lr=0.003))],
        verbose=0,
    )


class Cells:
    """Finished cells, one JSON line each; what was interrupted is simply not there."""

    def __init__(self, path):
        self.path, self.found = Path(path), {}
        text = self.path.read_text() if self.path.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        if whole != text:  # killed while writing a line
            self.path.write_text(whole)
        for line in whole.splitlines():
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


def measure(scores, cuts, flipped_cuts, y):
    """Return the figures of test scores (views, n), of which the first are not flipped."""
    grades, flipped_score = apply_thresholds(scores[0], cuts), scores.mean(axis=0)
    return {
        "kappa": quadratic_weighted_kappa(y, grades),
        "flipped": quadratic_weighted_kappa(y, apply_thresholds(flipped_score, flipped_cuts)),
        "nearest": quadratic_weighted_kappa(y, scores[0]),
        "accuracy": accuracy_score(y, grades),
    }


def run_round(student, data, labels, round, seed):
    """Measure the models of one round's labels; return their pseudo-labels too."""
    X, y, X_test, y_test = data
    n_views, n_rows = len(FLIPS) + 1, len(y)
    rows = np.concatenate([views_of(X), views_of(X_test)])
    # Only the first n_rows are ever trained on; all others are always held out.
    test_rows = np.arange(n_views * n_rows, len(rows))
    folds = StratifiedKFold(5, shuffle=True, random_state=10 * seed + round).split(X, y)
    splits = [
        (train, np.concatenate([held_out + view * n_rows for view in range(n_views)] + [test_rows]))
        for train, held_out in folds
    ]
    targets = np.zeros(len(rows))
    targets[:n_rows] = labels
    found = out_of_fold_predict(student, rows, targets, cv=splits, random_state=10 * seed + round)
    oof = found[: n_views * n_rows].reshape(n_views, n_rows)
    cuts, flipped_cuts = fit_thresholds(oof[0], y), fit_thresholds(oof.mean(axis=0), y)
    refit = SLRRegressor(student, n_rounds=0, random_state=seed).fit(X, labels)
    scores = {"refit": refit.predict(views_of(X_test)), "folds": found[test_rows]}
    cell = {
        final: measure(score.reshape(n_views, -1), cuts, flipped_cuts, y_test)
        for final, score in scores.items()
    }
    # As many digits as go on to the next round, so that a resumed run is the same run.
    pseudo = {"plain": oof[0].round(6), "flips": oof.mean(axis=0).round(6)}
    return {**cell, "pseudo": {name: values.tolist() for name, values in pseudo.items()}}


def run_rounds(cells, student, data, flips, seed, args):
    """Run the chain of rounds of one seed; round 0 is that of the chain without flips."""
    y = data[1]
    labels = y.astype(float)
    for round in range(args.rounds + 1):
        key = ("rounds", args.epochs, seed, "flips" if flips and round else "plain", round)
        cell = cells.get(key, partial(run_round, student, data, labels, round, seed))
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
    scores = model.decision_function(views_of(X_test)).reshape(-1, len(y_test))
    return {"refit": measure(scores, model.thresholds_, model.thresholds_, y_test)}


def run_all(cells, student, data, args):
    """Run every cell that is missing; those that matter less come last."""
    seeds, most = range(args.first_seed, args.first_seed + args.seeds), min(3, args.rounds)
    for seed in seeds:
        for flips in (False, True):
            run_rounds(cells, student, data, flips, seed, args)
    for n_rounds, flips in [(0, False), (most, False), (most, True)][: 3 if most else 1]:
        for seed in seeds:
            key = ("SLRRegressor", args.epochs, seed, "flips" if flips else "plain", n_rounds)
            cells.get(key, partial(run_product, student, data, n_rounds, flips, seed))


def print_table(cells, epochs):
    """Print means and standard deviations over seeds, and paired differences to round 0."""
    rows = {}
    for (kind, its_epochs, seed, flips, round), cell in cells.found.items():
        for final in ("refit", "folds"):
            if its_epochs == epochs and final in cell:
                rows.setdefault((kind, final, flips, round), {})[seed] = cell[final]
    print("QWK on the test split: mean and standard deviation over seeds; paired difference to")
    print("round 0, its standard error, and in how many seeds QWK rose. Accuracy: kappa cuts.\n")
    names = ("kappa", "flipped", "nearest")
    print(f"{'':<37}seeds  " + "".join(f"{name:<32}" for name in names) + "accuracy")
    for (kind, final, flips, round), here in sorted(rows.items(), key=lambda row: row[0]):
        start = rows.get((kind, final, "plain", 0), {})
        figures = "".join(f"{_figure(here, start, name):<32}" for name in names)
        accuracy = np.mean([cell["accuracy"] for cell in here.values()])
        name = f"{kind}, {final}, {flips}, round {round}"
        print(f"{name:<37}{len(here):>5}  {figures}{accuracy:.3f}")


def _figure(here, start, name):
    values = [cell[name] for cell in here.values()]
    text = f"{np.mean(values):.3f} {np.std(values, ddof=1) if len(values) > 1 else np.nan:.3f}"
    paired = np.array([here[seed][name] - start[seed][name] for seed in here if seed in start])
    if here is start or len(paired) < 2:
        return text
    error = paired.std(ddof=1) / len(paired) ** 0.5
    return f"{text} {paired.mean():+.4f} {error:.4f} {np.sum(paired > 0)}"


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
        run_all(cells, student, data, args)
    print_table(cells, args.epochs)


if __name__ == "__main__":
    main()
