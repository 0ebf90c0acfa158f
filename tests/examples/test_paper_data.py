"""Loaders of the original folders, each on a tiny folder of the same layout."""

import io

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("skorch")
image = pytest.importorskip("PIL.Image")

from examples.paper import _data_cifar, _data_photos, _problems  # noqa: E402


def test_plants_are_read_in_the_order_of_the_table(plants):
    photos = _data_photos.load_plants(plants)
    np.testing.assert_array_equal(photos.y, [0, 1, 2, 3] * 10)
    part = photos.take([5, 2])
    assert [path.rsplit("/", 1)[-1] for path in part.paths] == ["Train_5.jpg", "Train_2.jpg"]
    np.testing.assert_array_equal(part.y, [1, 2])


def test_a_leaf_with_two_marks_is_refused(plants):
    text = (plants / "train.csv").read_text().replace("Train_1,0,1,0,0", "Train_1,1,1,0,0")
    (plants / "train.csv").write_text(text)
    with pytest.raises(ValueError, match=r"'Train_1'.*one 1 and zeros"):
        _data_photos.load_plants(plants)


def test_missing_columns_and_images_are_named(plants):
    (plants / "images" / "Train_3.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"1 of 40 images .*Train_3\.jpg"):
        _data_photos.load_plants(plants)
    (plants / "train.csv").write_text("image_id,healthy\n")
    with pytest.raises(ValueError, match="multiple_diseases, rust, scab"):
        _data_photos.load_plants(plants)


def test_retinas_have_the_grade_of_their_eye_and_their_patient(retinas):
    photos = _data_photos.load_retinas(retinas, "training")
    np.testing.assert_array_equal(photos.y[:5], [1, 2, 2, 3, 3])
    assert photos.groups.tolist()[:4] == ["1", "1", "2", "2"]
    assert photos.paths[3].endswith("regular-fundus-training/Images/2/2_r1.jpg")
    assert len(_data_photos.load_retinas(retinas, "validation").y) == 10


def test_a_retina_without_a_grade_is_refused(retinas):
    path = next(retinas.rglob("*training.csv"))
    path.write_text(path.read_text().replace(",0,1,,", ",0,,,", 1))
    with pytest.raises(ValueError, match="'1_l1': the grades of its eyes are"):
        _data_photos.load_retinas(retinas, "training")


def test_photos_are_read_when_they_are_wanted(plants):
    photos = _data_photos.load_plants(plants)
    dataset = _data_photos.PhotoDataset(photos.paths, photos.y, size=8)
    X, y = dataset[6]
    assert (X.dtype, tuple(X.shape), y) == (torch.uint8, (3, 8, 8), 2)
    assert abs(int(X[0].float().mean()) - 36) < 5  # the colour it was painted in
    assert X[1:].float().mean() < 5


def test_python_batches_keep_their_order_and_their_channels(batches, pixels):
    rows = np.array([0, 25, 118])
    X, y = _data_cifar.load_images(batches, rows)
    np.testing.assert_array_equal(X, pixels.reshape(-1, 3, 32, 32)[rows])
    np.testing.assert_array_equal(y, [0, 5, 8])
    np.testing.assert_array_equal(_data_cifar.labels_of(batches)[rows], y)
    assert _data_cifar.find(batches) == (batches, False)


def test_jpeg_copies_are_read_from_their_bytes(tmp_path):
    colours, bytes_of = [(250, 0, 0), (0, 250, 0), (0, 0, 250)], []
    for colour in colours:
        file = io.BytesIO()
        image.new("RGB", (32, 32), colour).save(file, "JPEG", quality=95)
        bytes_of.append(np.frombuffer(file.getvalue(), dtype=np.uint8))
    offsets = np.cumsum([0, *map(len, bytes_of)])
    labels = {"y_train": np.array([3, 1]), "y_test": np.array([[7]])[:, 0]}
    jpeg = np.concatenate(bytes_of)
    np.savez(tmp_path / "cifar10_jpeg.npz", jpeg=jpeg, offsets=offsets, **labels)
    X, y = _data_cifar.load_images(tmp_path, np.array([2, 0]))
    np.testing.assert_array_equal(y, [7, 3])
    assert np.abs(X.mean((2, 3)) - [[0, 0, 250], [250, 0, 0]]).max() < 5
    assert _data_cifar.find(tmp_path) == (tmp_path, True)


def test_human_labels_of_both_files(tmp_path):
    labels = {"worse_label": np.array([[1], [2]]), "random_label2": np.array([[3], [4]])}
    np.savez(tmp_path / "cifar10n_labels.npz", **labels)
    assert _data_cifar.human_labels(tmp_path, "worse").tolist() == [1, 2]
    assert _data_cifar.human_labels(tmp_path, "random2").tolist() == [3, 4]
    torch.save({"aggre_label": np.array([5, 6])}, tmp_path / "CIFAR-10_human.pt")
    assert _data_cifar.human_labels(tmp_path, "aggre").tolist() == [5, 6]


def test_missing_data_say_where_they_come_from(tmp_path):
    with pytest.raises(SystemExit, match=r"cifar10_jpeg\.npz.*CIFAR-10"):
        _data_cifar.find(tmp_path)


def test_a_part_has_its_share_of_every_class():
    y = np.repeat([0, 1, 2], [50, 30, 20])
    rows = _problems.part_of(y, 0.1)
    np.testing.assert_array_equal(np.bincount(y[rows]), [5, 3, 2])
    np.testing.assert_array_equal(rows, np.sort(rows))
    np.testing.assert_array_equal(rows, _problems.part_of(y, 0.1))
    np.testing.assert_array_equal(_problems.part_of(y, 1.0), np.arange(100))
