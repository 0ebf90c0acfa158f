"""Pictures of what was learned; matplotlib is imported when something is drawn."""

from ._thresholds import ThresholdDisplay

__all__ = ["ThresholdDisplay"]
