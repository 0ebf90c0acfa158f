"""Photographs in folders: Plant Pathology 2020 and DeepDRiD as they are distributed."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from skorch.dataset import Dataset

LEAVES = ("healthy", "multiple_diseases", "rust", "scab")
EYES = ("left_eye_DR_Level", "right_eye_DR_Level")


@dataclass(frozen=True)
class Photos:
    """Paths of images, what is on them, and whose they are.

    Parameters
    ----------
    paths : ndarray of str of shape (n,)
        Files.
    y : ndarray of int of shape (n,)
        Classes or grades.
    groups : ndarray of str of shape (n,)
        Patients; of leaves each image is its own.
    """

    paths: np.ndarray
    y: np.ndarray
    groups: np.ndarray

    def take(self, rows):
        """Return some of the rows."""
        return Photos(self.paths[rows], self.y[rows], self.groups[rows])


def load_plants(folder):
    """Read Kaggle's folder of Plant Pathology 2020.

    Parameters
    ----------
    folder : path
        It holds ``train.csv`` with the columns image_id, healthy, multiple_diseases, rust and
        scab, of which one is 1, and ``images/<image_id>.jpg``.

    Returns
    -------
    Photos
        Classes are 0 to 3, in this order. Kaggle's test images have no labels.
    """
    rows = _read(Path(folder) / "train.csv", ("image_id", *LEAVES))
    marks = np.array([[float(row[name]) for name in LEAVES] for row in rows])
    wrong = np.flatnonzero((marks.sum(axis=1) != 1) | (marks.max(axis=1) != 1))
    if len(wrong):
        raise ValueError(
            f"train.csv, image {rows[wrong[0]]['image_id']!r}: the classes are marked "
            f"{marks[wrong[0]].tolist()}; one 1 and zeros else are wanted."
        )
    files = [Path(folder) / "images" / f"{row['image_id']}.jpg" for row in rows]
    return _photos(files, marks.argmax(axis=1), [row["image_id"] for row in rows])


def load_retinas(folder, part):
    """Read a part of DeepDRiD's regular fundus images.

    Parameters
    ----------
    folder : path
        It holds ``regular_fundus_images``.
    part : {"training", "validation"}
        ``regular-fundus-<part>/regular-fundus-<part>.csv`` has a row for each image: patient_id,
        image_id as ``1_l1``, and the grade in the column of the eye, the other one's being empty;
        the image is ``Images/<patient_id>/<image_id>.jpg`` beside it.

    Returns
    -------
    Photos
        Grades 0 to 4, by eye.
    """
    home = Path(folder) / "regular_fundus_images" / f"regular-fundus-{part}"
    name = f"regular-fundus-{part}.csv"
    rows = _read(home / name, ("patient_id", "image_id", *EYES))
    levels = [[row[eye] for eye in EYES if row[eye].strip()] for row in rows]
    for row, found in zip(rows, levels, strict=True):
        if len(found) != 1:
            raise ValueError(
                f"{name}, image {row['image_id']!r}: the grades of its eyes are {found}; one is "
                "wanted, that of the eye on the image."
            )
    files = [home / "Images" / row["patient_id"] / f"{row['image_id']}.jpg" for row in rows]
    grades = [int(float(found[0])) for found in levels]
    return _photos(files, grades, [row["patient_id"] for row in rows])


def _read(path, columns):
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        missing = set(columns) - set(reader.fieldnames or ())
        if missing:
            raise ValueError(
                f"{path} has the columns {reader.fieldnames}; {', '.join(sorted(missing))} "
                "are wanted too."
            )
        return list(reader)


def _photos(files, y, groups):
    missing = [str(file) for file in files if not file.exists()]
    if missing:
        raise FileNotFoundError(
            f"{len(missing)} of {len(files)} images are not there, the first is {missing[0]}: "
            "unpack the whole data set, or correct --data."
        )
    return Photos(np.array([str(file) for file in files]), np.asarray(y), np.asarray(groups))


class PhotoDataset(Dataset):
    """A skorch dataset of paths: images are read when they are wanted.

    Parameters
    ----------
    X : ndarray of str of shape (n,)
        Paths.
    y : array-like of length n, default=None
        Targets.
    length : int, default=None
        Number of rows.
    size : int
        Pixels a side that images are resized to.
    """

    def __init__(self, X, y=None, length=None, size=456):
        super().__init__(X, y, length)
        self.size = size

    def transform(self, X, y):
        """Return the image behind a path, uint8 (3, size, size), and its target."""
        return super().transform(read_image(str(X), self.size), y)


def read_image(path, size):
    """Return the image of a file, uint8 (3, size, size)."""
    from PIL import Image

    with Image.open(path) as image:
        image.draft("RGB", (size, size))  # JPEGs may be decoded at a fraction of their size
        image = image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()
