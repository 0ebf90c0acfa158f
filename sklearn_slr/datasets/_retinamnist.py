"""RetinaMNIST: grades of diabetic retinopathy, in small images."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from sklearn.utils import Bunch

from ..utils._sklearn import StrOptions, validate_params
from ._download import FETCHER_CONSTRAINTS, fetch_file

FILE = {
    "filename": "retinamnist.npz",
    "url": "https://zenodo.org/records/10519652/files/retinamnist.npz?download=1",
    "checksum": "254915f5f0a2074665c4676356824cf4ef4a3bcab233894b4bafcaf48962bd69",
}
SUBSETS = ("train", "val", "test")
DESCR = """RetinaMNIST

1600 colour photographs of retinas, 28 x 28 pixels, with the grade of diabetic retinopathy from 0
(none) to 4 (proliferative). They are images of DeepDRiD, cropped and scaled down by MedMNIST v2:
1080 for training, 120 for validation, and 400 for testing, which are DeepDRiD's validation set. A
patient has about four images, but the file does not say which images belong to one patient.

Licence: CC BY 4.0.

Yang, Shi, Wei, Liu, Zhao, Ke, Pfister, Ni: MedMNIST v2 - A large-scale lightweight benchmark for 2D
and 3D biomedical image classification. Scientific Data 10, 2023.

Liu, Wang, Wu and others: DeepDRiD: Diabetic Retinopathy - Grading and Image Quality Estimation
Challenge. Patterns 3, 2022.
"""


@validate_params(
    {
        **FETCHER_CONSTRAINTS,
        "subset": [StrOptions({*SUBSETS, "all"})],
        "return_X_y": ["boolean"],
        "as_frame": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_retinamnist(
    *,
    data_home: str | Path | None = None,
    subset: Literal["train", "val", "test", "all"] = "train",
    download_if_missing: bool = True,
    return_X_y: bool = False,
    as_frame: bool = False,
    n_retries: int = 3,
    delay: float = 1.0,
) -> Any:
    """Load RetinaMNIST, five ordered grades of 1600 retinas (downloaded once, 3.3 MB).

    ========   ==============================
    Classes    5, ordered
    Samples    1080 train, 120 val, 400 test
    Features   2352: 28 x 28 pixels, 3 colours
    Licence    CC BY 4.0
    ========   ==============================

    Parameters
    ----------
    data_home : str or Path, default=None
        Folder of data sets. None is scikit-learn's folder, ``~/scikit_learn_data``.
    subset : {"train", "val", "test", "all"}, default="train"
        Which images to load; "all" has the three subsets in this order.
    download_if_missing : bool, default=True
        Whether to download a missing file. If False, a missing file raises an `OSError`.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a `Bunch`.
    as_frame : bool, default=False
        Return pandas objects: `data` is a DataFrame with a column for each value of a pixel,
        `target` is a Series.
    n_retries : int, default=3
        How often a failed download is repeated.
    delay : float, default=1.0
        Seconds between attempts.

    Returns
    -------
    data : sklearn.utils.Bunch
        With `data` (n, 2352) of bytes, `images` (n, 28, 28, 3), the same bytes, `target` (n,),
        `target_names`, `part` (n,), the subset that each image belongs to, `DESCR`, and with
        `as_frame` also `frame`, which joins `data` and `target`.
    (data, target) : tuple
        If `return_X_y`.

    Raises
    ------
    OSError
        If the file is missing and cannot be downloaded, or has another checksum.

    See Also
    --------
    fetch_cifar10n : Human labels of natural images.

    Examples
    --------
    >>> from sklearn_slr.datasets import fetch_retinamnist
    >>> X, y = fetch_retinamnist(return_X_y=True)  # doctest: +SKIP
    >>> X.shape  # doctest: +SKIP
    (1080, 2352)
    """
    path = fetch_file(
        **FILE,
        data_home=data_home,
        download_if_missing=download_if_missing,
        n_retries=n_retries,
        delay=delay,
    )
    subsets = SUBSETS if subset == "all" else (subset,)
    with np.load(path, allow_pickle=False) as arrays:
        images = np.concatenate([arrays[f"{name}_images"] for name in subsets])
        labels = [arrays[f"{name}_labels"].ravel() for name in subsets]
    target = np.concatenate(labels).astype(np.int64)
    data, frame = images.reshape(len(images), -1), None
    if as_frame:
        import pandas

        names = [f"pixel_{row}_{column}_{c}" for row, column, c in np.ndindex(28, 28, 3)]
        data = pandas.DataFrame(data, columns=names)
        target = pandas.Series(target, name="grade")
        frame = data.assign(grade=target)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        frame=frame,
        images=images,
        part=np.repeat(subsets, [len(each) for each in labels]),
        target_names=np.array(["none", "mild", "moderate", "severe", "proliferative"]),
        DESCR=DESCR,
    )
