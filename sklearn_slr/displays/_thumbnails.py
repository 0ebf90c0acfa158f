"""Small pictures of rows, and PNG files of them without an image library."""

import os
import struct
import zlib

import numpy as np

# Levels of a colour channel in files: 32 are hardly told from 256 at this size, and pack better.
_STEP = 8


def take_thumbnails(images, rows, size):
    """Return small pictures of some rows.

    Parameters
    ----------
    images : array-like or sequence of length n_samples
        Images (height, width), (height, width, 1, 3 or 4) or channels first: arrays, tensors,
        PIL images, or paths, which Pillow reads. Values of uint8 stand for themselves; others
        are scaled to the range of the rows taken, or from 0 to 1 where that holds them.
    rows : sequence of int
        Rows to take.
    size : int
        Longest side, in pixels. Smaller images keep theirs.

    Returns
    -------
    list of ndarray of uint8, of shape (height, width) or (height, width, 3)
        The pictures.
    """
    taken = [shrink(_as_pixels(take_item(images, row), row), size) for row in rows]
    others = [pixels for pixels in taken if pixels.dtype != np.uint8]
    low = min([0.0, *(float(pixels.min()) for pixels in others)])
    high = max([0.0, *(float(pixels.max()) for pixels in others)])
    scale = 255 / (1.0 if low == 0 and high <= 1 else high - low)
    return [
        pixels if pixels.dtype == np.uint8 else np.rint((pixels - low) * scale).astype(np.uint8)
        for pixels in taken
    ]


def take_item(items, row):
    """Return one row of a sequence, by position."""
    return items.iloc[row] if hasattr(items, "iloc") else items[int(row)]


def shrink(pixels, size):
    """Average blocks of pixels until the longest side is no longer than `size`."""
    means = pixels
    for axis, n in enumerate(pixels.shape[:2]):
        wanted = max(1, round(n * size / max(pixels.shape[:2])))
        if wanted < n:
            edges = np.arange(wanted) * n // wanted
            widths = np.diff([*edges, n]).reshape((-1,) + (1,) * (pixels.ndim - 1 - axis))
            means = np.add.reduceat(means, edges, axis=axis, dtype=np.float64) / widths
    return np.rint(means).astype(np.uint8) if pixels.dtype == np.uint8 else means


def _as_pixels(image, row):
    """Return pixels, channels last: uint8 as they come, others as finite float32."""
    if isinstance(image, (str, os.PathLike)):
        image = _read(image)
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
            f"images: row {row} has shape {shape} and dtype {pixels.dtype}; an image is (height, "
            "width), with 1, 3 or 4 channels last or first, or a path. Flat rows are reshaped: "
            "images=X.reshape(-1, 8, 8)."
        )
    if pixels.dtype == np.uint8:
        return pixels
    return np.nan_to_num(pixels.astype(np.float32), posinf=0.0, neginf=0.0)


def _read(path):
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            f"{os.fspath(path)!r} is a path, and images are read with Pillow, which cannot be "
            "imported; install it: pip install pillow. Or pass arrays."
        ) from error
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def encode_png(pixels):
    """Return the bytes of a PNG file.

    Parameters
    ----------
    pixels : ndarray of uint8, of shape (height, width) or (height, width, 3)
        Grey values or colours. They lose their three lowest bits.

    Returns
    -------
    bytes
        The file: the smaller of those with rows as they are and as differences.

    References
    ----------
    Portable Network Graphics (PNG) Specification, W3C.
    """
    height, width = pixels.shape[:2]
    lines = np.minimum(pixels.astype(np.int64) // _STEP * _STEP * 255 // 248, 255)
    lines = lines.astype(np.uint8).reshape(height, -1)
    up = np.diff(
        lines, axis=0, prepend=np.zeros_like(lines[:1])
    )  # modulo 256, as the format has it
    packed = min((_deflate(lines, 0), _deflate(up, 2)), key=len)
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if pixels.ndim == 3 else 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _deflate(lines, filter_type):
    return zlib.compress(np.insert(lines, 0, filter_type, axis=1).tobytes(), 9)


def _chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
