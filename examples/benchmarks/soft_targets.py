"""What do soft targets cost, next to hard labels of the same estimator, and what do they give?

For each route and 3, 10 and 100 classes: processor time of the soft fit over that of the hard fit
(alternating in one process, one thread, medians), peak memory over the size of X (what NumPy
allocates during the soft fit), and log-loss and accuracy on clean test labels beside those of
weighted rows (or label draws, where an estimator takes no weights) and of hard labels.

Weighted rows are as many as rows times classes. Where these are more than `--max-repeated-rows`,
all three are compared on the first rows only, as many as the limit allows; the line says how many.
Times over the hard fit are of all rows, those of weighted rows of the compared ones. At a limit of
0, weighted rows are not run.

The data: a fifth of the labels is drawn anew; the soft row is the mean of the observed label and
an out-of-fold prediction, which is what the first rounds of label refinement train on.

    python examples/benchmarks/soft_targets.py --quick
    python examples/benchmarks/soft_targets.py --seeds 5 --repeats 1 --out results.jsonl
"""

import argparse
import importlib.util
import json
import time
import tracemalloc
import warnings

import numpy as np
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from sklearn_slr.soft_targets import SoftTargetClassifier

CLASSES = (3, 10, 100)
GOALS = {
    "LogisticRegression": dict.fromkeys(CLASSES, 1.3),
    "RandomForestClassifier": dict.fromkeys(CLASSES, 1.05),
    "ExtraTreesClassifier": dict.fromkeys(CLASSES, 1.05),
    "HistGradientBoostingClassifier": {3: 1.7, 10: 2.5},
    "XGBClassifier": dict.fromkeys(CLASSES, 1.3),
    "LGBMClassifier": dict.fromkeys(CLASSES, 1.3),
}


def make_estimators(n_classes):
    """Return the estimators; with many classes, fewer trees."""
    trees = 30 if n_classes <= 10 else 5
    found = [
        LogisticRegression(max_iter=500),
        RandomForestClassifier(trees),
        ExtraTreesClassifier(trees),
        DecisionTreeClassifier(),
        HistGradientBoostingClassifier(max_iter=trees, early_stopping=False),
        KNeighborsClassifier(20),
        MLPClassifier((64,), max_iter=20),
        GaussianNB(),
        LinearDiscriminantAnalysis(),
        VotingClassifier([("a", LogisticRegression()), ("b", GaussianNB())], voting="soft"),
    ]
    if importlib.util.find_spec("xgboost"):
        from xgboost import XGBClassifier

        found.append(XGBClassifier(n_estimators=trees, n_jobs=1))
    if importlib.util.find_spec("lightgbm"):
        from lightgbm import LGBMClassifier

        found.append(LGBMClassifier(n_estimators=trees, n_jobs=1, verbose=-1))
    if importlib.util.find_spec("catboost"):
        from catboost import CatBoostClassifier

        quiet = {"verbose": 0, "allow_writing_files": False, "thread_count": 1}
        found.append(CatBoostClassifier(iterations=trees, **quiet))
    return found


def make_problem(n_samples, n_classes, seed):
    """Return noisy training rows, their observed labels, soft targets, and a clean test set."""
    rng = np.random.default_rng(seed)
    X, y = make_classification(
        n_samples + 4000,
        50,
        n_informative=15,
        n_redundant=5,
        n_classes=n_classes,
        n_clusters_per_class=2 if n_classes < 50 else 1,
        class_sep=1.5,
        flip_y=0,
        random_state=seed,
    )
    X, X_test, truth, y_test = X[:n_samples], X[n_samples:], y[:n_samples], y[n_samples:]
    observed = np.where(rng.random(n_samples) < 0.2, rng.integers(n_classes, size=n_samples), truth)
    teacher = MLPClassifier((64,), max_iter=8, random_state=0)
    P = cross_val_predict(teacher, X, observed, cv=3, method="predict_proba")
    return X, observed, (np.eye(n_classes)[observed] + P) / 2, X_test, y_test


def timed(fit):
    start = time.process_time()
    model = fit()
    return time.process_time() - start, model


def peak_memory(estimator, problem, seed):
    """Return the peak of what NumPy allocates during a soft fit, over the size of X."""
    X, _, P, _, _ = problem
    soft = SoftTargetClassifier(seeded(estimator, seed), random_state=seed)
    tracemalloc.start()
    try:
        soft.fit(X, P)
        return tracemalloc.get_traced_memory()[1] / X.nbytes
    finally:
        tracemalloc.stop()


def seeded(estimator, seed):
    estimator = clone(estimator)
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=seed)
    return estimator


def measure(estimator, problem, n_rows, names, seed, args):
    """Return route, times and scores of the fits called `names` on the first rows."""
    X, observed, P, X_test, y_test = problem
    X, observed, P = X[:n_rows], observed[:n_rows], P[:n_rows]
    soft = SoftTargetClassifier(estimator, random_state=seed)
    longer = clone(soft)
    if args.equal_steps and isinstance(estimator, MLPClassifier):
        epochs = estimator.max_iter * P.shape[1]
        longer.set_params(estimator__max_iter=epochs, estimator__n_iter_no_change=epochs)
    # Where an estimator takes no weights, labels are drawn.
    route = "weighted_rows" if repeats_rows(estimator) else "label_draws"
    fits = {
        "hard": lambda: clone(estimator).fit(X, observed),
        "soft": lambda: clone(longer).fit(X, P),
        "repeated": lambda: clone(soft).set_params(route=route).fit(X, P),
    }
    times, models = {name: [] for name in names}, {}
    for _ in range(args.repeats):
        for name in names:
            seconds, models[name] = timed(fits[name])
            times[name].append(seconds)
    scores = {name: score(model, X_test, y_test) for name, model in models.items()}
    return models["soft"].route_, times, scores


