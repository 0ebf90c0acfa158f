"""Callbacks of skorch nets: stochastic weight averaging, learning rates of a whole run."""

from ._schedules import cosine_with_warmup, one_cycle
from ._weight_averaging import StochasticWeightAveraging

__all__ = ["StochasticWeightAveraging", "cosine_with_warmup", "one_cycle"]
