"""What does each parameter do? One is changed at a time, on small problems, over seeds.

Four tables, each around a base: ``SLRClassifier()``, ``SLRClassifier(refinement="posterior")``,
``SLRClassifier(refinement="annotators")`` and ``SLRRegressor(thresholds="kappa")``, all else as the
constructor has it.

    digits       600 images, 30 % of the labels replaced by random other ones; logistic regression
    cancer       half of the breast cancer rows, 30 % of one class called the other; logistic
                 regression, a net of 32 hidden units, and boosting
    answers      300 digits, three answers each of twelve people, three of whom guess
    diabetes     half of the rows, five grades, 30 % of them off by one; ridge
    friedman     400 rows of scikit-learn's make_friedman1, grades likewise; boosting

A number is a paired difference to the base, mean +- standard error over seeds, in points of test
accuracy or hundredths of the quadratic weighted kappa, against right labels; the base's own row is
a mean. 40 of the test rows are the clean set of ``select_round="best"``, which no score counts.
Parameters that should not matter for accuracy come last: what they cost, in one run.

Run ``python parameters.py --out parameters.json``. It takes about 13 minutes of one core, and
writes the file after every seed; the default seeds, 1000 and up, are for figures.
``--table parameters.json`` prints what a file has.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
from _parameters_cases import N_CLEAN, TABLES
from _parameters_costs import measure_costs
from sklearn.base import is_classifier
from threadpoolctl import threadpool_limits

from sklearn_slr.metrics import quadratic_weighted_kappa

BASE = "base"


def run_cell(table, setup, change, seed):
    """Fit one estimator.

    Parameters
    ----------
    table, setup, change : str
        Names: of a table, of one of its problems, and of a change or `BASE`.
    seed : int
        Draws rows, wrong labels and folds.

    Returns
    -------
    dict
        `score` on right test labels; `labels_right`, the share of refined labels that are right,
        rounded grades of a regressor; `n_fits`.
    """
    chosen = TABLES[table]
    make_data, make_student = chosen.setups[setup]
    data = make_data(seed)
    changed = {} if change == BASE else chosen.changes[change]
    if callable(changed):
        changed = changed(data, seed)
    parameters = {"estimator": make_student(), **chosen.base, **changed}
    model = chosen.make(random_state=seed, **parameters)
    with warnings.catch_warnings():
        # Cuts that stay where they are, although rounds move the scores: wanted here.
        warnings.simplefilter("ignore", UserWarning)
        model.fit(data.X, data.y, X_val=data.X_test[:N_CLEAN], y_val=data.y_test[:N_CLEAN])
    predicted, y_test = model.predict(data.X_test[N_CLEAN:]), data.y_test[N_CLEAN:]
    labels = model.refined_labels_
    if is_classifier(model):
        score, labels = np.mean(predicted == y_test), model.classes_[labels.argmax(axis=1)]
    else:
        score, labels = quadratic_weighted_kappa(y_test, predicted), np.rint(labels)
    return {
        "table": table,
        "setup": setup,
        "change": change,
        "seed": seed,
        "score": float(score),
        "labels_right": float(np.mean(labels == data.truth)),
        "n_fits": int(model.n_fits_),
    }


def run(tables, seed, setups=None):
    """Run all changes of the tables, on some of their problems, on one seed."""
    return [
        run_cell(table, setup, change, seed)
        for table in tables
        for change in (BASE, *TABLES[table].changes)
        for setup in TABLES[table].setups
        if setups is None or setup in setups
    ]


def difference(lines, setup, change, measure):
    """Return the mean paired difference to the base and its standard error.

    Parameters
    ----------
    lines : list of dict
        Lines of one table.
    setup, change : str
        Names of a problem and a change.
    measure : str
        Name in a line.

    Returns
    -------
    mean, error : float
        NaN where there is no pair, or only one for the error.
    """
    values = {name: {} for name in (BASE, change)}
    for line in lines:
        if line["setup"] == setup and line["change"] in values:
            values[line["change"]][line["seed"]] = line[measure]
    base, changed = values[BASE], values[change]
    found = np.array([changed[seed] - base[seed] for seed in changed.keys() & base.keys()])
    if len(found) < 2:
        return (float(found[0]) if len(found) else np.nan), np.nan
    return float(found.mean()), float(found.std(ddof=1) / np.sqrt(len(found)))


def print_table(lines, measure):
    """Print the differences of one table, as a table of Markdown."""
    setups = list(dict.fromkeys(line["setup"] for line in lines))
    changes = list(dict.fromkeys(line["change"] for line in lines))
    n_seeds = len({line["seed"] for line in lines})
    print(f"\n{lines[0]['table']}: {measure}, {n_seeds} seeds\n")
    print("| |", " | ".join(setups), "| fits |")
    print("|---" * (len(setups) + 2) + "|")
    for change in changes:
        cells = []
        for setup in setups:
            own = [x for x in lines if x["change"] == change and x["setup"] == setup]
            if change == BASE:
                cells.append(f"{100 * np.mean([x[measure] for x in own]):.1f}")
            else:
                mean, error = difference(lines, setup, change, measure)
                cells.append(f"{100 * mean:+.1f} ± {100 * error:.1f}")
        fits = {x["n_fits"] for x in lines if x["change"] == change}
        print(f"| {change} |", " | ".join(cells), "|", "/".join(map(str, sorted(fits))), "|")


def print_tables(results):
    """Print all tables, and the costs."""
    for table in dict.fromkeys(line["table"] for line in results["lines"]):
        lines = [line for line in results["lines"] if line["table"] == table]
        for measure in ("score", "labels_right"):
            print_table(lines, measure)
    for parameter, measured in results["costs"].items():
        print(f"\n{parameter}: {measured}")


def main():
    """Parse the command line, run, write the file, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, help="JSON file for the results")
    parser.add_argument("--table", type=Path, nargs="+", help="only print what these files have")
    parser.add_argument("--seeds", type=int, default=6, help="number of seeds")
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--only", nargs="+", choices=[*TABLES, "costs"], help="some of the tables")
    known = list(dict.fromkeys(setup for table in TABLES.values() for setup in table.setups))
    parser.add_argument("--setups", nargs="+", choices=known, help="some of the columns")
    arguments = parser.parse_args()
    if arguments.table:
        parts = [json.loads(path.read_text()) for path in arguments.table]
        lines = [line for part in parts for line in part["lines"]]
        costs = {name: said for part in parts for name, said in part["costs"].items()}
        print_tables({"lines": lines, "costs": costs})
        return
    wanted = arguments.only or [*TABLES, "costs"]
    results = {"lines": [], "costs": {}}
    with threadpool_limits(1):
        if "costs" in wanted:
            results["costs"] = measure_costs(arguments.first_seed)
        for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
            start = time.process_time()
            results["lines"] += run(
                [table for table in TABLES if table in wanted], seed, arguments.setups
            )
            print(f"seed {seed}: {time.process_time() - start:.0f} s of CPU", flush=True)
            if arguments.out:
                arguments.out.parent.mkdir(parents=True, exist_ok=True)
                arguments.out.write_text(json.dumps(results, indent=1))
    print_tables(results)


if __name__ == "__main__":
    main()
