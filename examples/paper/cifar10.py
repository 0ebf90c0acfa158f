"""Table I: SE-ResNet56 on CIFAR-10, clean or with the human labels of CIFAR-10N.

The data
    ``--data FOLDER`` with ``cifar-10-batches-py``, or with ``cifar10_jpeg.npz``, whose images are
    lossy JPEG copies: say so beside every figure. ``--labels worse`` and its like train on
    CIFAR-10N's human labels (``cifar10n_labels.npz`` or ``CIFAR-10_human.pt``); test labels are
    clean always.

The net
    SE-ResNet56 (859,066 parameters), one-cycle SGD. "AA": AutoAugment of torchvision; where that
    is not installed ``--policy flips`` is the default: flips and crops alone, which are what the
    rows without AA have anyway. The paper gives neither its epochs nor its learning rate.

The measurement
    One round of SLR, n = 3, k = 5, as in the paper. SLR-a: pseudo-labels averaged over the image
    and three other views of it (mirrored, moved by two pixels). SLR-e: over SE-ResNet56,
    PreResNet56 and ResNet56, for the paper does not name its three nets. All SLR rows of a seed
    share one E step a net, on the same folds, kept beside ``--out``: 15 fits on four fifths of the
    rows instead of 45. The figures of VGG16, ResNet101 and DenseNet121 are the paper's; they
    are, to the digit, those of https://github.com/kuangliu/pytorch-cifar, and are not run here.

Run ``python -m examples.paper.cifar10 --fraction 0.05 --epochs 3 --rows all`` for a look on a CPU,
``--epochs 200 --batch-size 512`` on a GPU.
"""

import importlib.util

import joblib
import numpy as np
import torch
from sklearn.model_selection import StratifiedKFold

from sklearn_slr import SoftTargetClassifier, out_of_fold_predict
from sklearn_slr.baselines import LabelSmoothingClassifier
from sklearn_slr.refinement import AverageRefinement, PosteriorRefinement

from ._data_cifar import N_TRAIN, find, human_labels, labels_of, load_images
from ._harness import Experiment, Row, main
from ._nets import cifar_net
from ._problems import Problem, identity_of, part_of

NETS = ("se", "pre", "plain")  # of SLR-e


def _row(name, published, **config):
    return Row(name, config or None, {"accuracy": published} if published else {})


AA = {"policy": "autoaugment"}
ROWS = {
    "vgg16": _row("VGG16", "92.64 %"),
    "resnet101": _row("ResNet101", "93.75 %"),
    "densenet121": _row("DenseNet121", "95.04 %"),
    "preresnet": _row("PreResNet56", "95.51 %", kind="pre"),
    "plain": _row("SE-ResNet56", "95.87 %", kind="se"),
    "baseline": _row("SE-ResNet56 + AA", "96.16 %", **AA),
    "smoothing": _row("... + label smoothing", "96.16 %", model=LabelSmoothingClassifier, **AA),
    "slr": _row("... + SLR", "96.41 %", teachers=NETS[:1], **AA),
    "slr-a": _row("... + SLR-a", "96.44 %", teachers=NETS[:1], views=True, **AA),
    "slr-e": _row("... + SLR-e", "96.42 %", teachers=NETS, **AA),
    "slr-ae": _row("... + SLR-ae", "96.53 %", teachers=NETS, views=True, **AA),
    "posterior": _row(
        "... + SLR, posterior", "", teachers=NETS[:1], refinement=PosteriorRefinement(), **AA
    ),
}


def mirror(X):
    """Mirror images (n, 3, height, width) left to right."""
    return np.ascontiguousarray(X[..., ::-1])


def move(X, by):
    """Move images by some pixels down and to the right, or back; new pixels are black."""
    moved = np.zeros_like(X)
    here, there = (
        (slice(by, None), slice(None, -by)) if by > 0 else (slice(None, by), slice(-by, None))
    )
    moved[..., here, here] = X[..., there, there]
    return moved


VIEWS = (mirror, lambda X: move(X, 2), lambda X: move(X, -2))


def load(args):
    """Return the problem, the same for all seeds, and the clean labels of its training rows."""
    folder, jpeg = find(args.data)
    clean = labels_of(folder)
    train = part_of(clean[:N_TRAIN], args.fraction)
    test = N_TRAIN + part_of(clean[N_TRAIN:], args.fraction)
    X, truth = load_images(folder, train)
    X_test, y_test = load_images(folder, test)
    given = truth if args.labels == "clean" else human_labels(folder, args.labels)[train]
    print(
        f"{len(X)} training images, {(given != truth).mean():.1%} of their labels wrong, "
        f"{len(X_test)} test images{'; lossy JPEG copies' if jpeg else ''}; augmentation "
        f"in the rows with AA: {args.policy}."
    )
    return Problem(X, given, X_test, y_test), truth, jpeg


