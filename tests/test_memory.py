"""Rounds leave nothing behind but a row of the history."""

import gc
import linecache
import tracemalloc

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.naive_bayes import GaussianNB

from sklearn_slr import SLRClassifier
from sklearn_slr.refinement import AverageRefinement

# What a row of the history and its numbers weigh, 1.5 to 1.9 kB, with room to spare.
ROW = 3000


class Sampled(AverageRefinement):
    """The average, which notes what is in use when a round is done with its models."""

    samples = None  # of the class: the parameter of a fit is a clone

    def refine(self, observed, targets, oof, *, round, sample_weight=None):
        gc.collect()
        Sampled.samples.append(tracemalloc.get_traced_memory()[0])
        return super().refine(observed, targets, oof, round=round, sample_weight=sample_weight)


def growth(slr, X, y, n_rounds):
    """Return the bytes by which memory grows in a typical round of the second half."""
    Sampled.samples = []
    slr.set_params(n_rounds=2).fit(X, y)  # what is loaded once is no leak
    Sampled.samples.clear()
    tracemalloc.start()
    try:
        slr.set_params(n_rounds=n_rounds).fit(X, y)
    finally:
        tracemalloc.stop()
    # A leak is there in every round; what other threads or a cache take once is not.
    return np.median(np.diff(Sampled.samples[n_rounds // 2 :]))


def make_problem():
    X, y = make_classification(60, 5, flip_y=0.2, random_state=0)
    return X.astype(np.float32), y


def test_memory_is_flat_over_rounds():
    X, y = make_problem()
    slr = SLRClassifier(GaussianNB(), refinement=Sampled(), cv=2, random_state=0)
    assert growth(slr, X, y, 60) < ROW


@pytest.mark.parametrize("stack_folds", [True, False])
def test_memory_is_flat_over_rounds_of_nets(stack_folds):
    torch, skorch = pytest.importorskip("torch"), pytest.importorskip("skorch")
    X, y = make_problem()

    class Net(torch.nn.Sequential):
        def __init__(self):
            super().__init__(torch.nn.Linear(5, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))

    net = skorch.NeuralNetClassifier(
        Net,
        criterion=torch.nn.CrossEntropyLoss,
        max_epochs=1,
        train_split=None,
        verbose=0,
    )
    slr = SLRClassifier(net, refinement=Sampled(), cv=2, random_state=0, stack_folds=stack_folds)
    assert growth(slr, X, y, 40) < ROW
    assert slr.history_["stacked"].all() == stack_folds
    # Sources of modules that are gone would stay with whoever prints tracebacks.
    assert not any("eval_with_key" in name for name in linecache.cache)
