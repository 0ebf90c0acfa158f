"""What do soft targets cost, next to hard labels of the same estimator, and what do they give?

For each route and 3, 10 and 100 classes: processor time of the soft fit over that of the hard fit
and of weighted rows over the hard fit (alternating in one process, one thread, medians), peak
memory over the size of X (what NumPy allocates during the soft fit), and log-loss and accuracy on
clean test labels beside those of weighted rows (or label draws, where an estimator takes no
weights) and of hard labels.

The data: a fifth of the labels is drawn anew; the soft row is the mean of the observed label and
an out-of-fold prediction, which is what the first rounds of label refinement train on.

    python examples/benchmarks/soft_targets.py --quick
    python examples/benchmarks/soft_targets.py --seeds 5 --repeats 3
"""

import argparse
import importlib.util
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
    if importlib.util.find_spec("catboost") and n_classes == 3:
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


def peak_memory(fit, X):
    """Return the peak of what NumPy allocates during a fit, over the size of X."""
    tracemalloc.start()
    try:
        fit()
        return tracemalloc.get_traced_memory()[1] / X.nbytes
    finally:
        tracemalloc.stop()


def seeded(estimator, seed):
    estimator = clone(estimator)
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=seed)
    return estimator


def compare(estimator, problem, seed, repeats):
    """Return route, times, scores and peak memory of one estimator on one problem."""
    X, observed, P, X_test, y_test = problem
    estimator = seeded(estimator, seed)
    soft = SoftTargetClassifier(estimator, random_state=seed)
    route = "weighted_rows"
    fits = {
        "hard": lambda: clone(estimator).fit(X, observed),
        "soft": lambda: clone(soft).fit(X, P),
        "repeated": lambda: clone(soft).set_params(route=route).fit(X, P),
    }
    try:
        fits["repeated"]()
    except TypeError:
        route = "label_draws"
    times, models = {name: [] for name in fits}, {}
    for _ in range(repeats):
        for name, fit in fits.items():
            seconds, models[name] = timed(fit)
            times[name].append(seconds)
    labels = np.arange(P.shape[1])
    scores = {}
    for name, model in models.items():
        proba = np.asarray(model.predict_proba(X_test), dtype=np.float64)
        loss = log_loss(y_test, np.clip(proba, 1e-4, 1), labels=labels)
        scores[name] = (loss, np.mean(proba.argmax(axis=1) == y_test))
    return models["soft"].route_, times, scores, peak_memory(fits["soft"], X)


def report(estimator, n_classes, results):
    """Print a line: ratios of medians, memory, and mean scores over the seeds."""
    name = type(estimator).__name__
    medians = {
        key: np.median(np.concatenate([times[key] for _, times, _, _ in results]))
        for key in ("hard", "soft", "repeated")
    }
    ratio, repeated = (medians[key] / medians["hard"] for key in ("soft", "repeated"))
    goal = GOALS.get(name, {}).get(n_classes)
    verdict = "" if goal is None else f"(goal {goal}{'' if ratio <= goal else ' MISSED'})"
    scores = {
        key: np.mean([each[2][key] for each in results], axis=0)
        for key in ("hard", "soft", "repeated")
    }
    gaps = [each[2]["soft"][1] - each[2]["repeated"][1] for each in results]
    print(
        f"{name:31s} C={n_classes:<3d} {results[0][0]:22s} time {ratio:5.2f} {verdict:17s} "
        f"repeated {repeated:6.2f} | memory {np.max([each[3] for each in results]):5.2f} X | "
        f"log-loss soft {scores['soft'][0]:.4f} repeated {scores['repeated'][0]:.4f} hard "
        f"{scores['hard'][0]:.4f} | accuracy soft {scores['soft'][1]:.4f} repeated "
        f"{scores['repeated'][1]:.4f} hard {scores['hard'][1]:.4f} | gap {np.mean(gaps):+.4f} "
        f"sd {np.std(gaps):.4f}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds")
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--classes", type=int, nargs="+", default=CLASSES)
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
                compare(estimator, problem, seed, args.repeats)
                for seed, problem in zip(seeds, problems, strict=True)
            ]
            report(estimator, n_classes, results)


if __name__ == "__main__":
    main()
