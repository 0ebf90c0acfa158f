"""Accuracy of the predictions of both sides, paired over seeds."""

import math

import numpy as np
import torch
from scipy import stats
from sklearn.model_selection import cross_val_predict

from sklearn_slr import out_of_fold_predict

from .methods import CV, problem


def accuracy(arguments):
    """Print paired accuracies of the predictions; return them."""
    print("\n| workload | by hand | ours | points | 95 % interval |\n|---|---|---|---|---|")
    results = {}
    for name in arguments.workloads:
        values = []
        for seed in range(1000, 1000 + arguments.seeds):
            net, own_net, X, y, rows = problem(name, seed, arguments.device)
            torch.manual_seed(seed)
            hand = cross_val_predict(net, X, y, cv=CV, method="predict_proba")
            own = out_of_fold_predict(own_net, X, rows, cv=CV, random_state=seed)
            values.append([float(np.mean(P.argmax(axis=1) == y)) for P in (hand, own)])
        values = 100 * np.array(values)
        differences = values[:, 1] - values[:, 0]
        error = differences.std(ddof=1) / math.sqrt(len(differences))
        half = stats.t.ppf(0.975, len(differences) - 1) * error
        mean = differences.mean()
        print(
            f"| {name} | {values[:, 0].mean():.2f} | {values[:, 1].mean():.2f} | {mean:+.2f} "
            f"| {mean - half:+.2f} to {mean + half:+.2f} |",
            flush=True,
        )
        results[name] = values.tolist()
    return results
