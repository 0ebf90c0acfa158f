"""
Folds on a dask cluster
=======================

The folds of a round do not depend on each other. Here they run in the processes of a cluster, which
might as well be machines. Are the labels the same, and who does what, when?
"""

# %%
# The workers of a cluster are new processes that read this file, too, where it is run as a script:
# what should happen once is in a function, and called under ``if __name__ == "__main__"``.

import importlib.util
import logging

import matplotlib.pyplot as plt
import numpy as np
from joblib import parallel_config
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier

from sklearn_slr import SLRClassifier
from sklearn_slr.datasets import make_noisy_labels

N_WORKERS = 2
N_ROUNDS = 3
N_FOLDS = 6


def refine_on_cluster(slr, X, y):
    """Fit on a cluster; return the estimator, and dask's records of what ran where."""
    from dask.distributed import Client, LocalCluster, get_task_stream

    with (
        LocalCluster(
            n_workers=N_WORKERS,
            threads_per_worker=1,
            dashboard_address=None,
            silence_logs=logging.ERROR,
        ) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(N_WORKERS)
        with get_task_stream(client) as stream, parallel_config("dask"):
            slr.fit(X, y)
        return slr, stream.data


def find_folds(records):
    """Return (worker, start, stop) of each fold in the order of their starts, in seconds."""
    steps = [
        (record["worker"], step["start"], step["stop"])
        for record in records
        for step in record["startstops"]
        if step["action"] == "compute"
    ]
    # What is handed to all folds counts as a task, too, one that takes no time.
    folds = sorted(steps, key=lambda step: step[1] - step[2])[: N_ROUNDS * N_FOLDS]
    folds.sort(key=lambda fold: fold[1])
    workers = sorted({worker for worker, _, _ in folds})
    begin = folds[0][1]
    return [(workers.index(worker), start - begin, stop - begin) for worker, start, stop in folds]


def draw(folds):
    """Draw a bar for each fold, in the row of its worker, named by its round."""
    colours = ("#56B4E9", "#E69F00", "#009E73")
    _, ax = plt.subplots(figsize=(8, 2.4), layout="constrained")
    for i, (worker, start, stop) in enumerate(folds):
        # A round begins when the one before has ended, so that the order tells the round.
        number = i // N_FOLDS
        ax.barh(worker, stop - start, left=start, color=colours[number], edgecolor="black")
        ax.annotate(str(number + 1), ((start + stop) / 2, worker), ha="center", va="center")
    ax.set_yticks(range(N_WORKERS), [f"worker {i}" for i in range(N_WORKERS)])
    ax.set(xlabel="seconds since the first fold began", title="folds, named by their round")


def main():
    """Refine in this process and on the cluster; compare, and draw who did what."""
    X, y = load_digits(return_X_y=True)
    given = make_noisy_labels(y, noise=0.3, random_state=0)
    student = HistGradientBoostingClassifier(max_iter=10, max_leaf_nodes=8)
    slr = SLRClassifier(
        student, n_rounds=N_ROUNDS, refinement="posterior", cv=N_FOLDS, random_state=0
    )
    serial = slr.fit(X, given).refined_labels_
    print(f"{(given == y).mean():.1%} of the labels were right, ", end="")
    print(f"{(serial.argmax(axis=1) == y).mean():.1%} are now.")
    if importlib.util.find_spec("distributed") is None:
        print('dask is not installed (pip install "dask[distributed]"): no cluster here.')
        return
    slr, records = refine_on_cluster(slr, X, given)
    assert np.array_equal(slr.refined_labels_, serial)
    folds = find_folds(records)
    shares = [sum(worker == i for worker, _, _ in folds) for i in range(N_WORKERS)]
    print(f"The cluster finds the same labels, to the bit; folds by worker: {shares}.")
    draw(folds)
    plt.show()


if __name__ == "__main__":
    main()

# %%
# A round waits for its last fold, for the labels have to be refined before the next one: with folds
# that do not divide evenly among workers, some of them idle. The student in the end is fitted here,
# not on the cluster. X travels once a round; see *Processes and clusters* in the guide, also for
# SLURM, Ray, and what happens when a worker dies.
