"""Labels under noise: what do refined labels give, next to cleaning them and to doing nothing?

The question
    Some training labels are wrong. How right, and how well calibrated, is a student on clean test
    labels, and how well are the wrong labels found, by Stochastic Label Refinery and by other
    methods, given the same number of fits?

The measurement
    Problems: digits (600 training rows), breast cancer, wine and the paper's three-class toy, with
    uniform ("u20": 20 %) or asymmetric ("a20") noise; LabelMe, each row with the answer of one
    annotator drawn by the seed; CIFAR-10N, 1500 rows drawn by the seed of the first 10,000, with
    human labels, on patch features. Its images are lossy JPEG copies (mean pixel error about 6 of
    255). All methods of a cell see the same rows and labels. Seeds change rows, wrong labels,
    folds and initial weights; the test rows of LabelMe and of CIFAR-10 stay.

    "smoothing": label smoothing of 0.1; "x5": five fits of different seeds, averaged. "cleanlab":
    CleanLearning with its defaults (6 fits). "cleanlab equal": its `find_label_issues`, given all
    that can be given besides: smoothed labels, averaged K-fold repeats, averaged final fits, and
    the number of fits that ours have. "paper SLR": `SLRClassifier` as it comes. "posterior":
    `PosteriorRefinement`, cold 0.5, hot 1, or chosen by itself; "teachers": forest, neighbours and
    logistic regression together. "gold": the plain student on true labels. Probabilities are
    clipped at 1e-4 for the log-loss.

    ``--votes`` is the other table: all annotators' answers of LabelMe, on 900 of its rows drawn
    by the seed, with CROWDLAB (cleanlab), Dawid and Skene's model (crowd-kit) and vote shares.

    Settings were chosen on seeds below 1000. The default seeds, 1000 and up, are for figures.

Run ``python -m examples.benchmarks.noisy_labels --data FOLDER --out results.jsonl``. Each finished
cell is a line of the file, and a second run goes on from there; ``--table results.jsonl`` prints
what a file has. cleanlab and crowd-kit are wanted: ``pip install cleanlab crowd-kit``;
Pillow for CIFAR-10.
"""

import argparse
import importlib.util
import tempfile
from pathlib import Path

from ..common.data import data_folder
from ..common.noisy_problems import FILES, PROBLEMS, VOTES, data_of
from ..common.students import STUDENTS
from .cells import list_cells, read, run
from .comparison import METHODS, NEEDS, VOTE_METHODS
from .tables import print_tables


def choose_problems(wanted):
    """Return the problems that are named in full or by their data set.

    Raises
    ------
    SystemExit
        If a name is unknown.
    """
    known = {*PROBLEMS, *map(data_of, PROBLEMS)}
    if unknown := set(wanted) - known:
        raise SystemExit(f"Unknown problems {sorted(unknown)}; known are {sorted(known)}.")
    return [name for name in PROBLEMS if {name, data_of(name)} & set(wanted)]


def check_packages(methods):
    """Stop, and say what is missing, before anything is run."""
    for package, names in NEEDS.items():
        wanting = [method for method in methods if method.startswith(names)]
        if wanting and importlib.util.find_spec(package) is None:
            raise SystemExit(
                f"{', '.join(wanting)}: package {package!r} is not installed. Install cleanlab "
                "and crowd-kit, or name other methods with --methods."
            )


def main():
    """Parse the command line, run what is missing, print the tables."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--data", help="folder with the data; else the variable SLR_DATA")
    parser.add_argument("--cache", type=Path, help="folder for CIFAR-10 features; else a temporary")
    parser.add_argument("--out", type=Path, default=Path("results/noisy_labels.jsonl"))
    parser.add_argument("--table", type=Path, help="only print the tables of this file")
    parser.add_argument("--votes", action="store_true", help="all annotators' answers of LabelMe")
    parser.add_argument("--seeds", type=int, default=20, help="number of seeds")
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--problems", nargs="+", default=PROBLEMS, help="digits, cifar-worse, ...")
    parser.add_argument("--students", nargs="+", choices=STUDENTS, default=STUDENTS)
    parser.add_argument("--methods", nargs="+", help="names, each in quotes")
    parser.add_argument("--n-jobs", type=int, default=1, help="cells run at once")
    arguments = parser.parse_args()
    if arguments.table:
        print_tables(read(arguments.table))
        return
    problems = [VOTES] if arguments.votes else choose_problems(arguments.problems)
    table = VOTE_METHODS if arguments.votes else METHODS
    methods = arguments.methods or list(table)
    if unknown := set(methods) - set(table):
        raise SystemExit(f"Unknown methods {sorted(unknown)}; known are {list(table)}.")
    check_packages(methods)
    needs = {file for name in problems for file in FILES.get(data_of(name), ())}
    folder = str(data_folder(arguments.data, sorted(needs))) if needs else None
    cache = str(arguments.cache or Path(tempfile.gettempdir()) / "sklearn_slr_benchmarks")
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    cells = list_cells(problems, arguments.students, methods, seeds)
    run(cells, arguments.out, folder, cache, arguments.n_jobs)
    print_tables(read(arguments.out))


if __name__ == "__main__":
    main()
