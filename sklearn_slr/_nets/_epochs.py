"""Faster versions of what a net does between batches; the results do not change.

For small nets, callbacks and optimizer steps take longer than the training itself. Logs that are
not printed are skipped, accuracies are computed directly, and Adam updates all weights in one call.
"""

import contextlib

import numpy as np
import torch
from sklearn.metrics import get_scorer
from skorch.callbacks import EpochScoring, PrintLog

# Optimizers that torch can fuse on a CPU. `torch.__version__` compares as a version.
FUSED_OPTIMIZERS = (torch.optim.Adam, torch.optim.AdamW) if torch.__version__ >= "2.5" else ()


def end_epoch(net, callback_kwargs):
    """Notify a net and its callbacks of the end of an epoch, as ``NeuralNet.notify`` does.

    A log that is not printed is skipped, and the accuracy is computed directly.
    """
    net.on_epoch_end(net, **callback_kwargs)
    for _, callback in net.callbacks_:
        if type(callback) is PrintLog and callback.sink is print and not net.verbose:
            continue
        with _fast_accuracy(callback):
            callback.on_epoch_end(net, **callback_kwargs)


@contextlib.contextmanager
def _fast_accuracy(callback):
    if type(callback) is not EpochScoring or callback.scoring_ != "accuracy":
        yield
        return
    callback.scoring_ = _score_accuracy
    try:
        yield
    finally:
        callback.scoring_ = "accuracy"


def _score_accuracy(net, X, y):
    """Return the accuracy without scikit-learn's repeated checks, for labels that need none."""
    is_plain = isinstance(y, np.ndarray) and y.ndim == 1 and y.dtype.kind in "iu"
    if not is_plain:
        return get_scorer("accuracy")(net, X, y)
    return float(np.mean(net.predict(X) == y))


@contextlib.contextmanager
def fused_steps(net):
    """Let Adam and AdamW update all weights in one call on a CPU, unless the user chose a way."""
    groups = [
        group
        for name in net._optimizers
        if type(optimizer := getattr(net, name + "_")) in FUSED_OPTIMIZERS
        for group in optimizer.param_groups
        if group["fused"] is None and not group["foreach"] and _can_fuse(group)
    ]
    for group in groups:
        group["fused"] = True
    try:
        yield
    finally:
        for group in groups:
            group["fused"] = None


def _can_fuse(group):
    plain = not (group["differentiable"] or group["capturable"] or torch.is_tensor(group["lr"]))
    return plain and all(
        weight.is_cpu and weight.dtype == torch.float32 for weight in group["params"]
    )