def repeats_rows(estimator):
    """Whether the route of weighted rows takes `estimator`."""
    X, P = np.arange(4.0)[:, None], np.array([[0.9, 0.1], [0.2, 0.8]] * 2)
    try:
        SoftTargetClassifier(estimator, route="weighted_rows").fit(X, P)
    except TypeError:
        return False
    return True


def score(model, X_test, y_test):
    """Return log-loss and accuracy."""
    proba = np.asarray(model.predict_proba(X_test), dtype=np.float64)
    loss = log_loss(y_test, np.clip(proba, 1e-4, 1), labels=np.arange(proba.shape[1]))
    return loss, float(np.mean(proba.argmax(axis=1) == y_test))


def compare(estimator, problem, seed, args):
    """Measure one estimator on one problem, beside weighted rows on as many rows as allowed."""
    n_samples, n_classes = problem[2].shape
    estimator = seeded(estimator, seed)
    names = ("hard", "soft", "repeated") if args.max_repeated_rows else ("hard", "soft")
    n_compared = min(n_samples, args.max_repeated_rows // n_classes or n_samples)
    route, times, scores = measure(estimator, problem, n_compared, names, seed, args)
    result = {
        "route": route,
        "compared_rows": n_compared,
        "compared_times": times,
        "times": times,
        "scores": scores,
    }
    if n_compared < n_samples:
        result["times"] = measure(estimator, problem, n_samples, names[:2], seed, args)[1]
    return result


def ratio(results, key, name):
    """Return the median time of a fit over that of the hard fit."""
    medians = [
        np.median(np.concatenate([each[key][which] for each in results]))
        for which in (name, "hard")
    ]
    return float(medians[0] / medians[1])


def summarise(estimator, n_classes, results, memory):
    """Return ratios of medians, and mean scores over the seeds."""
    scores = {
        name: np.array([each["scores"][name] for each in results]) for name in results[0]["scores"]
    }
    line = {
        "estimator": type(estimator).__name__,
        "classes": n_classes,
        "route": results[0]["route"],
        "time": ratio(results, "times", "soft"),
        "memory": memory,
        "compared_rows": results[0]["compared_rows"],
        "scores": {name: values.mean(axis=0).tolist() for name, values in scores.items()},
    }
    if "repeated" in scores:
        gaps = scores["soft"][:, 1] - scores["repeated"][:, 1]
        line["time_repeated"] = ratio(results, "compared_times", "repeated")
        line["gap"], line["gap_sd"] = float(gaps.mean()), float(gaps.std())
    return line


def report(line):
    """Print a summary."""
    goal = GOALS.get(line["estimator"], {}).get(line["classes"])
    verdict = "" if goal is None else f"(goal {goal}{'' if line['time'] <= goal else ' MISSED'})"
    losses, accuracies = (
        " ".join(f"{name} {values[i]:.4f}" for name, values in line["scores"].items())
        for i in (0, 1)
    )
    repeated, gap = "not run", ""
    if "gap" in line:
        repeated = f"{line['time_repeated']:.2f}"
        gap = f" | gap {line['gap']:+.4f} sd {line['gap_sd']:.4f}"
    print(
        f"{line['estimator']:31s} C={line['classes']:<3d} {line['route']:22s} "
        f"time {line['time']:5.2f} {verdict:17s} repeated {repeated:7s} "
        f"| memory {line['memory']:5.2f} X | on {line['compared_rows']} rows: log-loss {losses} "
        f"| accuracy {accuracies}{gap}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds")
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--classes", type=int, nargs="+", default=CLASSES)
    parser.add_argument(
        "--max-repeated-rows", type=int, default=100_000, help="0: weighted rows are not run"
    )
    parser.add_argument(
        "--equal-steps",
        action="store_true",
        help="soft fits of MLPClassifier get C times the epochs: as many steps as weighted rows",
    )
    parser.add_argument("--out", help="file that gets a line of JSON for every line printed")
    parser.add_argument("--only", nargs="+", help="class names of estimators")
    parser.add_argument("--quick", action="store_true", help="2000 samples, 1 seed, 1 repeat")
    args = parser.parse_args()
    if args.quick:
        args.samples, args.seeds, args.repeats = 2000, 1, 1
    warnings.simplefilter("ignore")
    with threadpool_limits(limits=1):  # so that processor time means something
        run(args)


def run(args):
    """Compare every estimator at every number of classes."""
    for n_classes in args.classes:
        seeds = range(args.first_seed, args.first_seed + args.seeds)
        problems = [make_problem(args.samples, n_classes, seed) for seed in seeds]
        for estimator in make_estimators(n_classes):
            if args.only and type(estimator).__name__ not in args.only:
                continue
            results = [
                compare(estimator, problem, seed, args)
                for seed, problem in zip(seeds, problems, strict=True)
            ]
            memory = peak_memory(estimator, problems[0], seeds[0])
            line = summarise(estimator, n_classes, results, memory)
            report(line)
            if args.out:
                with open(args.out, "a") as file:
                    file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
