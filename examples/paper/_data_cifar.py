"""CIFAR-10 from the python batches or from JPEG copies, and the human labels of CIFAR-10N."""

import io
import pickle
from pathlib import Path

import numpy as np

from examples.benchmarks.common.data import data_folder

BATCHES = "cifar-10-batches-py"
N_TRAIN = 50_000


def load_images(folder, rows):
    """Return images and clean labels.

    Parameters
    ----------
    folder : path
        It holds ``cifar-10-batches-py``, or else ``cifar10_jpeg.npz``: "jpeg", the bytes of all
        images, "offsets", where each begins and ends, "y_train", "y_test".
    rows : array of int
        0 to 49,999 are the training images in the order of the batches, the test images follow.

    Returns
    -------
    X : ndarray of uint8 of shape (n, 3, 32, 32)
        Images.
    y : ndarray of int of shape (n,)
        Classes.
    """
    batches = Path(folder) / BATCHES
    return _from_batches(batches, rows) if batches.is_dir() else _from_jpeg(Path(folder), rows)


def find(argument):
    """Return the folder of the data, and whether its images are JPEG copies."""
    folder = data_folder(argument)
    if (folder / BATCHES).is_dir():
        return folder, False
    return data_folder(argument, "cifar10_jpeg.npz"), True


def labels_of(folder):
    """Return the clean labels of all images, training images first."""
    batches = Path(folder) / BATCHES
    if batches.is_dir():
        return np.concatenate([batch[b"labels"] for batch in _read_batches(batches)])
    with np.load(Path(folder) / "cifar10_jpeg.npz") as data:
        return np.concatenate([data["y_train"], data["y_test"]]).astype(int)


def human_labels(folder, name):
    """Return human labels of the training images.

    Parameters
    ----------
    folder : path
        It holds ``cifar10n_labels.npz``, or else the original ``CIFAR-10_human.pt``.
    name : str
        "aggre", "worse", "random1", "random2" or "random3".

    Returns
    -------
    ndarray of int of shape (50000,)
        Labels, in the order of the batches.
    """
    key = name.replace("random", "random_label") if "random" in name else f"{name}_label"
    original = Path(folder) / "CIFAR-10_human.pt"
    if original.exists():
        import torch

        # NumPy arrays in a pickle: trust the file as you trust its source.
        return np.asarray(torch.load(original, weights_only=False)[key]).astype(int)
    with np.load(data_folder(folder, "cifar10n_labels.npz") / "cifar10n_labels.npz") as data:
        return data[key].astype(int).ravel()


def _read_batches(folder):
    for name in [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]:
        with (folder / name).open("rb") as file:
            yield pickle.load(file, encoding="bytes")


def _from_batches(folder, rows):
    batches = list(_read_batches(folder))
    X = np.concatenate([batch[b"data"] for batch in batches]).reshape(-1, 3, 32, 32)
    y = np.concatenate([batch[b"labels"] for batch in batches])
    return X[rows], y[rows]


def _from_jpeg(folder, rows):
    from PIL import Image

    with np.load(folder / "cifar10_jpeg.npz") as data:
        jpeg, offsets = data["jpeg"], data["offsets"]
        y = np.concatenate([data["y_train"], data["y_test"]]).astype(int)
    X = np.empty((len(rows), 3, 32, 32), dtype=np.uint8)
    for place, row in enumerate(rows):
        code = io.BytesIO(jpeg[offsets[row] : offsets[row + 1]].tobytes())
        X[place] = np.asarray(Image.open(code).convert("RGB")).transpose(2, 0, 1)
    return X, y[rows]
