"""RetinaMNIST: a small CNN inside SLRRegressor, round after round, on the official test split.

The question
    Does Stochastic Label Refinery raise the quadratic weighted kappa (QWK) of five ordinal grades
    of diabetic retinopathy, and what do thresholds do by themselves? Training rows are
    RetinaMNIST's train and validation images (1200); its official test split (400) is DeepDRiD's
    validation set, on which the paper measured its Table III.

The student
    66,000 parameters: four 3x3 convolutions, two of them with stride 2, batch norm,
    generalized-mean pooling, on colours and on local contrast (each pixel standardised by its
    neighbourhood). Squared error, one-cycle AdamW; every training image is flipped and transposed
    at random. The net itself averages nothing when it predicts: were flips averaged inside it,
    flips as ``augmentations`` would change nothing.

The measurement
    A row of the table is a round t, a final model ("refit": one student on all rows; "folds": the
    mean of the fold students), and pseudo-labels with or without flips as ``augmentations``. All
    rows have the same three figures. "kappa": cuts with the best QWK on out-of-fold scores of
    students trained on that row's own labels L(x, t). "flipped": the same with every score, out
    of fold and in test, averaged over the image and its flips. "nearest": scores are rounded.
    Each seed has two parts:

    * Rounds: one chain of E and M steps, by `out_of_fold_predict` and `AverageRefinement.refine`.
      The fold students of the E step of round t + 1 are trained on L(x, t), and so *are* the fold
      mean of round t, and their scores fit its cuts: for that, the test images are held out of
      every fold, where out-of-fold predictions average them over the folds. One refit a round is
      added, from the same initial weights in every round, which pairs the rounds. Five E steps
      give all rounds 0..4, and the chains with and without flips share round 0: 54 fits.
    * `SLRRegressor` itself: ``fit(X, y)`` with ``thresholds="kappa"`` and ``final="refit"``, at 0
      and at 3 rounds, and at 3 rounds with flips: 48 fits. Its "flipped" figure has its own cuts,
      which are those of scores that were not averaged.

    Seeds change folds, initial weights and batches, not the 400 test images: paired differences
    say nothing about other images (the standard error of one QWK at n = 400 is about 0.03).

Run ``python -m examples.benchmarks.retinamnist --data FOLDER --out results.jsonl``: about 9 minutes
a seed on one core. Each finished cell is a line of the file, and a second run goes on from there;
``--table`` prints what the file has.
"""

import argparse

import torch

from ..common.data import data_folder
from ..common.retina import load, make_student
from .cells import Cells, run_all
from .tables import print_table


def main():
    """Run what is missing, then print the table."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--data", help="folder with retinamnist.npz; else SLR_DATA")
    parser.add_argument("--out", default="retinamnist_results.jsonl", help="finished cells")
    parser.add_argument("--seeds", type=int, default=10, help="number of seeds")
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--threads", type=int, default=1, help="of torch, in prediction")
    parser.add_argument("--table", action="store_true", help="only print what --out has")
    args = parser.parse_args()
    cells = Cells(args.out)
    if not args.table:
        torch.set_num_threads(args.threads)
        data, student = (
            load(data_folder(args.data, "retinamnist.npz", optional=True)),
            make_student(args.epochs),
        )
        run_all(cells, student, data, args)
    print_table(cells, args.epochs)


if __name__ == "__main__":
    main()
