"""Data sets with imperfect labels: generated, or downloaded from where they were published."""

from ._cifar import fetch_cifar10, fetch_cifar10n
from ._noise import make_noisy_labels
from ._retinamnist import fetch_retinamnist
from ._toy import make_three_class_toy

__all__ = [
    "fetch_cifar10",
    "fetch_cifar10n",
    "fetch_retinamnist",
    "make_noisy_labels",
    "make_three_class_toy",
]
