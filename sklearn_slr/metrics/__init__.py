"""Scores of predicted grades, of probabilities with soft targets, and of observed labels."""

from ._kappa import quadratic_weighted_kappa, quadratic_weighted_kappa_scorer
from ._quality import label_quality_scores
from ._soft import soft_log_loss

__all__ = [
    "label_quality_scores",
    "quadratic_weighted_kappa",
    "quadratic_weighted_kappa_scorer",
    "soft_log_loss",
]
