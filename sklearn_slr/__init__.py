"""Learning from imperfect labels, the scikit-learn way."""

import importlib

from ._classifier import SLRClassifier
from ._out_of_fold import out_of_fold_predict
from ._regressor import SLRRegressor
from ._version import __version__
from .ordinal import ThresholdedRegressor
from .soft_targets import SoftTargetClassifier

_SUBPACKAGES = (
    "baselines",
    "callbacks",
    "datasets",
    "displays",
    "losses",
    "metrics",
    "ordinal",
    "refinement",
    "soft_targets",
)

__all__ = [
    "SLRClassifier",
    "SLRRegressor",
    "SoftTargetClassifier",
    "ThresholdedRegressor",
    "__version__",
    "out_of_fold_predict",
]


def __getattr__(name):
    if name in _SUBPACKAGES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*__all__, *_SUBPACKAGES])
