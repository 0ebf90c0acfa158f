"""Files from where they were published, checked by their SHA256."""

import hashlib
import pickle  # nosec: read by `PlainUnpickler` alone, which makes arrays and nothing else
from numbers import Integral, Real
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.datasets import get_data_home

from ..utils._sklearn import Interval, fetch_remote

FOLDER = "sklearn_slr"
# What a fetcher's own parameters share; each adds what it has besides.
FETCHER_CONSTRAINTS = {
    "data_home": [str, Path, None],
    "download_if_missing": ["boolean"],
    "n_retries": [Interval(Integral, 0, None, closed="left")],
    "delay": [Interval(Real, 0, None, closed="left")],
}


class Remote(NamedTuple):
    """A published file.

    Parameters
    ----------
    filename : str
        Its name here.
    url : str
        Its address.
    checksum : str
        Its SHA256.
    """

    filename: str
    url: str
    checksum: str


def fetch_file(remote, data_home=None, *, download_if_missing=True, n_retries=3, delay=1.0):
    """Return the path of a published file, downloaded if it is not there.

    Parameters
    ----------
    remote : Remote
        The file.
    data_home : path-like, default=None
        Folder of data sets; None is scikit-learn's own.
    download_if_missing : bool, default=True
        Whether a missing file may be downloaded.
    n_retries : int, default=3
        How often a download is tried again.
    delay : float, default=1.0
        Seconds between tries.

    Returns
    -------
    Path
        The file, whose SHA256 is right.

    Raises
    ------
    OSError
        If the file cannot be had, or is another one. The text says where to put it by hand.
    """
    folder = Path(get_data_home(data_home)) / FOLDER
    folder.mkdir(exist_ok=True)
    path = folder / remote.filename
    by_hand = f"Download {remote.url} by other means and put it at {path}."
    if not download_if_missing:
        if not path.exists():
            raise OSError(f"{path} is missing, and download_if_missing is False. {by_hand}")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != remote.checksum:
            raise OSError(f"{path} has SHA256 {found}; {remote.checksum} is wanted. {by_hand}")
        return path
    try:
        return fetch_remote(*remote, folder, n_retries, delay)
    except OSError as error:
        raise OSError(f"{remote.url} could not be downloaded: {error}. {by_hand}") from error


class PlainUnpickler(pickle.Unpickler):
    """A reader of pickles that makes NumPy arrays, and can call nothing else."""

    _known = {
        # Where NumPy 1 and NumPy 2 have it.
        ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy._core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): str.encode,  # bytes in protocol 2
    }

    def find_class(self, module, name):
        """Return what arrays are made of; refuse the rest."""
        try:
            return self._known[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"the file asks for {module}.{name}; a file of plain arrays is wanted."
            ) from None
