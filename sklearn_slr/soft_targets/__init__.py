"""Soft targets: any classifier learns from probability rows."""

from ._classifier import SoftTargetClassifier

__all__ = ["SoftTargetClassifier"]
