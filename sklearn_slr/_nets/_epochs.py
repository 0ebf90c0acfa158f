"""What a net's training loop does between batches, without the work that nobody sees."""

import contextlib

import numpy as np
import torch
from sklearn.metrics import get_scorer
from skorch.callbacks import EpochScoring, PrintLog

# torch learned to fuse their steps on a CPU in 2.4.
# Its version is a string that compares as a version.
FUSED = (torch.optim.Adam, torch.optim.AdamW) if torch.__version__ >= "2.5" else ()


def end_epoch(net, arguments):
    """Notify a net and its callbacks of the end of an epoch, as ``NeuralNet.notify`` does.

    A log that is printed nowhere is not laid out, and the accuracy is taken of the labels
    straight away: for small nets the two cost more than the training itself.
    """
    net.on_epoch_end(net, **arguments)
    for _, callback in net.callbacks_:
        if type(callback) is PrintLog and callback.sink is print and not net.verbose:
            continue
        with _plain_accuracy(callback):
            callback.on_epoch_end(net, **arguments)


@contextlib.contextmanager
def _plain_accuracy(callback):
    if type(callback) is not EpochScoring or callback.scoring_ != "accuracy":
        yield
        return
    callback.scoring_ = _accuracy
    try:
        yield
    finally:
        callback.scoring_ = "accuracy"


def _accuracy(net, X, y):
    """Return what scikit-learn's accuracy scorer does, which looks at the labels five times."""
    known = isinstance(y, np.ndarray) and y.ndim == 1 and y.dtype.kind in "iu"
    if not known:
        return get_scorer("accuracy")(net, X, y)
    return float(np.mean(net.predict(X) == y))


@contextlib.contextmanager
def fused_steps(net):
    """Let Adam and AdamW step all weights in one call on a CPU, unless the user said otherwise."""
    groups = [
        group
        for name in net._optimizers
        if type(optimizer := getattr(net, name + "_")) in FUSED
        for group in optimizer.param_groups
        if group["fused"] is None and not group["foreach"] and _on_cpu(group)
    ]
    for group in groups:
        group["fused"] = True
    try:
        yield
    finally:
        for group in groups:
            group["fused"] = None


def _on_cpu(group):
    plain = not (group["differentiable"] or group["capturable"] or torch.is_tensor(group["lr"]))
    return plain and all(
        weight.is_cpu and weight.dtype == torch.float32 for weight in group["params"]
    )
