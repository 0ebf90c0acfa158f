"""The door to what scikit-learn's fetchers keep private: apart, as only fetchers want it loaded."""

from sklearn.datasets._base import RemoteFileMetadata
from sklearn.datasets._base import _fetch_remote as fetch_remote

__all__ = ["RemoteFileMetadata", "fetch_remote"]
