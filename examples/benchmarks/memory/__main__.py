"""Does a long run keep what it should have let go? Memory at rounds 10, 50, 100 and 200.

    python -m examples.benchmarks.memory
    python -m examples.benchmarks.memory --net
    python -m examples.benchmarks.memory --classes 500

A tiny problem, so that only what rounds leave behind can grow: the history, a few hundred bytes a
round. "traced" is what Python objects and arrays hold at that moment (tracemalloc), "peak" the
most that the process ever held (resident set size).

With ``--classes`` it tells how many arrays of the size of the labels, rows x classes x 8 bytes, a
fit holds at its peak, and how many are left after it.
"""

import argparse
import gc
import itertools
import resource
import sys
import tracemalloc

import numpy as np
from sklearn.datasets import make_classification
from sklearn.naive_bayes import GaussianNB

from sklearn_slr import SLRClassifier
from sklearn_slr.refinement import AverageRefinement, PosteriorRefinement

ROUNDS = (10, 50, 100, 200)


class Sampled(AverageRefinement):
    """The average, which notes on the way how much memory is in use."""

    def __init__(self, n=3.0):
        super().__init__(n)

    def refine(self, observed, targets, oof, *, round, sample_weight=None):
        """Refine the labels once, and print the memory where the round is one of `ROUNDS`."""
        if round in ROUNDS:
            gc.collect()  # nets and traces of modules hold circles, which Python breaks in its time
            traced = tracemalloc.get_traced_memory()[0]
            print(f"{round:5d}  {traced / 1e3:10.0f}  {peak_rss() / 1e6:9.1f}")
        return super().refine(observed, targets, oof, round=round, sample_weight=sample_weight)


def peak_rss():
    """Return the largest resident set size so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def make_net(n_classes=2):
    """Return a small skorch net."""
    import torch
    from skorch import NeuralNetClassifier

    torch.set_num_threads(1)

    class Net(torch.nn.Sequential):
        def __init__(self):
            super().__init__(torch.nn.Linear(5, 8), torch.nn.ReLU(), torch.nn.Linear(8, n_classes))

    return NeuralNetClassifier(
        Net, criterion=torch.nn.CrossEntropyLoss, max_epochs=1, train_split=None, verbose=0
    )


def count_arrays(n_classes, n_samples=6000):
    """Print how many arrays (n_samples, n_classes) a fit holds."""
    rng = np.random.default_rng(0)
    y = np.arange(n_samples) % n_classes
    X = rng.random((n_samples, 5)).astype(np.float32)
    size = 8 * n_samples * n_classes
    students = {"naive Bayes": GaussianNB(), "net": make_net(n_classes)}
    refinements = {"average": AverageRefinement(), "posterior": PosteriorRefinement(temperature=1)}
    print("student      refinement  one pass  peak  left")
    for student, refinement, stack in itertools.product(students, refinements, (True, False)):
        if student == "naive Bayes" and stack:
            continue
        slr = SLRClassifier(
            students[student],
            n_rounds=3,
            refinement=refinements[refinement],
            cv=3,
            random_state=0,
            stack_folds=stack,
        )
        slr.fit(X[: 3 * n_classes], y[: 3 * n_classes])  # imports
        del slr.refined_labels_
        tracemalloc.start()
        slr.fit(X, y)
        left, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        print(f"{student:12s} {refinement:11s} {stack!s:8s} {peak / size:5.1f} {left / size:5.1f}")


def main():
    """Run 200 rounds, and print what is in use."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--net", action="store_true", help="a skorch net instead of naive Bayes")
    parser.add_argument("--classes", type=int, help="count arrays of that many columns")
    arguments = parser.parse_args()
    if arguments.classes:
        count_arrays(arguments.classes)
        return
    net = arguments.net
    X, y = make_classification(200, 5, flip_y=0.2, random_state=0)
    student = make_net() if net else GaussianNB()
    slr = SLRClassifier(student, n_rounds=ROUNDS[-1], refinement=Sampled(), cv=3, random_state=0)
    slr.set_params(n_rounds=2).fit(X.astype(np.float32), y)  # what is loaded once is no leak
    tracemalloc.start()
    print("round  traced, kB  peak, MB")
    slr.set_params(n_rounds=ROUNDS[-1]).fit(X.astype(np.float32), y)


if __name__ == "__main__":
    main()
