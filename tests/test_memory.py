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

N_SAMPLES, N_ROUNDS = 1000, 10
# A row of the history takes 2 kB, the predictions of a round for all rows 16 kB, two fitted
# models 4 kB, two nets 20 kB. Caches of torch still grow in the first rounds, by 5 kB at most.
MAX_GROWTH, MAX_GROWTH_OF_NETS = 4000, 9000


class Sampled(AverageRefinement):
    """The average, which notes what is in use when a round is done with its models."""

    samples = None  # of the class: the parameter of a fit is a clone

    def refine(self, observed, targets, oof, *, round, sample_weight=None):
        gc.collect()
        Sampled.samples.append(tracemalloc.get_traced_memory()[0])
        return super().refine(observed, targets, oof, round=round, sample_weight=sample_weight)


def measure_growth(slr):
    """Return the bytes by which memory grows in a typical round of the second half."""
    X, y = make_classification(N_SAMPLES, 40, flip_y=0.2, random_state=0)
    X, Sampled.samples = X.astype(np.float32), []
    slr.set_params(n_rounds=1).fit(X, y)  # imports are slow when they are traced
    Sampled.samples.clear()
    gc.freeze()  # collecting what was there before takes longer than the fit
    tracemalloc.start()
    try:
        slr.set_params(n_rounds=N_ROUNDS).fit(X, y)
    finally:
        tracemalloc.stop()
        gc.unfreeze()
    # A leak is there in every round; what other threads or a cache take once is not.
    return np.median(np.diff(Sampled.samples[N_ROUNDS // 2 :]))


def test_memory_is_flat_over_rounds():
    slr = SLRClassifier(GaussianNB(), refinement=Sampled(), cv=2, random_state=0)
    assert measure_growth(slr) < MAX_GROWTH


def test_a_leak_of_models_is_found():
    class Kept(GaussianNB):
        kept = []

        def fit(self, X, y, sample_weight=None):
            self.kept.append(self)
            return super().fit(X, y, sample_weight)

    slr = SLRClassifier(Kept(), refinement=Sampled(), cv=2, random_state=0)
    assert measure_growth(slr) > MAX_GROWTH


@pytest.mark.parametrize("stack_folds", [True, False])
def test_memory_is_flat_over_rounds_of_nets(stack_folds):
    torch, skorch = pytest.importorskip("torch"), pytest.importorskip("skorch")

    class Net(torch.nn.Sequential):
        def __init__(self):
            super().__init__(torch.nn.Linear(40, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))

    net = skorch.NeuralNetClassifier(
        Net,
        criterion=torch.nn.CrossEntropyLoss,
        max_epochs=1,
        train_split=None,
        verbose=0,
    )
    slr = SLRClassifier(net, refinement=Sampled(), cv=2, random_state=0, stack_folds=stack_folds)
    assert measure_growth(slr) < MAX_GROWTH_OF_NETS
    assert slr.history_["stacked"].all() == stack_folds
    # The sources of generated modules must not stay in the cache that tracebacks read.
    assert not any("eval_with_key" in name for name in linecache.cache)
