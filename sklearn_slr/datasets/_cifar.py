"""The images of CIFAR-10, and human labels of them: CIFAR-10N."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path
from typing import Any, Literal

import numpy as np
from sklearn.utils import Bunch

from ..utils._sklearn import StrOptions, validate_params
from ._download import FETCHER_CONSTRAINTS, PlainUnpickler, fetch_file

IMAGES = {
    "filename": "cifar-10-python.tar.gz",
    "url": "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    "checksum": "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
}
LABELS = {
    "filename": "CIFAR-10_human.pt",
    "url": "https://raw.githubusercontent.com/UCSC-REAL/cifar-10-100n/"
    "49df7d8a69e355470c77c1c2f2424916325a394b/data/CIFAR-10_human.pt",
    "checksum": "873e69c39cb9b5e97fb6bae2d60bb59b38a5cbc31d2b868f7903dcb2b9dd2310",
}
NAMES = np.array(
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
)
# The names of the labels here, and their names in the file.
COLUMNS = {
    "clean": "clean_label",
    "aggre": "aggre_label",
    "worse": "worse_label",
    "random1": "random_label1",
    "random2": "random_label2",
    "random3": "random_label3",
}
IMAGES_DESCR = """CIFAR-10

60,000 colour images of 32 x 32 pixels in ten classes: 50,000 for training, 10,000 for testing.

Licence: none is stated; the authors ask to cite the report.

Krizhevsky: Learning multiple layers of features from tiny images. Technical report, 2009.
"""
LABELS_DESCR = """CIFAR-10N

New labels of the 50,000 training images of CIFAR-10, in the order of its Python batches. Three
people on Amazon Mechanical Turk labelled each image. random1, random2, random3: their labels (17 to
18 % are wrong). aggre: the majority label, or a random one without a majority (9.0 % are wrong).
worse: a wrong label, if there is one (40.2 % are wrong).

Licence: CC BY-NC 4.0.

