"""Appendix A: three classes in the plane, of whose labels up to a half are wrong (Figures 5 and 6).

The question
    How right on clean labels is a small net that learned from wrong ones, by each of the paper's
    methods? 300 points, three spirals or three overlapping clouds (`make_three_class_toy`); a
    share of 0 to 50 % of the labels is replaced by one of the two others. The net, two hidden
    layers of 64, is trained far enough to learn a good part of the wrong labels.

    The paper gives neither its net nor its figures in numbers; it says 8 rounds of SLR, which are
    run here. All methods have the same net, points and labels; the settings were chosen on seeds
    below 1000. Test: 3000 fresh points with clean labels.

Run ``python -m examples.paper.toy --figures FOLDER`` from the root of the repository. Nothing is
wanted but torch, skorch and matplotlib.
"""

from functools import cache, partial

import numpy as np
import torch
from sklearn.model_selection import StratifiedKFold
from skorch import NeuralNetClassifier
from torch import nn

from sklearn_slr import SoftTargetClassifier, out_of_fold_predict
from sklearn_slr.callbacks import StochasticWeightAveraging
from sklearn_slr.datasets import make_noisy_labels, make_three_class_toy
from sklearn_slr.refinement import AverageRefinement

from ._figures import draw_repairs, draw_surfaces
from ._harness import Experiment, Row, main, markdown, mean_std, values_of
from ._rows import classification_rows

NOISE = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
N_POINTS, N_TEST, N_ROUNDS = 300, 3000, 8
GRID = 80  # points a side of a decision surface

AVERAGING = {"net": {"callbacks": [("swa", StochasticWeightAveraging(start=0.5))]}}
ROWS = {**classification_rows(N_ROUNDS), "swa": Row("SWA", AVERAGING)}


class Net(nn.Sequential):
    """Two hidden layers."""

    def __init__(self, width=64):
        super().__init__(
            nn.Linear(2, width),
            nn.Tanh(),
            nn.Linear(width, width),
            nn.Tanh(),
            nn.Linear(width, 3),
        )


def make_net(args, **changes):
    """Return the unfitted net."""
    recipe = {
        "criterion": nn.CrossEntropyLoss,
        "optimizer": torch.optim.Adam,
        "optimizer__fused": True,
        "lr": 0.05,
        "max_epochs": args.epochs,
        "batch_size": N_POINTS,
        "iterator_train__shuffle": True,
        "train_split": None,
        "device": args.device,
        "verbose": 0,
    }
    return NeuralNetClassifier(Net, **{**recipe, **changes})


@cache
def problem(kind, noise, seed, n_points):
    """Return points, true labels, given labels, test points, their labels."""
    X, y = make_three_class_toy(n_points, kind=kind, random_state=seed)
    X_test, y_test = make_three_class_toy(N_TEST, kind=kind, random_state=seed + 10**6)
    given = make_noisy_labels(y, noise=noise, random_state=seed)
    return X.astype(np.float32), y, given, X_test.astype(np.float32), y_test


def load(args):
    """Return what makes the problem of a case and a seed."""
    return partial(problem, n_points=max(3, round(args.fraction * N_POINTS)))


def cases(args):
    """Return all problems."""
    return [{"kind": kind, "noise": noise} for kind in args.kinds.split(",") for noise in NOISE]


def measure(config, data, args, seed, case):
    """Return the accuracy on clean labels, and the decision surface."""
    X, _, given, X_test, y_test = data(**case, seed=seed)
    make = config.get("model", SoftTargetClassifier)
    model = make(make_net(args, **config.get("net", {})), random_state=seed).fit(X, given)
    accuracy = float((model.predict(X_test) == y_test).mean())
    surface = "".join(map(str, model.predict(grid_of(X_test))))
    return {"figures": {"accuracy": accuracy}, "surface": surface}


def grid_of(X):
    """Return (GRID * GRID, 2) points that cover X, row by row from below."""
    (left, low), (right, high) = X.min(axis=0), X.max(axis=0)
    across, up = np.meshgrid(np.linspace(left, right, GRID), np.linspace(low, high, GRID))
    return np.column_stack([across.ravel(), up.ravel()]).astype(np.float32)


def repairs(data, args, kind="spirals", noise=0.3):
    """Return points, true labels, and the labels after each round: rounds of E and M steps."""
    X, y, given, *_ = data(kind=kind, noise=noise, seed=args.first_seed)
    observed = np.eye(3)[given]
    labels, m_step = [observed], AverageRefinement()
    for round in range(1, N_ROUNDS + 1):
        seed = 100 * args.first_seed + round
        folds = StratifiedKFold(5, shuffle=True, random_state=seed).split(X, given)
        oof = out_of_fold_predict(make_net(args), X, labels[-1], cv=list(folds), random_state=seed)
        labels.append(m_step.refine(observed, labels[-1], oof, round=round))
    return X, y, labels


def tables(experiment, cells, args):
    """Return a table for each kind of data: methods down, noise across."""
    texts = []
    for kind in args.kinds.split(","):
        lines = [
            [experiment.rows[key].name]
            + [
                mean_std(
                    values_of(cells, key, "accuracy", {"kind": kind, "noise": noise}).values(), 3
                )
                for noise in NOISE
            ]
            for key in args.rows
        ]
        texts.append(f"{kind}\n\n" + markdown(["method", *(f"{n:.0%}" for n in NOISE)], lines))
    n_seeds = len({cell["seed"] for cell in cells})
    head = f"Accuracy on clean test labels, mean ± standard deviation of {n_seeds} seeds."
    return "\n\n".join([head, *texts])


def draw(cells, data, args, folder):
    """Draw Figures 5 and 6."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in args.kinds.split(","):
        first = {
            (cell["row"], cell["case"]["noise"]): cell
            for cell in cells
            if cell["seed"] == args.first_seed and cell["case"]["kind"] == kind
        }
        problems = {n: data(kind=kind, noise=n, seed=args.first_seed) for n in NOISE}
        names = {key: ROWS[key].name for key in args.rows}
        draw_surfaces(first, names, problems, GRID, folder / f"paper_figure5_{kind}.png")
    if not args.table:  # its nets are trained here
        draw_repairs(*repairs(data, args), folder / "paper_figure6.png")


def options(parser):
    """Add the options of this experiment."""
    kinds = ["spirals,blobs", "spirals", "blobs"]
    parser.add_argument("--kinds", default=kinds[0], choices=kinds, help="of data")


EXPERIMENT = Experiment(
    name="toy",
    rows=ROWS,
    load=load,
    measure=measure,
    metrics=("accuracy",),
    baseline="baseline",
    identity=lambda data, args: "made by make_three_class_toy",
    options=options,
    cases=cases,
    tables=tables,
    draw=draw,
    defaults={"epochs": 60},
)

if __name__ == "__main__":
    main(EXPERIMENT)
