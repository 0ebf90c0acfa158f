"""The cells of the table: rounds one by one, and the regressor as a user would call it."""

import json
import time
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.model_selection import StratifiedKFold

from sklearn_slr import SLRRegressor, out_of_fold_predict
from sklearn_slr.metrics import quadratic_weighted_kappa
from sklearn_slr.ordinal import apply_thresholds, fit_thresholds
from sklearn_slr.refinement import AverageRefinement

from ..common.retina import FLIPS, views_of


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
        refinement="average",
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
