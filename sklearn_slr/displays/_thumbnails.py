"""Thumbnails of rows, and PNG files of them without an image library."""

import os
import struct
import zlib

import numpy as np

# Files have 256 / 8 = 32 levels per channel: at this size they look like 256, and pack better.
_LEVEL_STEP = 8


def make_thumbnails(images, rows, size):
    """Make small images of some rows.

    Parameters
    ----------
    images : array-like or sequence of length n_samples
        Images of shape (height, width) or (height, width, channels), or with the channels first;
        1, 3 or 4 channels. They are arrays, tensors, PIL images, or paths, which Pillow reads.
        Values of uint8 are not scaled. Others are scaled from the range [0, 1], or from the
        range of all these rows if it is larger.
    rows : sequence of int
        Indices of the rows.
    size : int
        Longest side in pixels. Smaller images keep their size.

    Returns
    -------
    list of ndarray of uint8, of shape (height, width) or (height, width, 3)
        The thumbnails.
    """
    thumbnails = [shrink(_as_pixels(get_row(images, row), row), size) for row in rows]
    others = [pixels for pixels in thumbnails if pixels.dtype != np.uint8]
    low = min([0.0, *(float(pixels.min()) for pixels in others)])
    high = max([0.0, *(float(pixels.max()) for pixels in others)])
    scale = 255 / (1.0 if low == 0 and high <= 1 else high - low)
    return [
        pixels if pixels.dtype == np.uint8 else np.rint((pixels - low) * scale).astype(np.uint8)
        for pixels in thumbnails
    ]


def get_row(items, row):
    """Return the item at a position of a sequence, Series or DataFrame."""
    return items.iloc[row] if hasattr(items, "iloc") else items[int(row)]


def shrink(pixels, size):
    """Average blocks of pixels until the longest side is no longer than `size`."""
    means = pixels
    for axis, n in enumerate(pixels.shape[:2]):
        n_blocks = max(1, round(n * size / max(pixels.shape[:2])))
        if n_blocks < n:
            edges = np.arange(n_blocks) * n // n_blocks
            widths = np.diff([*edges, n]).reshape((-1,) + (1,) * (pixels.ndim - 1 - axis))
            means = np.add.reduceat(means, edges, axis=axis, dtype=np.float64) / widths
    return np.rint(means).astype(np.uint8) if pixels.dtype == np.uint8 else means


def _as_pixels(image, row):
    """Return pixels with channels last: uint8 unchanged, others as finite float32."""
    if isinstance(image, (str, os.PathLike)):
        image = _read_image(image)
    if hasattr(image, "detach"):
        image = image.detach().cpu()
    pixels = np.asarray(image)
    shape = pixels.shape
    if pixels.ndim == 3 and shape[-1] not in (1, 3, 4) and shape[0] in (1, 3, 4):
        pixels = np.moveaxis(pixels, 0, -1)
    if pixels.ndim == 3 and pixels.shape[-1] in (1, 3, 4):
        pixels = pixels[..., 0] if pixels.shape[-1] == 1 else pixels[..., :3]
    elif pixels.ndim != 2 or 0 in shape or pixels.dtype.kind not in "biuf":
        raise ValueError(
            f"images: row {row} has shape {shape} and dtype {pixels.dtype}; expected numbers of "
            "shape (height, width), optionally with 1, 3 or 4 channels first or last, or a path. "
            "Reshape flat rows: images=X.reshape(-1, 8, 8)."
        )
    if pixels.dtype == np.uint8:
        return pixels
    return np.nan_to_num(pixels.astype(np.float32), posinf=0.0, neginf=0.0)


def _read_image(path):
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            f"Reading the image {os.fspath(path)!r} needs Pillow, which cannot be imported. "
            "Install it: pip install pillow. Or pass arrays."
        ) from error
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def encode_png(pixels):
    """Return the bytes of a PNG file.

    Parameters
    ----------
    pixels : ndarray of uint8, of shape (height, width) or (height, width, 3)
        Grey values or colours. Their three lowest bits are lost.

    Returns
    -------
    bytes
        The file, with the filter of lines ("none" or "up") that makes it smaller.

    References
    ----------
    Portable Network Graphics (PNG) Specification, W3C.
    """
    height, width = pixels.shape[:2]
    lines = np.minimum(pixels.astype(np.int64) // _LEVEL_STEP * _LEVEL_STEP * 255 // 248, 255)
    lines = lines.astype(np.uint8).reshape(height, -1)
    # Differences of uint8 are modulo 256, as in the format.
    up = np.diff(lines, axis=0, prepend=np.zeros_like(lines[:1]))
    packed = min((_compress(lines, 0), _compress(up, 2)), key=len)
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if pixels.ndim == 3 else 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _compress(lines, filter_type):
    return zlib.compress(np.insert(lines, 0, filter_type, axis=1).tobytes(), 9)


def _chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
