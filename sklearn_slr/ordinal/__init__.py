"""Ordinal targets: scores cut into grades."""

from ._regressor import ThresholdedRegressor
from ._thresholds import apply_thresholds, fit_thresholds

__all__ = ["ThresholdedRegressor", "apply_thresholds", "fit_thresholds"]
