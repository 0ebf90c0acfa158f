"""Features of the first CIFAR-10 images, from patches; no label is looked at."""

import io

import numpy as np
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

# Training and test images whose features are kept.
POOL, N_TEST = 10_000, 2_000
# Patches of Coates and Ng: width, centroids, and the length of the features after PCA.
WIDTH, CENTROIDS, COMPONENTS = 6, 400, 256


def cifar_features(folder, cache):
    """Return features of the first training and test images; no label is looked at.

    K-means of whitened patches, "triangle" activations, summed over quadrants (Coates, Lee, Ng:
    An Analysis of Single-Layer Networks in Unsupervised Feature Learning, 2011), then PCA.

    Parameters
    ----------
    folder : pathlib.Path
        Where cifar10_jpeg.npz is.
    cache : pathlib.Path
        Where the features are kept; made if it does not exist.

    Returns
    -------
    ndarray of shape (POOL + N_TEST, COMPONENTS)
        Standardised features.
    """
    path = cache / f"cifar10_{POOL}_{N_TEST}_{CENTROIDS}_{COMPONENTS}.npy"
    if path.exists():
        return np.load(path, mmap_mode="r")
    images = _decode(folder / "cifar10_jpeg.npz", [*range(POOL), *range(50_000, 50_000 + N_TEST)])
    rng = np.random.default_rng(0)
    sample = np.concatenate(
        [_patches(image)[rng.integers(0, 729, 20)] for image in images[: POOL // 2]]
    )
    mean = sample.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(sample - mean, rowvar=False))
    whiten = (vectors / np.sqrt(values + 0.1)) @ vectors.T
    kmeans = MiniBatchKMeans(CENTROIDS, n_init=1, batch_size=4096, random_state=0)
    centroids = kmeans.fit((sample - mean) @ whiten).cluster_centers_.astype(np.float32)
    pooled = np.stack([_pool((_patches(image) - mean) @ whiten, centroids) for image in images])
    pooled = StandardScaler().fit(pooled[:POOL]).transform(pooled)
    reduced = PCA(COMPONENTS, random_state=0).fit(pooled[:POOL]).transform(pooled)
    # One scale for all components keeps their order of importance.
    reduced = (reduced / reduced[:POOL].std()).astype(np.float32)
    cache.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npy")
    np.save(part, reduced)
    part.replace(path)
    return reduced


def _decode(path, rows):
    from PIL import Image

    with np.load(path) as file:
        content, offsets = file["jpeg"], file["offsets"]
    images = [
        np.asarray(Image.open(io.BytesIO(content[offsets[i] : offsets[i + 1]].tobytes())))
        for i in rows
    ]
    return np.stack(images).astype(np.float32)


def _patches(image):
    """Return all patches of an image, (27 * 27, 108), each with its contrast normalised."""
    view = np.lib.stride_tricks.sliding_window_view(image, (WIDTH, WIDTH), axis=(0, 1))
    flat = view.reshape(-1, 3 * WIDTH * WIDTH)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return flat / np.sqrt(flat.var(axis=1, keepdims=True) + 10)


def _pool(patches, centroids):
    """Return triangle activations max(0, mean distance - distance), summed over quadrants."""
    squares = (patches**2).sum(axis=1)[:, None] + (centroids**2).sum(axis=1)
    distance = np.sqrt(np.maximum(squares - 2 * patches @ centroids.T, 0))
    active = np.maximum(distance.mean(axis=1, keepdims=True) - distance, 0)
    side = round(len(patches) ** 0.5)
    grid, half = active.reshape(side, side, -1), side // 2
    rows = (slice(None, half), slice(half, None))
    return np.concatenate([grid[r, c].sum(axis=(0, 1)) for r in rows for c in rows])
