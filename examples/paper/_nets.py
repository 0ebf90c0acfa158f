"""The nets of the tables on photographs and on CIFAR-10, as skorch nets."""

from functools import partial

import torch
from skorch import NeuralNetClassifier, NeuralNetRegressor
from torch import nn

from sklearn_slr.callbacks import StochasticWeightAveraging, cosine_with_warmup, one_cycle
from sklearn_slr.losses import SoftTargetKLDivLoss

from ._augment import AutoAugment, augment_photos, flip_and_crop
from ._data_photos import PhotoDataset
from ._models import IMAGENET_MEAN, IMAGENET_STD, ImageModel, cifar_resnet, photo_net


def cifar_net(args, kind="se", policy="flips"):
    """Return the unfitted net of Table I.

    SGD with Nesterov's momentum, weight decay 5e-4 and the one-cycle policy, its peak 0.1 for
    batches of 128 and in proportion for others.

    Parameters
    ----------
    args : Namespace
        ``epochs``, ``device``, ``depth`` and ``batch_size``.
    kind : {"plain", "se", "pre"}
        Of residual blocks.
    policy : {"flips", "autoaugment"}
        Of augmentation.

    Returns
    -------
    skorch.NeuralNetClassifier
        The net.
    """
    return NeuralNetClassifier(
        ImageModel,
        module__make=partial(cifar_resnet, kind, args.depth),
        module__augment=AutoAugment() if policy == "autoaugment" else flip_and_crop,
        criterion=SoftTargetKLDivLoss,
        optimizer=torch.optim.SGD,
        optimizer__momentum=0.9,
        optimizer__nesterov=True,
        optimizer__weight_decay=5e-4,
        lr=0.1 * args.batch_size / 128,
        max_epochs=args.epochs,
        batch_size=args.batch_size,
        iterator_train__shuffle=True,
        iterator_valid__batch_size=1000,
        train_split=None,
        callbacks=[("rate", one_cycle())],
        device=args.device,
        verbose=0,
    )


def photo_student(args, n_outputs, *, regression=False, tricks=True, swa=False, **changes):
    """Return the unfitted net of Tables II and III.

    AdamW with learning rate 1e-3 and weight decay 2e-4, cosine annealing with warm-up.

    Parameters
    ----------
    args : Namespace
        ``epochs``, ``device``, ``backbone``, ``size``, ``batch_size``, ``workers`` and
        ``pretrained``.
    n_outputs : int
        Of the net.
    regression : bool
        Whether its output is a number.
    tricks : bool
        Pre-trained weights, generalized-mean pooling, augmentation and the schedule.
    swa : bool
        Whether weights of the last quarter of the epochs are averaged.
    **changes : dict
        Other parameters of the net.

    Returns
    -------
    skorch.NeuralNet
        The net.
    """
    recipe = {
        "module__make": partial(
            photo_net, args.backbone, n_outputs, tricks, tricks and args.pretrained
        ),
        "module__augment": augment_photos if tricks else None,
        "module__mean": IMAGENET_MEAN,
        "module__std": IMAGENET_STD,
        "criterion": nn.MSELoss if regression else SoftTargetKLDivLoss,
        "optimizer": torch.optim.AdamW,
        "optimizer__weight_decay": 2e-4,
        "lr": 1e-3,
        "max_epochs": args.epochs,
        "batch_size": args.batch_size,
        "dataset": PhotoDataset,
        "dataset__size": args.size,
        "iterator_train__shuffle": True,
        "iterator_train__num_workers": args.workers,
        "iterator_valid__num_workers": args.workers,
        "train_split": None,
        "callbacks": schedule(1e-3, tricks, swa),
        "device": args.device,
        "verbose": 0,
    }
    kind = NeuralNetRegressor if regression else NeuralNetClassifier
    return kind(ImageModel, **{**recipe, **changes})


def schedule(lr, tricks=True, swa=False, make=cosine_with_warmup):
    """Return the callbacks of a learning rate that peaks at `lr`.

    Parameters
    ----------
    lr : float
        The peak.
    tricks : bool
        Without them the rate is constant.
    swa : bool
        Average weights over the last quarter of the epochs, at a constant 0.3 `lr`: a rate that
        has fallen to nothing leaves nothing to average.
    make : callable
        The schedule.

    Returns
    -------
    list of (str, skorch.callbacks.Callback)
        The callbacks.
    """
    if not tricks:
        return []
    if not swa:
        return [("rate", make())]
    averaging = StochasticWeightAveraging(start=0.75, lr=0.3 * lr)
    return [("rate", make(step_every="epoch")), ("swa", averaging)]


def photo_note(data, args):
    """Return what to say beside figures of photographs."""
    return "" if args.pretrained else f"The weights of {args.backbone} were random at the start."


def photo_options(parser, backbone="tf_efficientnet_b5.ra_in1k"):
    """Add the options of photographs."""
    parser.add_argument("--backbone", default=backbone, help="of timm, or tiny")
    parser.add_argument("--size", type=int, default=456, help="pixels a side")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--workers", type=int, default=0, help="processes that read images")
