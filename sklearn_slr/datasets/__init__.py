"""Data with imperfect labels: made."""

from ._noise import make_noisy_labels
from ._toy import make_three_class_toy

__all__ = ["make_noisy_labels", "make_three_class_toy"]
