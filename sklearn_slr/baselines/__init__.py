"""Other ways to soft labels, to compare SLR with: in-sample, without folds."""

from ._distillation import KnowledgeDistillationClassifier, KnowledgeDistillationRegressor
from ._label_refinery import LabelRefineryClassifier, LabelRefineryRegressor
from ._label_smoothing import LabelSmoothingClassifier

__all__ = [
    "KnowledgeDistillationClassifier",
    "KnowledgeDistillationRegressor",
    "LabelRefineryClassifier",
    "LabelRefineryRegressor",
    "LabelSmoothingClassifier",
]
