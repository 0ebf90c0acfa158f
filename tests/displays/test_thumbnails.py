"""Thumbnails, and PNG files of them."""

import io
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_slr.displays._thumbnails import encode_png, make_thumbnails, shrink

plt = pytest.importorskip("matplotlib.image")


@pytest.mark.parametrize("shape", [(5, 7), (6, 4, 3), (1, 1), (16, 16, 3)])
def test_png_is_read_as_the_pixels_with_32_levels(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    read = np.rint(plt.imread(io.BytesIO(encode_png(pixels))) * 255).astype(int)
    assert read.shape == shape
    assert len(np.unique(read)) <= 32
    assert np.abs(read - pixels).max() <= 8


def test_black_and_white_are_unchanged():
    pixels = np.array([[0, 255]], dtype=np.uint8)
    assert_array_equal(plt.imread(io.BytesIO(encode_png(pixels))), [[0, 1]])


def test_shrinking_averages_blocks_and_keeps_the_mean():
    image = np.arange(16, dtype=np.float64).reshape(4, 4)
    assert_array_equal(shrink(image, 2), [[2.5, 4.5], [10.5, 12.5]])
    uneven = np.random.default_rng(0).random((5, 7))
    assert shrink(uneven, 3).shape == (2, 3)
    assert_array_equal(shrink(uneven, 7), uneven)
    assert shrink(np.ones((100, 1, 3), np.uint8), 10).shape == (10, 1, 3)


def test_one_three_or_four_channels_first_or_last():
    image = np.random.default_rng(0).integers(0, 256, (6, 5, 3)).astype(np.uint8)
    alpha = np.concatenate([image, image[..., :1]], axis=2)
    shown = make_thumbnails([image, np.moveaxis(image, 2, 0), alpha], [0, 1, 2], 8)
    for each in shown:
        assert_array_equal(each, image)
    [grey] = make_thumbnails([image[..., :1]], [0], 8)
    assert_array_equal(grey, image[..., 0])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 8.0, 16.0], [0, 128, 255]),
        ([-1.0, 0.0, 1.0], [0, 128, 255]),
        ([False, True, True], [0, 255, 255]),
        ([0, 0, 0], [0, 0, 0]),
        ([np.nan, 1.0, np.inf], [0, 255, 0]),
    ],
)
def test_values_are_scaled_to_the_range_of_all_rows(values, expected):
    images = np.array(values).reshape(3, 1, 1)
    shown = make_thumbnails(images, [0, 1, 2], 4)
    assert [int(image.item()) for image in shown] == expected


def test_paths_are_read(tmp_path):
    image = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(0).integers(0, 256, (9, 9, 3)).astype(np.uint8)
    image.fromarray(pixels).save(tmp_path / "a.png")
    for path in (tmp_path / "a.png", str(tmp_path / "a.png")):
        assert_array_equal(make_thumbnails([path], [0], 9)[0], pixels)


def test_tensors_are_accepted():
    torch = pytest.importorskip("torch")
    image = torch.arange(10.0).reshape(1, 2, 5).requires_grad_()
    expected = make_thumbnails([np.arange(10.0).reshape(2, 5)], [0], 9)
    assert_array_equal(make_thumbnails([image], [0], 9), expected)


def test_without_pillow_paths_are_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match="needs Pillow"):
        make_thumbnails(["a.png"], [0], 9)


@pytest.mark.parametrize("image", [np.zeros(64), np.zeros((5, 5, 2)), np.zeros((0, 3)), [["a"]]])
def test_other_arrays_are_refused(image):
    with pytest.raises(ValueError, match=r"images: row 0 has shape .*Reshape"):
        make_thumbnails([image], [0], 4)
