"""The M step: strategies that refine labels with out-of-fold predictions."""

from ._annotators import AnnotatorRefinement
from ._auto import AutoRefinement
from ._average import AverageRefinement
from ._posterior import PosteriorRefinement

__all__ = ["AnnotatorRefinement", "AutoRefinement", "AverageRefinement", "PosteriorRefinement"]
