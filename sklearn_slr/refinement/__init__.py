"""The M step: strategies that refine labels with out-of-fold predictions."""

from ._annotators import AnnotatorRefinement
from ._auto import AutoRefinement
from ._average import AverageRefinement
from ._ordinal import OrdinalRefinement
from ._posterior import PosteriorRefinement
from ._robust import RobustRefinement

__all__ = [
    "AnnotatorRefinement",
    "AutoRefinement",
    "AverageRefinement",
    "OrdinalRefinement",
    "PosteriorRefinement",
    "RobustRefinement",
]
