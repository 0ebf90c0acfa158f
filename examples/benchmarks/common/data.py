"""Where the benchmarks find their data: an argument, else ``SLR_DATA``, else a clear refusal."""

import os
from pathlib import Path

SOURCES = {
    "retinamnist.npz": "RetinaMNIST, 28 x 28, of MedMNIST v2 (https://medmnist.com, CC BY 4.0)",
    "cifar10_jpeg.npz": "CIFAR-10 (https://www.cs.toronto.edu/~kriz/cifar.html) as JPEG bytes",
    "cifar10n_labels.npz": "CIFAR-10N (http://noisylabels.com, CC BY-NC 4.0)",
    "cifar10h_counts.npz": "CIFAR-10H (https://github.com/jcpeterson/cifar-10h, CC BY-NC-SA 4.0)",
    "labelme_crowd.npz": "LabelMe with real crowd labels (Rodrigues and Pereira, 2018)",
    "train.csv": "Plant Pathology 2020 - FGVC7 (https://www.kaggle.com, unpacked)",
    "images": "the images beside train.csv",
    "regular_fundus_images": "DeepDRiD (https://github.com/deepdrdoc/DeepDRiD)",
    "ordinal": "a folder of wine_red, wine_white, swd, lev, era and car .csv (UCI, WEKA), "
    "last column `response`",
}


def data_folder(argument=None, needs=(), optional=False):
    """Return the folder with the benchmark data.

    Parameters
    ----------
    argument : str, path or None
        What the user gave as ``--data``; None or "" turns to the environment variable
        ``SLR_DATA``.
    needs : iterable of str
        Names, relative to the folder, that the caller is about to read.
    optional : bool, default=False
        Whether None is an answer, where neither is given.

    Returns
    -------
    folder : pathlib.Path
        An existing folder that holds everything in ``needs``.

    Raises
    ------
    SystemExit
        With a message that says what is missing and where it comes from.
    """
    needs = [needs] if isinstance(needs, str) else list(needs)
    given = argument or os.environ.get("SLR_DATA")
    if not given and optional:
        return None
    if not given:
        raise SystemExit(
            "No data folder: pass --data FOLDER or set the environment variable SLR_DATA.\n"
            + _where(needs)
        )
    folder = Path(given).expanduser()
    if not folder.is_dir():
        raise SystemExit(f"The data folder {str(given)!r} does not exist.\n" + _where(needs))
    missing = [name for name in needs if not (folder / name).exists()]
    if missing:
        raise SystemExit(
            f"The data folder {str(given)!r} lacks {', '.join(missing)}.\n" + _where(missing)
        )
    return folder


def _where(names):
    """Return one line for each of ``names`` (or for every known one): where it comes from."""
    lines = [f"  {name}: {SOURCES.get(name, 'no known source')}" for name in names or SOURCES]
    return "It should hold\n" + "\n".join(lines)
