"""What do soft targets cost, next to hard labels of the same estimator, and what do they give?

For each route and 3, 10 and 100 classes: processor time of the soft fit over that of the hard fit
(alternating in one process, one thread, medians), peak memory over the size of X (what NumPy
allocates during the soft fit), and log-loss and accuracy on clean test labels beside those of
weighted rows (or label draws, where an estimator takes no weights) and of hard labels.

Weighted rows are as many as rows times classes. Where these are more than `--max-repeated-rows`,
all three are compared on the first rows only, as many as the limit allows; the line says how many.
Times over the hard fit are of all rows, those of weighted rows of the compared ones. At a limit of
0, weighted rows are not run.

The data: a fifth of the labels is drawn anew; the soft row is the mean of the observed label and
an out-of-fold prediction, which is what the first rounds of label refinement train on.

    python -m examples.benchmarks.soft_targets --quick
    python -m examples.benchmarks.soft_targets --seeds 5 --repeats 1 --out results.jsonl
"""

import argparse
import json
import warnings

from threadpoolctl import threadpool_limits

from .measurements import compare, peak_memory
from .problems import CLASSES, make_estimators, make_problem
from .tables import report, summarise


def main():
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds")
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--classes", type=int, nargs="+", default=CLASSES)
    parser.add_argument(
        "--max-repeated-rows", type=int, default=100_000, help="0: weighted rows are not run"
    )
    parser.add_argument(
        "--equal-steps",
        action="store_true",
        help="soft fits of MLPClassifier get C times the epochs: as many steps as weighted rows",
    )
    parser.add_argument("--out", help="file that gets a line of JSON for every line printed")
    parser.add_argument("--only", nargs="+", help="class names of estimators")
    parser.add_argument("--quick", action="store_true", help="2000 samples, 1 seed, 1 repeat")
    args = parser.parse_args()
    if args.quick:
        args.samples, args.seeds, args.repeats = 2000, 1, 1
    warnings.simplefilter("ignore")
    with threadpool_limits(limits=1):  # so that processor time means something
        run(args)


def run(args):
    """Compare every estimator at every number of classes."""
    for n_classes in args.classes:
        seeds = range(args.first_seed, args.first_seed + args.seeds)
        problems = [make_problem(args.samples, n_classes, seed) for seed in seeds]
        for estimator in make_estimators(n_classes):
            if args.only and type(estimator).__name__ not in args.only:
                continue
            results = [
                compare(estimator, problem, seed, args)
                for seed, problem in zip(seeds, problems, strict=True)
            ]
            memory = peak_memory(estimator, problems[0], seeds[0])
            line = summarise(estimator, n_classes, results, memory)
            report(line)
            if args.out:
                with open(args.out, "a") as file:
                    file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
