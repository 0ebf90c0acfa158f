"""Losses of nets (torch): soft targets, focal, online hard example mining.

The classification losses are subclasses of ``nn.CrossEntropyLoss``, by which skorch knows that
the module's outputs are logits. They take labels as well as probability rows, in plain skorch and
inside of this package's estimators.
"""

from ._classification import FocalLoss, OHEMLoss, SoftTargetKLDivLoss
from ._regression import OHEMRegressionLoss

__all__ = ["FocalLoss", "OHEMLoss", "OHEMRegressionLoss", "SoftTargetKLDivLoss"]
