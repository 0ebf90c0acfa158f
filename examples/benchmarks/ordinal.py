"""Ordinal regression: what do cuts, refinement rounds and other packages do for kappa?

The question
    Scores of one regressor can be rounded to grades, or cut where a search (Nelder-Mead, the usual
    "optimized rounder") or the exact optimum says. How much is that worth on new rows, what do
    rounds of Stochastic Label Refinery add, and where do ordinal models of other packages stand?

The measurement
    Six tables and RetinaMNIST (mean colours of 7 x 7 cells), with the training grades as they are
    ("clean") and with 30 % of them moved to a neighbouring grade ("noisy"); test grades are
    always as they are. A seed draws the training rows: of a table 60 %, at most 800, the rest is
    the test set; of RetinaMNIST 1000 of the 1200 training images, the test set is the official
    one (its patients are in no training row). All methods of a cell have the same rows, the same
    regressor and settings; all cuts of a cell are fitted to the same out-of-fold scores. Three
    families: ridge regression with the linear models of mord and statsmodels; gradient boosting;
    a net of one hidden layer with the losses of spacecutter, coral and dlordinal on the same
    body, optimizer and epochs.

    Settings were chosen on seeds below 100. The default seeds, 1000 and up, are for figures.
    Differences are paired by data set and seed, against the exact cuts.

Run ``python ordinal.py --data FOLDER --out results.json``. Each finished method is kept in it,
and a second run goes on from there; ``--table`` prints what the file has. Peers that are not
installed are left out with a note: ``pip install mord statsmodels spacecutter coral-pytorch
dlordinal``.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from _data import data_folder
from _ordinal_peers import (
    LINEAR_PEERS,
    NET_PEERS,
    ExpectedGrade,
    nelder_mead_cuts,
    regression_net,
)
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.datasets import make_noisy_labels
from sklearn_slr.metrics import quadratic_weighted_kappa
from sklearn_slr.ordinal import ThresholdedRegressor, apply_thresholds, fit_thresholds

TABLES = ("wine_red", "wine_white", "swd", "lev", "era", "car")
DATA = (*TABLES, "retinamnist")
FAMILIES = ("ridge", "net", "boosting")
REFERENCE = "exact cuts"


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


def make_regressor(family, X, y):
    """Return the regressor of a family."""
    if family == "ridge":
        return Ridge()
    if family == "boosting":
        return HistGradientBoostingRegressor(max_iter=50, max_leaf_nodes=8)
    return regression_net(X.shape[1], float(np.mean(y)))


def compare_cuts(regressor, X, y, X_test, seed):
    """Yield (method, predicted grades, seconds to fit, seconds for the cuts alone)."""
    begin = time.perf_counter()
    model = ThresholdedRegressor(regressor, random_state=seed).fit(X, y)
    fit_time = time.perf_counter() - begin
    oof, grades = model.oof_predictions_, model.grades_
    scores = model.decision_function(X_test)
    begin = time.perf_counter()
    clone(model.estimator_).fit(X, y.astype(np.float32)[:, None] if _is_net(regressor) else y)
    alone = time.perf_counter() - begin
    nearest = fit_thresholds(oof, y, method="nearest")
    yield "rounding", apply_thresholds(scores, nearest, grades), alone, 0.0
    values = grades.astype(float)
    ways = {
        REFERENCE: lambda: fit_thresholds(oof, y),
        "Nelder-Mead cuts": lambda: nelder_mead_cuts(oof, y, values),
        "bagged cuts": lambda: _bagged(oof, y, grades, seed),
        "quantile cuts": lambda: fit_thresholds(oof, y, method="quantile"),
        "moments cuts": lambda: fit_thresholds(oof, y, method="moments"),
        "exact cuts for MAE": lambda: fit_thresholds(oof, y, metric="mae"),
        "exact cuts for accuracy": lambda: fit_thresholds(oof, y, metric="accuracy"),
    }
    for name, fit in ways.items():
        # The best of three: the first call pays for cold caches, whichever method it is.
        cut_times = []
        for _ in range(3):
            begin = time.perf_counter()
            cuts = fit()
            cut_times.append(time.perf_counter() - begin)
        cut_time = min(cut_times)
        yield name, apply_thresholds(scores, cuts, grades), fit_time + cut_time, cut_time


def _bagged(oof, y, grades, seed):
    """Return cuts as `ThresholdedRegressor(n_bags=8)` fits them, on scores that are there."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(len(y), np.full(len(y), 1 / len(y)), size=8)
    return np.mean([fit_thresholds(oof, y, grades=grades, sample_weight=n) for n in counts], axis=0)


def _is_net(regressor):
    return hasattr(regressor, "module")


def methods_of(family, regressor, X, y, X_test, seed, rounds):
    """Return functions, each of which yields results like `compare_cuts`, by name."""

    def timed(name, predict):
        def run():
            begin = time.perf_counter()
            predicted = predict()
            yield name, predicted, time.perf_counter() - begin, np.nan

        return run

    def slr(n_rounds):
        model = SLRRegressor(regressor, n_rounds=n_rounds, thresholds="kappa", random_state=seed)
        return model.fit(X, y).predict(X_test)

    def expected(classifier):
        model = ThresholdedRegressor(ExpectedGrade(classifier), random_state=seed)
        return model.fit(X, y).predict(X_test)

    found = {"cuts": lambda: compare_cuts(regressor, X, y, X_test, seed)}
    for t in rounds:
        found[f"SLR {t} + cuts"] = timed(f"SLR {t} + cuts", lambda t=t: slr(t))
    grades, codes = np.unique(y, return_inverse=True)
    peers = {"ridge": LINEAR_PEERS, "net": NET_PEERS}.get(family, {})
    for name, peer in peers.items():
        found[name] = timed(
            name, lambda peer=peer: grades[peer(X, codes, len(grades), X_test, seed)]
        )
    if family == "ridge":
        classifier = LogisticRegression(max_iter=1000)
        refined = SLRClassifier(classifier, n_rounds=2, random_state=seed)
        for name, model in (
            ("logistic expected grade + cuts", classifier),
            ("SLR 2 logistic expected grade + cuts", refined),
        ):
            found[name] = timed(name, lambda model=model: expected(model))
    return found


