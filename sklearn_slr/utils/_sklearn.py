"""All imports of scikit-learn's private names; other modules import them from here."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import sklearn
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils._tags import get_tags
from sklearn.utils.fixes import parse_version
from sklearn.utils.metadata_routing import _routing_enabled as routing_enabled
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.metaestimators import _BaseComposition, _safe_split
from sklearn.utils.validation import (
    _check_method_params as index_method_params,
)
from sklearn.utils.validation import (
    _check_sample_weight as check_sample_weight,
)
from sklearn.utils.validation import (
    _num_samples as num_samples,
)

if TYPE_CHECKING:
    F = TypeVar("F", bound=Callable[..., Any])

    # They have no types, and functions that they wrap would lose theirs.
    def _fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[F], F]: ...
    def available_if(check: Callable[[Any], Any]) -> Callable[[F], F]: ...
    def validate_params(
        parameter_constraints: dict[str, Any], *, prefer_skip_nested_validation: bool
    ) -> Callable[[F], F]: ...
else:
    from sklearn.base import _fit_context
    from sklearn.utils._param_validation import validate_params
    from sklearn.utils.metaestimators import available_if

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """scikit-learn has no callbacks before 1.9."""


# Until 1.8, discriminant analysis by "svd" divided scatter by n less the means that it estimates.
SCATTER_BY_FREEDOM = parse_version(sklearn.__version__) < parse_version("1.9")


def fetch_remote(filename, url, checksum, folder, n_retries, delay):
    """Download a file, unless it is there, and check its SHA256.

    Parameters
    ----------
    filename, url, checksum : str
        Name, address and SHA256 of the file.
    folder : path-like
        Where it goes.
    n_retries : int
        How often a download is tried again.
    delay : float
        Seconds between tries.

    Returns
    -------
    Path
        The file. Its import is here, as only fetchers need it.
    """
    from sklearn.datasets._base import RemoteFileMetadata, _fetch_remote

    remote = RemoteFileMetadata(filename=filename, url=url, checksum=checksum)
    return _fetch_remote(remote, dirname=folder, n_retries=n_retries, delay=delay)


def neighbor_weights(distances, weights):
    """Return the weights of neighbours at these distances, as scikit-learn's neighbours do."""
    from sklearn.neighbors._base import _get_weights

    return _get_weights(distances, weights)


def visual_block(estimators, names):
    """Return the block in which scikit-learn's HTML shows estimators side by side.

    Parameters
    ----------
    estimators : list of estimator
        The estimators.
    names : list of str
        Their titles.

    Returns
    -------
    _VisualBlock
        Imported here, as only notebooks need it.
    """
    try:
        from sklearn.utils._repr_html.estimator import _VisualBlock
    except ImportError:  # until 1.6
        from sklearn.utils._estimator_html_repr import _VisualBlock
    return _VisualBlock("parallel", estimators, names=names)


__all__ = [
    "SCATTER_BY_FREEDOM",
    "BaseSearchCV",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "StrOptions",
    "_BaseComposition",
    "_fit_context",
    "_safe_split",
    "available_if",
    "check_sample_weight",
    "fetch_remote",
    "get_tags",
    "index_method_params",
    "neighbor_weights",
    "num_samples",
    "process_routing",
    "routing_enabled",
    "safe_indexing",
    "validate_params",
    "visual_block",
]
