"""Table III, Figures 3 and 4b on DeepDRiD: EfficientNet-B5 on the original photographs.

The data
    ``--data FOLDER`` with ``regular_fundus_images`` of https://github.com/deepdrdoc/DeepDRiD: 1200
    training images, and 400 validation images, which are the test rows, as in the paper. The
    grade of an image is that of its eye.

The net
    EfficientNet-B5 of timm with ImageNet's weights and generalized-mean pooling, AdamW 1e-3 with
    weight decay 2e-4, cosine annealing with warm-up, 20 epochs, squared error. "Without tricks" it
    starts from random weights, pools by the mean, and has neither augmentation nor schedule: the
    paper does not say which tricks its first row lacks, nor its image size (456 here, that of B5)
    and its batch size (16 here).

The measurement
    As in `examples.paper.retinamnist`, cuts included. A patient has about four images: folds hold
    out patients as a whole; ``--folds random`` does not, and lets an image's twins into training.

Run ``python -m examples.paper.deepdrid --data FOLDER --workers 8`` on a machine with a GPU.
"""

from examples.benchmarks.common.data import data_folder

from ._data_photos import load_retinas
from ._harness import main
from ._models import has_weights
from ._nets import photo_note, photo_options, photo_student
from ._ordinal import GRADES, ordinal_experiment
from ._problems import Problem, identity_of, part_of


def load(args):
    """Return the problem, the same for all seeds."""
    folder = data_folder(args.data, "regular_fundus_images")
    args.pretrained = has_weights(args.backbone)
    train, test = (load_retinas(folder, part) for part in ("training", "validation"))
    train, test = (photos.take(part_of(photos.y, args.fraction)) for photos in (train, test))
    groups = train.groups if args.folds == "patients" else None
    problem = Problem(train.paths, train.y, test.paths, test.y, groups)
    return lambda seed: problem


def make_net(args, softmax=False, **changes):
    """Return the unfitted net of a row."""
    return photo_student(args, len(GRADES) if softmax else 1, regression=not softmax, **changes)


def options(parser):
    """Add the options of this experiment."""
    photo_options(parser)
    parser.add_argument("--folds", choices=["patients", "random"], default="patients")


EXPERIMENT = ordinal_experiment(
    "deepdrid",
    load,
    make_net,
    settings=("backbone", "size", "batch_size", "folds"),
    identity=lambda data, args: (identity_of(data(0)), args.pretrained),
    note=photo_note,
    options=options,
    defaults={"epochs": 20},
)

if __name__ == "__main__":
    main(EXPERIMENT)