def run(folder, path, seeds, families, data, rounds):
    """Fill the file with what it lacks."""
    results = json.loads(path.read_text()) if path.exists() else {}
    loaded = {name: load(folder, name) for name in data}
    missing = set()
    for seed in seeds:
        for name in data:
            for noise in ("clean", "noisy"):
                X, y, X_test, y_test = split(*loaded[name], seed, noise == "noisy")
                grades = np.unique(loaded[name][1])
                for family in families:
                    regressor = make_regressor(family, X, y)
                    for group, method in methods_of(
                        family, regressor, X, y, X_test, seed, rounds
                    ).items():
                        key = f"{family}|{name}|{noise}|{seed}|{group}"
                        if key in results or group in missing:
                            continue
                        try:
                            results[key] = _measure(method, y_test, grades)
                        except ImportError as error:
                            missing.add(group)
                            print(f"{group} is left out: {error}")
                            continue
                        _save(path, results)
        print(f"seed {seed} is done", flush=True)
    return results


def _measure(method, y_test, grades):
    """Return {method: figures}; a peer that fails is kept as an error, and counted."""
    measured = {}
    try:
        for name, predicted, fit_time, cut_time in method():
            measured[name] = {
                "qwk": quadratic_weighted_kappa(y_test, predicted, labels=grades),
                "mae": float(np.abs(predicted - y_test).mean()),
                "accuracy": float((predicted == y_test).mean()),
                "fit_time": fit_time,
                "cut_time": cut_time,
            }
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        measured["error"] = repr(error)
    return measured


def _save(path, results):
    part = path.with_suffix(".part")
    part.write_text(json.dumps(results))
    part.replace(path)


def print_tables(results):
    """Print means over data sets, and paired differences of kappa to the exact cuts."""
    cells, errors = {}, {}
    for key, methods in results.items():
        family, name, noise, seed, group = key.split("|")
        if "error" in methods:
            errors[group] = errors.get(group, 0) + 1
            continue
        for method, row in methods.items():
            cells.setdefault((family, noise), {}).setdefault(method, {})[name, seed] = row
    for (family, noise), methods in sorted(cells.items()):
        reference = methods.get(REFERENCE, {})
        n_seeds = len({seed for _, seed in reference})
        print(f"\n{family}, {noise} training grades: {len(reference)} cells, {n_seeds} seeds")
        print(
            f"{'method':37} {'QWK':>6} {'MAE':>6} {'acc.':>6} {'fit s':>7} {'cuts ms':>8}"
            f" {'difference of QWK':>18} wins-losses {'diff. by data set':>10}"
        )
        for method, rows in methods.items():
            print(_line(method, rows, reference))
    for group, count in errors.items():
        print(f"{group} failed in {count} cells")


def _line(method, rows, reference):
    """Return one line of the table; differences are means over cells both have."""
    both = [cell for cell in rows if cell in reference]
    column = {measure: np.mean([rows[cell][measure] for cell in both]) for measure in rows[both[0]]}
    differences = np.array([rows[cell]["qwk"] - reference[cell]["qwk"] for cell in both])
    by_data = [
        f"{np.mean([d for d, cell in zip(differences, both, strict=True) if cell[0] == name]):+.3f}"
        for name in DATA
        if any(cell[0] == name for cell in both)
    ]
    error = differences.std(ddof=1) / np.sqrt(len(both)) if len(both) > 1 else np.nan
    return (
        f"{method:37} {column['qwk']:6.3f} {column['mae']:6.3f} {column['accuracy']:6.3f}"
        f" {column['fit_time']:7.3f} {1000 * column['cut_time']:8.2f}"
        f" {differences.mean():+8.4f} +- {error:.4f} {np.sum(differences > 0):4d}-"
        f"{np.sum(differences < 0):<5d} {' '.join(by_data)}"
    )


def main():
    """Parse the command line, run what is missing, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", help="folder with the data; else the variable SLR_DATA")
    parser.add_argument("--out", type=Path, default=Path("results/ordinal.json"))
    parser.add_argument("--seeds", type=int, nargs=2, default=(1000, 1020), help="first, beyond")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=FAMILIES)
    parser.add_argument("--sets", nargs="+", choices=DATA, default=DATA)
    parser.add_argument("--rounds", type=int, nargs="*", default=(1, 2, 3, 4))
    parser.add_argument("--table", action="store_true", help="only print what the file has")
    arguments = parser.parse_args()
    if arguments.table:
        print_tables(json.loads(arguments.out.read_text()))
        return
    # Small fits: threads would only wait for each other.
    torch.set_num_threads(1)
    # Peers warn of what they will not do about it: convergence, deprecations.
    warnings.simplefilter("ignore")
    needs = ["ordinal"] if set(arguments.sets) & set(TABLES) else []
    needs += ["retinamnist.npz"] if "retinamnist" in arguments.sets else []
    folder = data_folder(arguments.data, needs)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    seeds = range(*arguments.seeds)
    print_tables(
        run(folder, arguments.out, seeds, arguments.families, arguments.sets, arguments.rounds)
    )


if __name__ == "__main__":
    main()
