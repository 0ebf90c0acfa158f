"""Nets of the paper: residual nets for 32 x 32 images, backbones with generalized-mean pooling."""

from functools import cache

import torch
from torch import nn
from torch.nn import functional

from examples.benchmarks.common.retina import GeM, mean_of_flips

CIFAR_MEAN, CIFAR_STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class ImageModel(nn.Module):
    """Bytes in, outputs out: augmentation, normalisation, mixed precision around a net.

    Parameters
    ----------
    make : callable
        ``make()`` returns the net, of images (n, 3, height, width).
    augment : callable, default=None
        ``augment(images) -> images`` of uint8, in training only, on the device of the images.
    mean, std : tuple of 3 floats
        Of the colours, on the scale 0 to 1.
    views : bool
        Whether predictions are averaged over the image and its flips.
    """

    def __init__(self, make, augment=None, mean=CIFAR_MEAN, std=CIFAR_STD, views=False):
        super().__init__()
        self.views = views
        self.body = make().to(memory_format=torch.channels_last)
        self.augment = augment
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1))

    def forward(self, X):
        """Return (n, outputs) of uint8 images (n, 3, height, width)."""
        if self.training and self.augment is not None:
            X = self.augment(X)
        X = ((X.float() / 255 - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        # bfloat16 has the range of float32, so that gradients need no scaling.
        with torch.autocast(X.device.type, torch.bfloat16, enabled=X.is_cuda):
            averaged = self.views and not self.training
            outputs = mean_of_flips(self.body, X) if averaged else self.body(X)
        return outputs.float()


# Residual nets for 32 x 32 images


class SqueezeExcitation(nn.Module):
    """Weights for channels, made of their means.

    Without biases, as the authors have it for residual nets (Hu, Shen, Albanie, Sun, Wu:
    Squeeze-and-Excitation Networks, 2019, section 4).
    """

    def __init__(self, channels, reduction=16):
        super().__init__()
        self.excite = nn.Sequential(
            nn.Linear(channels, channels // reduction, bias=False),
            nn.ReLU(),
            nn.Linear(channels // reduction, channels, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, maps):
        """Return maps of the same shape."""
        return maps * self.excite(maps.mean((-2, -1)))[:, :, None, None]


class Block(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut that has no parameters (option A).

    Parameters
    ----------
    n_in, n_out : int
        Channels; new ones of the shortcut are zero.
    stride : int
        Of the first convolution and of the shortcut.
    kind : {"plain", "se", "pre"}
        "se" weighs the channels of the branch; "pre" normalises before it convolves.
    """

    def __init__(self, n_in, n_out, stride, kind):
        super().__init__()
        self.stride, self.n_new, self.kind = stride, n_out - n_in, kind
        first, second = _convolution(n_in, n_out, stride), _convolution(n_out, n_out)
        if kind == "pre":
            parts = [nn.BatchNorm2d(n_in), nn.ReLU(), first, nn.BatchNorm2d(n_out), nn.ReLU()]
            parts += [second]
        else:
            parts = [first, nn.BatchNorm2d(n_out), nn.ReLU(), second, nn.BatchNorm2d(n_out)]
        self.branch = nn.Sequential(*parts, *([SqueezeExcitation(n_out)] if kind == "se" else []))

    def forward(self, maps):
        """Return (n, n_out, height / stride, width / stride)."""
        shortcut = maps[:, :, :: self.stride, :: self.stride]
        before = self.n_new // 2
        shortcut = functional.pad(shortcut, (0, 0, 0, 0, before, self.n_new - before))
        total = self.branch(maps) + shortcut
        return total if self.kind == "pre" else total.relu()


def cifar_resnet(kind="se", depth=56, n_outputs=10):
    """Return a residual net for 32 x 32 images.

    Three stages of (depth - 2) / 6 blocks with 16, 32 and 64 channels on maps of 32, 16 and 8
    pixels (He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, 2016, section 4.2:
    0.85 million parameters at depth 56).

    Parameters
    ----------
    kind : {"plain", "se", "pre"}
        Of the blocks: ResNet; SE-ResNet (reduction 16); PreResNet (He et al.: Identity Mappings in
        Deep Residual Networks, 2016).
    depth : int
        6 n + 2.
    n_outputs : int
        Classes.

    Returns
    -------
    torch.nn.Sequential
        The net, with logits (n, n_outputs).
    """
    if (depth - 2) % 6:
        raise ValueError(f"depth is {depth}; 6 n + 2 is wanted, as 20, 32, 44, 56 or 110.")
    blocks, n_in = [], 16
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        for place in range((depth - 2) // 6):
            blocks.append(Block(n_in, channels, stride if place == 0 else 1, kind))
            n_in = channels
    # A pre-activated net normalises last what a plain one normalises first.
    outer = [nn.BatchNorm2d(64 if kind == "pre" else 16), nn.ReLU()]
    start, end = ([], outer) if kind == "pre" else (outer, [])
    pool = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, n_outputs)]
    net = nn.Sequential(_convolution(3, 16), *start, *blocks, *end, *pool)
    for part in net.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
    return net


def _convolution(n_in, n_out, stride=1):
    return nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)


# Backbones for photographs


class TinyBackbone(nn.Sequential):
    """A backbone for tests, and for machines without timm."""

    num_features = 16

    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 8, 3, 4, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, 2, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
        )


def photo_net(backbone, n_outputs, tricks=True, pretrained=False):
    """Return a backbone with pooling and a linear head.

    Parameters
    ----------
    backbone : str
        A name that timm knows, as "tf_efficientnet_b5.ra_in1k", or "tiny".
    n_outputs : int
        Outputs of the head.
    tricks : bool
        Generalized-mean pooling; else the mean.
    pretrained : bool
        ImageNet's weights from the hub, as `has_weights` found them; else random ones.

    Returns
    -------
    torch.nn.Sequential
        The net, of images (n, 3, height, width).

    Raises
    ------
    SystemExit
        If timm is missing or does not know the backbone.
    """
    body = TinyBackbone() if backbone == "tiny" else _timm_backbone(backbone, pretrained)
    # Maps may be negative, which generalized means cannot be of: the plain mean is another module.
    pool = GeM(eps=1e-6) if tricks else nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(body, pool, nn.Linear(body.num_features, n_outputs))


def has_weights(backbone):
    """Whether the hub has given ImageNet's weights of a backbone; a line says so if not."""
    return backbone != "tiny" and _hub_weights(backbone) is not None


def _timm_backbone(name, pretrained):
    body = _timm(name).create_model(name, num_classes=0, global_pool="")
    if pretrained:
        body.load_state_dict(_hub_weights(name))
    return body


def _timm(name):
    try:
        import timm
    except ImportError:
        raise SystemExit(
            f"--backbone {name} needs timm, which is not installed: pip install timm. "
            "--backbone tiny does without."
        ) from None
    if name not in timm.list_models() and name not in timm.list_pretrained():
        raise SystemExit(
            f"timm {timm.__version__} knows no backbone {name!r}: see timm.list_pretrained()."
        )
    return timm


@cache
def _hub_weights(name):
    """Return pre-trained weights, or None where the hub is out of reach: asked for once."""
    timm = _timm(name)
    try:
        body = timm.create_model(name, pretrained=True, num_classes=0, global_pool="")
    except Exception as error:  # the hub's clients have errors of many kinds
        print(f"No weights for {name} ({type(error).__name__}): random ones.")
        return None
    return body.state_dict()
