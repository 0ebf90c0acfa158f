"""How fast is one E step with a neural net, against scikit-learn's loop over skorch's?

    cross_val_predict(net, X, y, cv=KFold(5), method="predict_proba")
    out_of_fold_predict(net, X, rows, cv=KFold(5))          # ours, in one process and in two

The same net, rows and folds (one workload asks for bfloat16 in ours alone); torch has one thread
in every process. Methods take turns within a run, and a ratio is the median of the ratios of the
runs, of time on the wall (and, in one process, of CPU time, which other work on the machine
disturbs less). Two processes are warm: they have imported what they need.

    python -m examples.benchmarks.e_step                 # every part
    python -m examples.benchmarks.e_step --part speed --repeats 7 --workloads "digits MLP"
    python -m examples.benchmarks.e_step --part accuracy --seeds 20
    python -m examples.benchmarks.e_step --device cuda   # both on the same GPU, one process

speed     ratios; multiply-adds of forward and backward per second, and their share of what a
          product of two 2048 x 2048 matrices reaches; peak memory beside data and imports
accuracy  of the predictions, paired over seeds >= 1000, with a 95 % interval of the difference
fit       SLRClassifier.fit over the E steps and the final fit that it consists of
scaling   exponents of the time in rows, folds less one, and rounds
"""

import argparse
import json
import os
from pathlib import Path

# Before torch: threads that spin while they wait slow down whoever else wants the core.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch

from .accuracy import accuracy
from .memory import peak_memory
from .methods import METHODS
from .scaling import scaling
from .speed import speed
from .whole_fit import whole_fit
from .workloads import WORKLOADS

PARTS = ("speed", "accuracy", "fit", "scaling")


def main():
    """Parse the command line, run, print the tables."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--part", choices=PARTS, action="append", help="may be repeated")
    parser.add_argument("--workloads", nargs="+", default=list(WORKLOADS), choices=WORKLOADS)
    parser.add_argument("--repeats", type=int, default=5, help="of every measured time")
    parser.add_argument("--seeds", type=int, default=10, help="of the accuracies")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path, help="file for every measured value")
    parser.add_argument("--peak", choices=METHODS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.peak:
        print(peak_memory(arguments.workloads[0], arguments.peak))
        return
    measure = {"speed": speed, "accuracy": accuracy, "fit": whole_fit, "scaling": scaling}
    results = {part: measure[part](arguments) for part in arguments.part or PARTS}
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
