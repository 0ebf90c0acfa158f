"""What does each parameter do? One is changed at a time, on small problems, over seeds.

Five tables, each around a base: ``SLRClassifier()``, the same with ``refinement="average"``,
``"posterior"`` and ``"annotators"``, and ``SLRRegressor(thresholds="kappa")``, all else as the
constructor has it.

    digits       600 images, 30 % of the labels replaced by random other ones; logistic regression
    cancer       half of the breast cancer rows, 30 % of one class called the other; logistic
                 regression, a net of 32 hidden units, and boosting
    answers      300 digits, three answers each of twelve people, three of whom guess
    diabetes     half of the rows, five grades, 30 % of them off by one; ridge
    friedman     400 rows of scikit-learn's make_friedman1, grades likewise; boosting

A number is a paired difference to the base, mean +- standard error over seeds, in points of test
accuracy or hundredths of the quadratic weighted kappa, against right labels; the base's own row is
a mean. 40 of the test rows are the clean set of ``select_round="best"``, which no score counts.
Parameters that should not matter for accuracy come last: what they cost, in one run.

Run ``python -m examples.benchmarks.parameters --out parameters.json``. It takes about 13 minutes of
one core, and writes the file after every seed; the default seeds, 1000 and up, are for figures.
``--table parameters.json`` prints what a file has.
"""

import argparse
import json
import time
from pathlib import Path

from threadpoolctl import threadpool_limits

from .cases import TABLES
from .cells import run
from .costs import measure_costs
from .tables import print_tables


def main():
    """Parse the command line, run, write the file, print the tables."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--out", type=Path, help="JSON file for the results")
    parser.add_argument("--table", type=Path, nargs="+", help="only print what these files have")
    parser.add_argument("--seeds", type=int, default=6, help="number of seeds")
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--only", nargs="+", choices=[*TABLES, "costs"], help="some of the tables")
    known = list(dict.fromkeys(setup for table in TABLES.values() for setup in table.setups))
    parser.add_argument("--setups", nargs="+", choices=known, help="some of the columns")
    arguments = parser.parse_args()
    if arguments.table:
        parts = [json.loads(path.read_text()) for path in arguments.table]
        lines = [line for part in parts for line in part["lines"]]
        costs = {name: said for part in parts for name, said in part["costs"].items()}
        print_tables({"lines": lines, "costs": costs})
        return
    wanted = arguments.only or [*TABLES, "costs"]
    results = {"lines": [], "costs": {}}
    with threadpool_limits(1):
        if "costs" in wanted:
            results["costs"] = measure_costs(arguments.first_seed)
        for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
            start = time.process_time()
            results["lines"] += run(
                [table for table in TABLES if table in wanted], seed, arguments.setups
            )
            print(f"seed {seed}: {time.process_time() - start:.0f} s of CPU", flush=True)
            if arguments.out:
                arguments.out.parent.mkdir(parents=True, exist_ok=True)
                arguments.out.write_text(json.dumps(results, indent=1))
    print_tables(results)


if __name__ == "__main__":
    main()
