"""Losses for nets (torch): soft targets, focal loss, online hard example mining.

The classification losses are subclasses of ``nn.CrossEntropyLoss``, so that skorch treats the
module's outputs as logits. They accept labels and probability rows, both in plain skorch and in
this package's estimators.
"""

from ._classification import FocalLoss, OHEMLoss, SoftTargetKLDivLoss
from ._regression import OHEMRegressionLoss

__all__ = ["FocalLoss", "OHEMLoss", "OHEMRegressionLoss", "SoftTargetKLDivLoss"]
