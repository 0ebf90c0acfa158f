"""Both sides of the comparison: scikit-learn's loop over skorch's, and an E step of ours."""

import time

import numpy as np
import torch
from sklearn.model_selection import KFold, cross_val_predict

from sklearn_slr import out_of_fold_predict

from .workloads import WORKLOADS

CV = KFold(5)


def by_hand(net, own_net, X, y, rows):
    """Return out-of-fold probabilities as scikit-learn's and skorch's users get them."""
    torch.manual_seed(0)
    return cross_val_predict(net, X, y, cv=CV, method="predict_proba")


def ours(net, own_net, X, y, rows, n_jobs=None):
    """Return the same from an E step."""
    return out_of_fold_predict(own_net, X, rows, cv=CV, n_jobs=n_jobs, random_state=0)


def ours_twice(*given):
    """Return the same from two processes."""
    return ours(*given, n_jobs=2)


METHODS = {"by hand": by_hand, "one process": ours, "two processes": ours_twice}


def problem(name, seed, device="cpu", **params):
    """Return what a method takes: a user's net and ours, X, y and probability rows."""
    workload = WORKLOADS[name]
    X, y = workload.load(seed)
    nets = (workload.net(device=device, **each, **params) for each in ({}, workload.on_request()))
    return *nets, X, y, np.eye(y.max() + 1)[y]


def timed(method, given):
    """Return seconds on the wall and of this process's CPU, and the result."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = method(*given)
    return time.perf_counter() - wall, time.process_time() - cpu, result
