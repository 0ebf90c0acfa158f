"""Plots of fitted estimators; matplotlib is only imported when something is drawn."""

from ._label_issues import LabelIssuesDisplay
from ._label_refinement import LabelRefinementDisplay
from ._refinement_curve import RefinementCurveDisplay
from ._review import export_label_review, read_label_review
from ._thresholds import ThresholdDisplay

__all__ = [
    "LabelIssuesDisplay",
    "LabelRefinementDisplay",
    "RefinementCurveDisplay",
    "ThresholdDisplay",
    "export_label_review",
    "read_label_review",
]
