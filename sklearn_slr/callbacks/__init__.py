"""Callbacks for skorch nets: weight averaging, learning rate schedules, mixed precision."""

from ._precision import MixedPrecision
from ._schedules import cosine_with_warmup, one_cycle
from ._weight_averaging import StochasticWeightAveraging

__all__ = ["MixedPrecision", "StochasticWeightAveraging", "cosine_with_warmup", "one_cycle"]
