"""Callbacks of skorch nets: weight averaging, learning rates of a whole run, mixed precision."""

from ._precision import MixedPrecision
from ._schedules import cosine_with_warmup, one_cycle
from ._weight_averaging import StochasticWeightAveraging

__all__ = ["MixedPrecision", "StochasticWeightAveraging", "cosine_with_warmup", "one_cycle"]
