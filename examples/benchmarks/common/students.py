"""The students of the noisy-label benchmark: a net and four scikit-learn estimators."""

import torch
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from skorch import NeuralNetClassifier
from skorch.callbacks import LRScheduler
from torch import nn

from .noisy_problems import data_of

# Inputs, hidden units, classes, epochs and rows a batch of the net. The epochs are what a user, who
# has no true labels, would take: of 3, 5, 10, 20, 30 and 60 those of the plain net's best
# cross-validated accuracy on the *given* labels, mean over seeds 0 to 4 and the problems of a data
# set. The toy's are those of 10, 20, 30 and 60 that suit the net best on true labels.
NETS = {
    "digits": (64, 48, 10, 30, 100),
    "cancer": (30, 32, 2, 3, 32),
    "wine": (13, 32, 3, 10, 16),
    "blobs": (2, 48, 3, 10, 50),
    "spirals": (2, 48, 3, 60, 100),
    "labelme": (512, 32, 8, 5, 100),
    "cifar": (256, 64, 10, 3, 100),
}
STUDENTS = ("mlp", "logistic", "knn", "forest", "boosting")
STUDENTS_OF = {
    "digits": STUDENTS,
    "cancer": STUDENTS,
    "wine": STUDENTS,
    "blobs": ("mlp", "knn"),
    "spirals": ("mlp", "knn"),
    "labelme": ("mlp", "logistic", "forest"),
    "cifar": ("mlp", "logistic"),
}


class Mlp(nn.Module):
    """One hidden layer."""

    def __init__(self, n_features, n_hidden, n_classes):
        super().__init__()
        self.hidden = nn.Linear(n_features, n_hidden)
        self.last = nn.Linear(n_hidden, n_classes)

    def forward(self, X):
        """Return the logits, (n_samples, n_classes)."""
        return self.last(torch.relu(self.hidden(X)))


def make_student(name, problem):
    """Return an unfitted student.

    Parameters
    ----------
    name : str
        One of `STUDENTS`.
    problem : str
        The problem's name, for the size of the net.

    Returns
    -------
    estimator
        Its `random_state`, where it has one, is open: the methods seed it.
    """
    if name == "mlp":
        return _net(*NETS[data_of(problem)])
    return {
        "logistic": LogisticRegression(max_iter=1000),
        "knn": KNeighborsClassifier(5),
        "forest": RandomForestClassifier(100),
        "boosting": HistGradientBoostingClassifier(
            max_iter=30, max_leaf_nodes=8, early_stopping=False
        ),
    }[name]


def make_teachers():
    """Return the mixed teachers of SLR-e."""
    return [(name, make_student(name, "")) for name in ("forest", "knn", "logistic")]


def _net(n_features, n_hidden, n_classes, epochs, batch):
    return NeuralNetClassifier(
        Mlp,
        module__n_features=n_features,
        module__n_hidden=n_hidden,
        module__n_classes=n_classes,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=0.01,
        max_epochs=epochs,
        batch_size=batch,
        callbacks=[("schedule", LRScheduler("CosineAnnealingLR", T_max=epochs))],
        train_split=None,
        verbose=0,
    )
