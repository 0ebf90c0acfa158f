"""The net whose fits are disturbed."""

import skorch
import torch

from .problem import mark


class MarkFit(skorch.callbacks.Callback):
    """Marks the fits of a net."""

    def __init__(self, log=None):
        self.log = log

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        mark(self.log, X)


def make_net(log):
    return skorch.NeuralNetClassifier(
        torch.nn.Linear,
        module__in_features=64,
        module__out_features=10,
        criterion=torch.nn.CrossEntropyLoss,
        max_epochs=15,
        batch_size=32,
        train_split=None,
        verbose=0,
        callbacks=[("mark", MarkFit(log))],
    )
