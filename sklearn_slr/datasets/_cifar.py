"""CIFAR-10's images, and the labels that people gave them: CIFAR-10N."""

import tarfile
import zipfile
from pathlib import Path
from typing import Any, Literal

import numpy as np
from sklearn.utils import Bunch

from ..utils._sklearn import StrOptions, validate_params
from ._download import FETCHER_CONSTRAINTS, PlainUnpickler, Remote, fetch_file

IMAGES = Remote(
    filename="cifar-10-python.tar.gz",
    url="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    checksum="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
)
LABELS = Remote(
    filename="CIFAR-10_human.pt",
    url="https://raw.githubusercontent.com/UCSC-REAL/cifar-10-100n/"
    "49df7d8a69e355470c77c1c2f2424916325a394b/data/CIFAR-10_human.pt",
    checksum="873e69c39cb9b5e97fb6bae2d60bb59b38a5cbc31d2b868f7903dcb2b9dd2310",
)
NAMES = np.array(
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
)
# Our names, and those of the file.
COLUMNS = {
    "clean": "clean_label",
    "aggre": "aggre_label",
    "worse": "worse_label",
    "random1": "random_label1",
    "random2": "random_label2",
    "random3": "random_label3",
}
IMAGES_DESCR = """CIFAR-10

60,000 colour images, 32 x 32 pixels, of ten classes; 50,000 to train on, 10,000 to test.

Licence: none is stated; the authors ask to cite the report.

Krizhevsky: Learning multiple layers of features from tiny images. Technical report, 2009.
"""
LABELS_DESCR = """CIFAR-10N

The 50,000 training images of CIFAR-10, in the order of its python batches, labelled anew by three
people each on Amazon Mechanical Turk. random1, random2, random3: the three labels (17 to 18 % are
wrong); aggre: their majority, or one at random (9.0 %); worse: a wrong one, if any is (40.2 %).

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
        Folder of data sets; None is scikit-learn's, ``~/scikit_learn_data``.
    subset : {"train", "test"}, default="train"
        Which images.
    download_if_missing : bool, default=True
        Whether to download what is not there, instead of raising an `OSError`.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a `Bunch`.
    n_retries : int, default=3
        How often a download is tried again.
    delay : float, default=1.0
        Seconds between tries.

    Returns
    -------
    data : sklearn.utils.Bunch
        With `data` (n, 3072) of bytes, `images` (n, 3, 32, 32), the same bytes as nets take them,
        `target` (n,), `target_names`, `DESCR`.
    (data, target) : tuple
        If `return_X_y`.

    Raises
    ------
    OSError
        If the file is missing and cannot be downloaded, or is another one.

    See Also
    --------
    fetch_cifar10n : What people took the training images for.

    Examples
    --------
    >>> from sklearn_slr.datasets import fetch_cifar10
    >>> X, y = fetch_cifar10(subset="test", return_X_y=True)  # doctest: +SKIP
    >>> X.shape  # doctest: +SKIP
    (10000, 3072)
    """
    path = fetch_file(
        IMAGES,
        data_home,
        download_if_missing=download_if_missing,
        n_retries=n_retries,
        delay=delay,
    )
    names = ["test_batch"] if subset == "test" else [f"data_batch_{k}" for k in range(1, 6)]
    # Members are read where they lie; nothing of the archive is written anywhere.
    with tarfile.open(path) as archive:
        batches = [
            PlainUnpickler(
                archive.extractfile(f"cifar-10-batches-py/{name}"),  # type: ignore[arg-type]
                encoding="bytes",
            ).load()
            for name in names
        ]
    data = np.concatenate([batch[b"data"] for batch in batches])
    target = np.concatenate([batch[b"labels"] for batch in batches]).astype(np.int64)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        images=data.reshape(-1, 3, 32, 32),
        target_names=NAMES,
        DESCR=IMAGES_DESCR,
    )


@validate_params(
    {
        **FETCHER_CONSTRAINTS,
        "labels": [StrOptions(set(COLUMNS))],
        "as_frame": ["boolean"],
    },
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

    There are no images in it: `fetch_cifar10` has them, in the same order.

    ========   ==================================
    Classes    10
    Samples    50,000
    Labels     6 for each: true, and 5 human ones
    Licence    CC BY-NC 4.0
    ========   ==================================

    Parameters
    ----------
    data_home : str or Path, default=None
        Folder of data sets; None is scikit-learn's, ``~/scikit_learn_data``.
    labels : {"clean", "aggre", "worse", "random1", "random2", "random3"}, default="worse"
        Which labels are the `target`.
    download_if_missing : bool, default=True
        Whether to download what is not there, instead of raising an `OSError`.
    as_frame : bool, default=False
        Return pandas objects: `target` a Series, `answers` and `frame`, all labels, DataFrames.
    n_retries : int, default=3
        How often a download is tried again.
    delay : float, default=1.0
        Seconds between tries.

    Returns
    -------
    data : sklearn.utils.Bunch
        With `target` (50000,), the labels asked for, `clean` (50000,), the true ones, `answers`
        (50000, 3), one label of each of three people, as ``refinement="annotators"`` takes them,
        `target_names`, `DESCR`, and with `as_frame` also `frame`, of all six labels.

    Raises
    ------
    OSError
        If the file is missing and cannot be downloaded, or is another one.

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
        LABELS,
        data_home,
        download_if_missing=download_if_missing,
        n_retries=n_retries,
        delay=delay,
    )
    # A torch file of NumPy arrays, which needs no torch.
    with zipfile.ZipFile(path) as archive, archive.open("archive/data.pkl") as file:
        arrays = PlainUnpickler(file).load()
    columns = {name: np.asarray(arrays[key]).astype(np.int64) for name, key in COLUMNS.items()}
    target, clean, frame = columns[labels], columns["clean"], None
    people = ["random1", "random2", "random3"]
    answers = np.column_stack([columns[name] for name in people])
    if as_frame:
        import pandas

        frame = pandas.DataFrame(columns)
        target, clean, answers = frame[labels], frame["clean"], frame[people]
    return Bunch(
        target=target,
        clean=clean,
        answers=answers,
        frame=frame,
        target_names=NAMES,
        DESCR=LABELS_DESCR,
    )