Wei, Zhu, Cheng, Liu, Niu, Liu: Learning with Noisy Labels Revisited: A Study Using Real-World Human
Annotations. ICLR 2022.
"""


@validate_params(
    {**FETCHER_CONSTRAINTS, "subset": [StrOptions({"train", "test"})], "return_X_y": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def fetch_cifar10(
    *,
    data_home: str | Path | None = None,
    subset: Literal["train", "test"] = "train",
    download_if_missing: bool = True,
    return_X_y: bool = False,
    n_retries: int = 3,
    delay: float = 1.0,
) -> Any:
    """Load the images of CIFAR-10 (downloaded once, 170 MB).

    ========   ==============================
    Classes    10
    Samples    50,000 train, 10,000 test
    Features   3072: 3 colours, 32 x 32 pixels
    Licence    none stated
    ========   ==============================

    Parameters
    ----------
    data_home : str or Path, default=None
        Folder of data sets. None is scikit-learn's folder, ``~/scikit_learn_data``.
    subset : {"train", "test"}, default="train"
        Which images to load.
    download_if_missing : bool, default=True
        Whether to download a missing file. If False, a missing file raises an `OSError`.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a `Bunch`.
    n_retries : int, default=3
        How often a failed download is repeated.
    delay : float, default=1.0
        Seconds between attempts.

    Returns
    -------
    data : sklearn.utils.Bunch
        With `data` (n, 3072) of bytes, `images` (n, 3, 32, 32), the same bytes in the shape that
        nets expect, `target` (n,), `target_names`, `DESCR`.
    (data, target) : tuple
        If `return_X_y`.

    Raises
    ------
    OSError
        If the file is missing and cannot be downloaded, or has another checksum.

    See Also
    --------
    fetch_cifar10n : Human labels of the training images.

    Examples
    --------
    >>> from sklearn_slr.datasets import fetch_cifar10
    >>> X, y = fetch_cifar10(subset="test", return_X_y=True)  # doctest: +SKIP
    >>> X.shape  # doctest: +SKIP
    (10000, 3072)
    """
    path = fetch_file(
        **IMAGES,
        data_home=data_home,
        download_if_missing=download_if_missing,
        n_retries=n_retries,
        delay=delay,
    )
    names = ["test_batch"] if subset == "test" else [f"data_batch_{k}" for k in range(1, 6)]
    # Members are read inside the archive: extracting an untrusted archive would be unsafe.
    with tarfile.open(path) as archive:
        files: list[Any] = [archive.extractfile(f"cifar-10-batches-py/{name}") for name in names]
        batches = [PlainUnpickler(file, encoding="bytes").load() for file in files]
    data = np.concatenate([batch[b"data"] for batch in batches])
    target = np.concatenate([batch[b"labels"] for batch in batches]).astype(np.int64)
    if return_X_y:
        return data, target
    images = data.reshape(-1, 3, 32, 32)
    return Bunch(data=data, target=target, images=images, target_names=NAMES, DESCR=IMAGES_DESCR)


@validate_params(
    {**FETCHER_CONSTRAINTS, "labels": [StrOptions(set(COLUMNS))], "as_frame": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def fetch_cifar10n(
    *,
    data_home: str | Path | None = None,
    labels: Literal["clean", "aggre", "worse", "random1", "random2", "random3"] = "worse",
    download_if_missing: bool = True,
    as_frame: bool = False,
    n_retries: int = 3,
    delay: float = 1.0,
) -> Bunch:
    """Load CIFAR-10N, human labels of CIFAR-10's training images (downloaded once, 2.4 MB).

    It has no images: `fetch_cifar10` loads them, in the same order.

    ========   =====================================
    Classes    10
    Samples    50,000
    Labels     6 for each image: 1 true, and 5 human
    Licence    CC BY-NC 4.0
    ========   =====================================

    Parameters
    ----------
    data_home : str or Path, default=None
        Folder of data sets. None is scikit-learn's folder, ``~/scikit_learn_data``.
    labels : {"clean", "aggre", "worse", "random1", "random2", "random3"}, default="worse"
        Which labels to return as `target`.
    download_if_missing : bool, default=True
        Whether to download a missing file. If False, a missing file raises an `OSError`.
    as_frame : bool, default=False
        Return pandas objects: `target` is a Series, `answers` and `frame` are DataFrames.
    n_retries : int, default=3
        How often a failed download is repeated.
    delay : float, default=1.0
        Seconds between attempts.

    Returns
    -------
    data : sklearn.utils.Bunch
        With `target` (50000,), the labels chosen by `labels`, `clean` (50000,), the true labels,
        `answers` (50000, 3), a column for each annotator, as ``refinement="annotators"`` expects
        them, `target_names`, `DESCR`, and with `as_frame` also `frame`, all six labels.

    Raises
    ------
    OSError
        If the file is missing and cannot be downloaded, or has another checksum.

    See Also
    --------
    fetch_cifar10 : The images.

    Examples
    --------
    >>> from sklearn_slr.datasets import fetch_cifar10n
    >>> human = fetch_cifar10n(labels="worse")  # doctest: +SKIP
    >>> float((human.target != human.clean).mean())  # doctest: +SKIP
    0.40208
    """
    path = fetch_file(
        **LABELS,
        data_home=data_home,
        download_if_missing=download_if_missing,
        n_retries=n_retries,
        delay=delay,
    )
    # The file was saved by torch, but holds NumPy arrays: torch is not needed to read it.
    with zipfile.ZipFile(path) as archive, archive.open("archive/data.pkl") as file:
        arrays = PlainUnpickler(file).load()
    columns = {name: np.asarray(arrays[key]).astype(np.int64) for name, key in COLUMNS.items()}
    target, clean, frame = columns[labels], columns["clean"], None
    annotators = ["random1", "random2", "random3"]
    answers = np.column_stack([columns[name] for name in annotators])
    if as_frame:
        import pandas

        frame = pandas.DataFrame(columns)
        target, clean, answers = frame[labels], frame["clean"], frame[annotators]
    return Bunch(
        target=target,
        clean=clean,
        answers=answers,
        frame=frame,
        target_names=NAMES,
        DESCR=LABELS_DESCR,
    )
