"""Table III, Figures 3 and 4b on RetinaMNIST: DeepDRiD's images at 28 x 28 pixels.

The question
    How do the methods of Table III rank where everybody can run them? Training rows are
    RetinaMNIST's train and validation images (1200), the test rows its official test split (400):
    the images of DeepDRiD's validation set, on which the paper measured its table.

The net
    That of ``examples.benchmarks.retinamnist``: 66,690 parameters, generalized-mean pooling,
    AdamW with the one-cycle policy, random flips and transpositions. "Without tricks" it has
    neither augmentation, nor schedule, nor that pooling. There are no pre-trained weights.

The measurement
    All rows are judged alike. After a row's model is fitted, students are trained on folds of the
    labels that its last student learned; their out-of-fold scores against the observed grades give
    the cuts with the best QWK and those with the best accuracy, and these cut the model's scores
    on the test rows. "rounded": no cuts. SLR and label refinery run 4 rounds, as in the paper.

    Patients have about four images each, and RetinaMNIST does not say whose they are: folds are
    random, so that a held-out image has near twins in training. One QWK of 400 images has a
    standard error of about .035, a paired difference one of .011 to .016, which no number of seeds
    makes smaller. ``--split random`` draws another 400 of all 1600 images for each seed (its test
    images have twins in training, too): seeds' luck on one split cannot pass for a gain there.

Run ``python -m examples.paper.retinamnist --rows all --figures FOLDER`` from the root.
"""

import numpy as np
from sklearn.model_selection import train_test_split
from skorch import NeuralNetClassifier, NeuralNetRegressor
from torch import nn
from torch.utils.data import DataLoader

from examples.benchmarks.common.data import data_folder
from examples.benchmarks.common.retina import load as load_arrays
from examples.benchmarks.common.retina import make_student
from sklearn_slr.callbacks import one_cycle

from ._harness import main
from ._nets import schedule
from ._ordinal import GRADES, ordinal_experiment
from ._problems import Problem, part_of

LR = 0.003


def load(args):
    """Return the problem of a seed: the official split, or one drawn by the seed."""
    X, y, X_test, y_test = load_arrays(data_folder(args.data, "retinamnist.npz", optional=True))
    train, test = part_of(y, args.fraction), part_of(y_test, args.fraction)
    official = Problem(X[train], y[train], X_test[test], y_test[test])
    if args.split == "official":
        return lambda seed: official
    X, y = (
        np.concatenate([official.X, official.X_test]),
        np.concatenate([official.y, official.y_test]),
    )

    def draw(seed):
        X_train, X_held, y_train, y_held = train_test_split(
            X, y, test_size=len(official.y_test), stratify=y, random_state=seed
        )
        return Problem(X_train, y_train, X_held, y_held)

    return draw


def make_net(args, softmax=False, tricks=True, swa=False, **changes):
    """Return the unfitted net of a row."""
    changes = {
        "lr": LR,
        "callbacks": schedule(LR, tricks, swa, one_cycle),
        "module__tricks": tricks,
        "device": args.device,
        **changes,
    }
    if not softmax:
        return make_student(args.epochs, NeuralNetRegressor, **changes)
    # Probability rows want loaders that know the numbers of their rows.
    changes |= {
        "criterion": nn.CrossEntropyLoss,
        "module__n_outputs": len(GRADES),
        "iterator_train": DataLoader,
        "iterator_valid": DataLoader,
    }
    return make_student(args.epochs, NeuralNetClassifier, **changes)


def options(parser):
    """Add the options of this experiment."""
    parser.add_argument("--split", choices=["official", "random"], default="official")


EXPERIMENT = ordinal_experiment(
    "retinamnist",
    load,
    make_net,
    settings=("split",),
    options=options,
    defaults={"epochs": 12},
)

if __name__ == "__main__":
    main(EXPERIMENT)
