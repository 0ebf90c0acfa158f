"""Ordinal regression: what do cuts, refinement rounds and other packages do for kappa?

The question
    Scores of one regressor can be rounded to grades, or cut where a search (Nelder-Mead, the usual
    "optimized rounder") or the exact optimum says. How much is that worth on new rows, what do
    rounds of Stochastic Label Refinery add, and where do ordinal models of other packages stand?

The measurement
    Six tables and RetinaMNIST (mean colours of 7 x 7 cells), with the training grades as they are
    ("clean") and with 30 % of them moved to a neighbouring grade ("noisy"); test grades are
    always as they are. A seed draws the training rows: of a table 60 %, at most 800, the rest is
    the test set; of RetinaMNIST 1000 of the 1200 training images, the test set is the official
    one (its patients are in no training row). All methods of a cell have the same rows, the same
    regressor and settings; all cuts of a cell are fitted to the same out-of-fold scores. Three
    families: ridge regression with the linear models of mord and statsmodels; gradient boosting;
    a net of one hidden layer with the losses of spacecutter, coral and dlordinal on the same
    body, optimizer and epochs.

    Settings were chosen on seeds below 100. The default seeds, 1000 and up, are for figures.
    Differences are paired by data set and seed, against the exact cuts.

Run ``python -m examples.benchmarks.ordinal --data FOLDER --out results.json``. Each finished method
is kept in it, and a second run goes on from there; ``--table`` prints what the file has. Other
packages that are not installed are left out with a note: ``pip install mord statsmodels spacecutter
coral-pytorch dlordinal``.
"""

import argparse
import json
import warnings
from pathlib import Path

import torch

from ..common.data import data_folder
from .cells import run
from .methods import FAMILIES
from .problems import DATA, TABLES
from .tables import print_tables


def main():
    """Parse the command line, run what is missing, print the tables."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--data", help="folder with the data; else the variable SLR_DATA")
    parser.add_argument("--out", type=Path, default=Path("results/ordinal.json"))
    parser.add_argument("--seeds", type=int, nargs=2, default=(1000, 1020), help="first, beyond")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=FAMILIES)
    parser.add_argument("--sets", nargs="+", choices=DATA, default=DATA)
    parser.add_argument("--rounds", type=int, nargs="*", default=(1, 2, 3, 4))
    parser.add_argument("--table", action="store_true", help="only print what the file has")
    arguments = parser.parse_args()
    if arguments.table:
        print_tables(json.loads(arguments.out.read_text()))
        return
    # Small fits: threads would only wait for each other.
    torch.set_num_threads(1)
    # Other packages warn of convergence and deprecations.
    warnings.simplefilter("ignore")
    needs = ["ordinal"] if set(arguments.sets) & set(TABLES) else []
    needs += ["retinamnist.npz"] if "retinamnist" in arguments.sets else []
    folder = data_folder(arguments.data, needs)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    seeds = range(*arguments.seeds)
    print_tables(
        run(folder, arguments.out, seeds, arguments.families, arguments.sets, arguments.rounds)
    )


if __name__ == "__main__":
    main()
