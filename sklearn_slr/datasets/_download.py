"""Download published files, and check their SHA256."""

import hashlib
import pickle  # nosec: only `PlainUnpickler` reads pickles, and it only makes arrays
from numbers import Integral, Real
from pathlib import Path

import numpy as np
from sklearn.datasets import get_data_home

from ..utils._sklearn import Interval, fetch_remote

FOLDER = "sklearn_slr"
# The parameters that all fetchers have.
FETCHER_CONSTRAINTS = {
    "data_home": [str, Path, None],
    "download_if_missing": ["boolean"],
    "n_retries": [Interval(Integral, 0, None, closed="left")],
    "delay": [Interval(Real, 0, None, closed="left")],
}


def fetch_file(
    filename, url, checksum, *, data_home=None, download_if_missing=True, n_retries=3, delay=1.0
):
    """Return the path of a published file, and download it if it is missing.

    Parameters
    ----------
    filename : str
        Name of the file on this machine.
    url : str
        Its address.
    checksum : str
        Its SHA256.
    data_home : path-like, default=None
        Folder of data sets. None is scikit-learn's folder.
    download_if_missing : bool, default=True
        Whether to download a missing file.
    n_retries : int, default=3
        How often a failed download is repeated.
    delay : float, default=1.0
        Seconds between attempts.

    Returns
    -------
    Path
        The file, whose SHA256 is `checksum`.

    Raises
    ------
    OSError
        If the file cannot be downloaded, or has another checksum. The message says where to put
        the file by hand.
    """
    folder = Path(get_data_home(data_home)) / FOLDER
    folder.mkdir(exist_ok=True)
    path = folder / filename
    by_hand = f"Download {url} by other means and put it at {path}."
    if not download_if_missing:
        if not path.exists():
            raise OSError(f"{path} is missing, and download_if_missing is False. {by_hand}")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != checksum:
            raise OSError(f"{path} has SHA256 {found}; expected {checksum}. {by_hand}")
        return path
    try:
        return fetch_remote(filename, url, checksum, folder, n_retries, delay)
    except OSError as error:
        raise OSError(f"{url} could not be downloaded: {error}. {by_hand}") from error


class PlainUnpickler(pickle.Unpickler):
    """A reader of pickles that makes NumPy arrays, and calls no other code."""

    _allowed = {
        # NumPy 1 and NumPy 2 have it in different modules.
        ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy._core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): str.encode,  # bytes in protocol 2
    }

    def find_class(self, module, name):
        """Return a constructor that arrays need; refuse all others."""
        try:
            return self._allowed[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"the file needs {module}.{name}; expected a file of plain arrays."
            ) from None
