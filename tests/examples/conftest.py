"""Tiny folders of the layouts that the paper's data have."""

import csv
import pickle

import numpy as np
import pytest

LEAVES = ("healthy", "multiple_diseases", "rust", "scab")


def write_jpeg(path, colour, size=(40, 30)):
    """Write a picture of one colour."""
    image = pytest.importorskip("PIL.Image")
    path.parent.mkdir(parents=True, exist_ok=True)
    image.new("RGB", size, colour).save(path, quality=95)


def write_csv(path, rows):
    """Write a table of dicts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def plants(tmp_path):
    """Return a folder of 40 leaves, class after class in turn."""
    rows = []
    for number in range(40):
        marks = {name: int(number % 4 == place) for place, name in enumerate(LEAVES)}
        rows.append({"image_id": f"Train_{number}", **marks})
        write_jpeg(tmp_path / "images" / f"Train_{number}.jpg", (6 * number, 0, 0))
    write_csv(tmp_path / "train.csv", rows)
    return tmp_path


@pytest.fixture
def retinas(tmp_path):
    """Return a folder of DeepDRiD's layout: 10 patients to train on, 5 to validate, two eyes."""
    for part, patients in (("training", range(1, 11)), ("validation", range(20, 25))):
        home, rows = tmp_path / "regular_fundus_images" / f"regular-fundus-{part}", []
        for patient in patients:
            for eye in "lr":
                grade = (patient + (eye == "r")) % 5
                name = f"{patient}_{eye}1"
                rows.append(
                    {
                        "patient_id": patient,
                        "image_id": name,
                        "image_path": f"\\regular-fundus-{part}\\{patient}\\{name}.jpg",
                        "Overall quality": 0,
                        "left_eye_DR_Level": grade if eye == "l" else "",
                        "right_eye_DR_Level": grade if eye == "r" else "",
                        "patient_DR_Level": 4,
                    }
                )
                write_jpeg(home / "Images" / str(patient) / f"{name}.jpg", (0, 50 * grade, 0))
        write_csv(home / f"regular-fundus-{part}.csv", rows)
    return tmp_path


@pytest.fixture
def pixels():
    """Return the pixels of six batches of 20 images, as the batches have them."""
    return np.random.default_rng(0).integers(0, 256, (120, 3072), dtype=np.uint8)


@pytest.fixture
def batches(tmp_path, pixels):
    """Return a folder with CIFAR-10's python batches; the labels are 0 to 9 in turn."""
    home = tmp_path / "cifar-10-batches-py"
    home.mkdir()
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    for name, data in zip(names, np.split(pixels, 6), strict=True):
        batch = {b"data": data, b"labels": [*range(10)] * 2, b"batch_label": b""}
        (home / name).write_bytes(pickle.dumps(batch, protocol=2))
    return tmp_path
