"""The M step: strategies that refine labels from out-of-fold predictions."""

from ._average import AverageRefinement
from ._posterior import PosteriorRefinement

__all__ = ["AverageRefinement", "PosteriorRefinement"]