def identify(data, args):
    """Return what tells the data from others."""
    return identity_of(data[0]), data[1]


def note(data, args):
    """Return what to say beside every figure."""
    return "The images are lossy JPEG copies of CIFAR-10's." if data[2] else ""


def measure(config, data, args, seed, case):
    """Return accuracy on clean labels, and the share of the labels learned that are right."""
    (X, y, X_test, y_test, _), truth, _ = data
    policy = args.policy if config.get("policy") == "autoaugment" else "flips"
    net = cifar_net(args, config.get("kind", "se"), policy)
    rows = np.eye(10)[y]
    if "teachers" in config:
        found = [pseudo_labels(kind, X, y, args, seed) for kind in config["teachers"]]
        n_views = len(VIEWS) + 1 if config.get("views") else 1
        oof = np.mean([views[:n_views].mean(axis=0) for views in found], axis=0)
        learned = refined(config.get("refinement", AverageRefinement(n=3)), rows, oof)
        model = SoftTargetClassifier(net, random_state=seed).fit(X, learned)
    else:
        model = config.get("model", SoftTargetClassifier)(net, random_state=seed).fit(X, y)
        learned = rows
    figures = {
        "accuracy": (model.predict(X_test) == y_test).mean(),
        "right labels": (learned.argmax(axis=1) == truth).mean(),
    }
    return {"figures": {name: float(value) for name, value in figures.items()}}


def pseudo_labels(kind, X, y, args, seed):
    """Return the pseudo-labels of a kind of net, made once and kept in a file."""
    names = (kind, seed, *(getattr(args, name) for name in ("epochs", "fraction", *SETTINGS)))
    names = (*names, torch.device(args.device).type, joblib.hash((X, y))[:8])
    path = args.out.with_suffix(".folds") / ("_".join(map(str, names)) + ".npy")
    if not path.exists():
        net = cifar_net(args, kind, args.policy)
        oof = out_of_fold_views(net, X, np.eye(10)[y], y, seed, VIEWS)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".tmp.npy")
        np.save(unfinished, oof.astype(np.float32))
        unfinished.rename(path)
    return np.load(path).astype(float)


def out_of_fold_views(net, X, targets, y, seed, views):
    """Return out-of-fold predictions of the images and of views of them.

    Parameters
    ----------
    net : estimator
        A classifier.
    X : ndarray of length n_samples
        Images.
    targets : ndarray of shape (n_samples, C)
        What it learns.
    y : ndarray of shape (n_samples,)
        Labels, by which the five folds are stratified.
    seed : int
        Of folds and nets.
    views : tuple of callable
        ``view(X)`` returns other images of the same rows.

    Returns
    -------
    ndarray of shape (1 + n_views, n_samples, C)
        Predictions by models that have seen no view of the image.
    """
    n = len(X)
    stacked = np.concatenate([X, *(view(X) for view in views)])
    folds = StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y)
    # Views are always held out, together with their image.
    splits = [
        (train, np.concatenate([test + n * view for view in range(1 + len(views))]))
        for train, test in folds
    ]
    tiled = np.tile(targets, (1 + len(views), 1))
    oof = out_of_fold_predict(net, stacked, tiled, cv=splits, random_state=seed)
    return oof.reshape(1 + len(views), n, -1)


def refined(refinement, rows, oof):
    """Return what the student learns after one M step."""
    found = refinement.refine(rows, rows, oof, round=1)
    labels = found[0] if isinstance(found, tuple) else found
    return (
        refinement.training_targets(labels) if hasattr(refinement, "training_targets") else labels
    )


def options(parser):
    """Add the options of this experiment."""
    has_policy = importlib.util.find_spec("torchvision") is not None
    labels = ["clean", "aggre", "worse", "random1", "random2", "random3"]
    add = parser.add_argument
    add("--labels", choices=labels, default="clean")
    add("--batch-size", type=int, default=128)
    add("--depth", type=int, default=56, help="of the residual nets: 6 n + 2")
    add(
        "--policy",
        choices=["autoaugment", "flips"],
        default="autoaugment" if has_policy else "flips",
        help="of the rows with AA",
    )


SETTINGS = ("labels", "batch_size", "depth", "policy")

EXPERIMENT = Experiment(
    name="cifar10",
    rows=ROWS,
    load=load,
    measure=measure,
    metrics=("accuracy", "right labels"),
    baseline="baseline",
    settings=SETTINGS,
    identity=identify,
    note=note,
    options=options,
    defaults={"epochs": 200, "seeds": 1},
)

if __name__ == "__main__":
    main(EXPERIMENT)
