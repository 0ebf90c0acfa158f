"""Nets of every kind: what the workloads train."""

import itertools

from torch import nn


class MLP(nn.Sequential):
    """Linear layers and ReLU, on request with batch norm and dropout."""

    def __init__(self, sizes, norm=False, dropout=0.0):
        layers = []
        for n_inputs, n_outputs in itertools.pairwise(sizes[:-1]):
            layers += [nn.Linear(n_inputs, n_outputs)]
            layers += [nn.BatchNorm1d(n_outputs)] if norm else []
            layers += [nn.ReLU()]
            layers += [nn.Dropout(dropout)] if dropout else []
        super().__init__(*layers, nn.Linear(sizes[-2], sizes[-1]))


class CNN(nn.Sequential):
    """Three convolutions with batch norm, and the mean over what is left of the image."""

    def __init__(self, channels=(1, 16, 32, 64), n_classes=10):
        layers = []
        for n_inputs, n_outputs in itertools.pairwise(channels):
            layers += [nn.Conv2d(n_inputs, n_outputs, 3, padding=1), nn.BatchNorm2d(n_outputs)]
            layers += [nn.ReLU(), nn.MaxPool2d(2)]
        super().__init__(
            *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels[-1], n_classes)
        )


class Transformer(nn.Module):
    """One encoder block over the rows of the digits as eight tokens."""

    def __init__(self, n_inputs=8, width=32, n_classes=10):
        super().__init__()
        self.embed = nn.Linear(n_inputs, width)
        self.block = nn.TransformerEncoderLayer(width, 4, 64, dropout=0.0, batch_first=True)
        self.head = nn.Linear(width, n_classes)

    def forward(self, X):
        return self.head(self.block(self.embed(X)).mean(dim=1))


class LSTM(nn.Module):
    """A recurrent net over the rows of the digits as eight steps."""

    def __init__(self, n_inputs=8, width=32, n_classes=10):
        super().__init__()
        self.recurrent = nn.LSTM(n_inputs, width, batch_first=True)
        self.head = nn.Linear(width, n_classes)

    def forward(self, X):
        return self.head(self.recurrent(X)[0][:, -1])
