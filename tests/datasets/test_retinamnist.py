"""RetinaMNIST from a local server."""

import io

import numpy as np
import pytest

from sklearn_slr.datasets import _retinamnist, fetch_retinamnist


@pytest.fixture
def arrays(publish):
    rng = np.random.default_rng(0)
    arrays = {}
    for subset, n in (("train", 6), ("val", 2), ("test", 3)):
        arrays[f"{subset}_images"] = rng.integers(0, 256, (n, 28, 28, 3), dtype=np.uint8)
        arrays[f"{subset}_labels"] = rng.integers(0, 5, (n, 1)).astype(np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    publish(_retinamnist, "FILE", buffer.getvalue())
    return arrays


@pytest.mark.parametrize("subset", ["train", "val", "test"])
def test_a_subset_has_the_arrays_of_the_file(arrays, tmp_path, subset):
    data = fetch_retinamnist(data_home=tmp_path, subset=subset)
    np.testing.assert_array_equal(data.images, arrays[f"{subset}_images"])
    np.testing.assert_array_equal(data.target, arrays[f"{subset}_labels"].ravel())
    np.testing.assert_array_equal(data.data.reshape(data.images.shape), data.images)
    assert set(data.part) == {subset}
    assert "CC BY 4.0" in data.DESCR
    assert data.target.dtype == np.int64
    assert len(data.target_names) == 5


def test_all_subsets_in_order_as_a_pair_and_as_a_frame(arrays, tmp_path, server):
    pandas = pytest.importorskip("pandas")
    X, y = fetch_retinamnist(data_home=tmp_path, subset="all", return_X_y=True)
    assert X.shape == (11, 2352)
    np.testing.assert_array_equal(y[:6], arrays["train_labels"].ravel())
    np.testing.assert_array_equal(y[8:], arrays["test_labels"].ravel())
    data = fetch_retinamnist(data_home=tmp_path, subset="all", as_frame=True)
    assert isinstance(data.data, pandas.DataFrame)
    np.testing.assert_array_equal(data.frame["grade"], y)
    # Row 27, column 3, blue.
    np.testing.assert_array_equal(data.data["pixel_27_3_2"], data.images[:, 27, 3, 2])
    assert len(server.requests) == 1
    assert data.part.tolist() == ["train"] * 6 + ["val"] * 2 + ["test"] * 3


def test_an_unknown_subset_is_refused_before_any_download(arrays, tmp_path, server):
    with pytest.raises(ValueError, match="subset"):
        fetch_retinamnist(data_home=tmp_path, subset="valid")
    assert server.requests == []


def test_the_published_file_has_an_address_and_a_checksum():
    # The file with this SHA256 has the MD5 that MedMNIST publishes,
    # bd4c0672f1bba3e3a89f0e4e876791e4.
    assert _retinamnist.FILE["url"].startswith("https://")
    assert len(bytes.fromhex(_retinamnist.FILE["checksum"])) == 32
