"""Augmentations of batches of uint8 images (n, 3, height, width), on the device they are on."""

import math

import torch
from torch.nn import functional


def flip_and_crop(X, pad=4):
    """Mirror half of the images, and move each by up to `pad` pixels; new pixels are black."""
    n, _, height, width = X.shape
    X = torch.where(torch.rand(n, 1, 1, 1, device=X.device) < 0.5, X.flip(-1), X)
    padded = functional.pad(X, (pad,) * 4)
    shift = torch.randint(0, 2 * pad + 1, (2, n, 1, 1), device=X.device)
    rows = shift[0] + torch.arange(height, device=X.device).view(1, -1, 1)
    columns = shift[1] + torch.arange(width, device=X.device).view(1, 1, -1)
    images = torch.arange(n, device=X.device).view(-1, 1, 1)
    return padded.permute(0, 2, 3, 1)[images, rows, columns].permute(0, 3, 1, 2)


class AutoAugment:
    """AutoAugment's policy for CIFAR-10, after flips and crops.

    torchvision's, whose every call draws one sub-policy: images share a draw in groups, since a
    call for each image costs more than the net.

    Parameters
    ----------
    group : int
        Images that share a draw; 1 is the source (Cubuk et al.: AutoAugment, CVPR 2019).
    """

    def __init__(self, group=8):
        self.group = group
        self.policy = autoaugment_policy()

    def __call__(self, X):
        """Return augmented images."""
        X = flip_and_crop(X)
        # Neighbours in a batch are strangers: batches are shuffled.
        return torch.cat([self.policy(part) for part in X.split(self.group)])


def autoaugment_policy():
    """Return torchvision's policy for CIFAR-10."""
    try:
        from torchvision.transforms import AutoAugment, AutoAugmentPolicy
    except (ImportError, RuntimeError):  # the latter beside another torch than its own
        raise SystemExit(
            "--policy autoaugment needs torchvision, which is not installed or does not fit this "
            "torch. --policy flips does without."
        ) from None
    return AutoAugment(AutoAugmentPolicy.CIFAR10)


def augment_photos(X, turn=180.0, zoom=0.15, light=0.2):
    """Turn, mirror, zoom and relight photographs at random, each by itself.

    Parameters
    ----------
    X : tensor of uint8 of shape (n, 3, height, width)
        Images.
    turn : float
        Degrees, up to which they are turned.
    zoom : float
        Share, by which they grow or shrink at most.
    light : float
        Share, by which brightness and contrast change at most.

    Returns
    -------
    tensor of uint8 of shape (n, 3, height, width)
        Other views; what was outside is mirrored in.
    """
    n = len(X)

    def draw(width):
        return (2 * torch.rand(n, device=X.device) - 1) * width

    angle, scale = draw(math.radians(turn)), 1 + draw(zoom)
    mirror = torch.where(draw(1.0) < 0, -1.0, 1.0)
    cos, sin = scale * angle.cos(), scale * angle.sin()
    zero = torch.zeros_like(cos)
    rows = torch.stack([mirror * cos, -sin, zero, mirror * sin, cos, zero], dim=1)
    grid = functional.affine_grid(rows.view(n, 2, 3), list(X.shape), align_corners=False)
    images = X.float()
    images = functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    means = images.mean((1, 2, 3), keepdim=True)
    contrast, brightness = (1 + draw(light).view(-1, 1, 1, 1) for _ in range(2))
    images = ((images - means) * contrast + means) * brightness
    return images.round().clamp(0, 255).to(torch.uint8)
