"""The net of all methods, and a regressor made of a classifier."""

import numpy as np
import torch
from sklearn.base import BaseEstimator, RegressorMixin, clone
from skorch import NeuralNetRegressor
from torch import nn

EPOCHS, BATCH, WIDTH, RATE = 20, 128, 64, 0.01


class Body(nn.Module):
    """The net of every method: one hidden layer; `start` is where the last bias begins."""

    def __init__(self, n_features, n_outputs=1, start=0.0):
        super().__init__()
        self.hidden = nn.Linear(n_features, WIDTH)
        self.last = nn.Linear(WIDTH, n_outputs)
        nn.init.constant_(self.last.bias, start)

    def forward(self, X):
        """Return (n_samples, n_outputs)."""
        return self.last(torch.relu(self.hidden(X)))


def regression_net(n_features, start):
    """Return the net as a regressor, for everything that cuts scores."""
    return NeuralNetRegressor(
        Body, module__n_features=n_features, module__start=start, **net_settings()
    )


def net_settings():
    """Return how the net of every method is trained, as parameters of skorch."""
    return {
        "optimizer": torch.optim.Adam,
        "lr": RATE,
        "max_epochs": EPOCHS,
        "batch_size": BATCH,
        "train_split": None,
        "verbose": 0,
    }


class ExpectedGrade(RegressorMixin, BaseEstimator):
    """Regressor whose score is the mean grade under a classifier's probabilities.

    Parameters
    ----------
    classifier : estimator
        Any probabilistic classifier.
    """

    def __init__(self, classifier):
        self.classifier = classifier

    def fit(self, X, y):
        """Fit the classifier on grades."""
        self.classifier_ = clone(self.classifier).fit(X, np.rint(y).astype(int))
        return self

    def predict(self, X):
        """Return the expected grade of each row."""
        return self.classifier_.predict_proba(X) @ self.classifier_.classes_
