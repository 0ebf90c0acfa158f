"""CIFAR-10 and CIFAR-10N from a local server."""

import io
import pickle
import tarfile
import zipfile

import numpy as np
import pytest

from sklearn_slr.datasets import _cifar, fetch_cifar10, fetch_cifar10n

N = 4  # images per batch


def archive_of(files):
    """Return a tar.gz of files by name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def batches(publish):
    rng, files, batches = np.random.default_rng(0), {}, {}
    for name in [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]:
        batch = {
            b"data": rng.integers(0, 256, (N, 3072), dtype=np.uint8),
            b"labels": rng.integers(0, 10, N).tolist(),
        }
        batches[name] = batch
        files[f"cifar-10-batches-py/{name}"] = pickle.dumps(batch, protocol=2)
    # A hostile archive: if extracted, its other members would be written outside the folder.
    files["../../escaped"] = files["/tmp/escaped"] = b"out of the folder"
    publish(_cifar, "IMAGES", archive_of(files))
    return batches


def test_images_are_those_of_the_batches_in_order(batches, tmp_path):
    data = fetch_cifar10(data_home=tmp_path / "home")
    assert data.images.shape == (5 * N, 3, 32, 32)
    for k in range(5):
        rows = slice(k * N, (k + 1) * N)
        np.testing.assert_array_equal(data.data[rows], batches[f"data_batch_{k + 1}"][b"data"])
        np.testing.assert_array_equal(data.target[rows], batches[f"data_batch_{k + 1}"][b"labels"])
    X, y = fetch_cifar10(data_home=tmp_path / "home", subset="test", return_X_y=True)
    np.testing.assert_array_equal(X, batches["test_batch"][b"data"])
    np.testing.assert_array_equal(y, batches["test_batch"][b"labels"])


def test_nothing_of_an_archive_is_written(batches, tmp_path):
    fetch_cifar10(data_home=tmp_path / "deep" / "home")
    files = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert files == ["cifar-10-python.tar.gz"]


def test_a_batch_that_calls_other_code_is_refused(publish, tmp_path):
    content = pickle.dumps({b"data": print}, protocol=2)
    publish(_cifar, "IMAGES", archive_of({"cifar-10-batches-py/test_batch": content}))
    with pytest.raises(pickle.UnpicklingError, match="plain arrays"):
        fetch_cifar10(data_home=tmp_path, subset="test")


@pytest.fixture
def columns(publish):
    rng = np.random.default_rng(1)
    columns = {name: rng.integers(0, 10, 30) for name in _cifar.COLUMNS}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        content = {_cifar.COLUMNS[name]: column for name, column in columns.items()}
        archive.writestr("archive/data.pkl", pickle.dumps(content, protocol=2))
    publish(_cifar, "LABELS", buffer.getvalue())
    return columns


@pytest.mark.parametrize("labels", ["worse", "random2", "clean"])
def test_human_labels_by_name(columns, tmp_path, labels):
    data = fetch_cifar10n(data_home=tmp_path, labels=labels)
    np.testing.assert_array_equal(data.target, columns[labels])
    np.testing.assert_array_equal(data.clean, columns["clean"])
    np.testing.assert_array_equal(data.answers[:, 2], columns["random3"])
    assert data.answers.shape == (30, 3)
    assert "CC BY-NC 4.0" in data.DESCR


def test_human_labels_as_a_frame(columns, tmp_path):
    pytest.importorskip("pandas")
    data = fetch_cifar10n(data_home=tmp_path, as_frame=True)
    assert list(data.frame.columns) == list(columns)
    np.testing.assert_array_equal(data.target, columns["worse"])
    assert list(data.answers.columns) == ["random1", "random2", "random3"]


def test_an_unknown_kind_of_labels_is_refused(columns, tmp_path, server):
    with pytest.raises(ValueError, match="labels"):
        fetch_cifar10n(data_home=tmp_path, labels="worst")
    assert server.requests == []
