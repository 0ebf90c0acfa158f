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
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from _data import data_folder
from _retina import FLIPS, load, make_student, views_of
from sklearn.metrics import accuracy_score
from sklearn.model_selection import StratifiedKFold

from sklearn_slr import SLRRegressor, out_of_fold_predict
from sklearn_slr.metrics import quadratic_weighted_kappa
from sklearn_slr.ordinal import apply_thresholds, fit_thresholds
from sklearn_slr.refinement import AverageRefinement


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
        data, student = (
            load(data_folder(args.data, "retinamnist.npz", optional=True)),
            make_student(args.epochs),
        )
        run_all(cells, student, data, args)
    print_table(cells, args.epochs)


if __name__ == "__main__":
    main()
