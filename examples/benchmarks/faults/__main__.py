"""Is anything lost when a fit is killed, loses a worker, its disk or a file?

Each run fits a skorch net or a scikit-learn forest in three rounds of five folds, in one process
or in two workers, and is disturbed at a random moment: after a random number of folds has begun,
and a random part of the time that a fold takes. In turn,

parent killed    SIGKILL of the process that called fit
worker killed    SIGKILL of one of its workers; the fit itself is to go on
disk full        files of more than a kilobyte are refused from then on (RLIMIT_FSIZE)
file damaged     the process is killed, and then a file of its folder cut, emptied or a bit flipped

Then fit is called again on the same folder (not where a worker was killed), and the labels are
compared with those of an undisturbed fit, bit by bit. A fold is refitted needlessly if its answer
was on the disk, undamaged, when the fault came. An orphan is a process of the disturbed fit that
is still there half a minute after its end. Time to resume runs from the second call of fit (or
from the death of the worker) to the first fold that it fits, whose workers have to start.

    python -m examples.benchmarks.faults --runs 50
    python -m examples.benchmarks.faults --runs 200 --seed 1 --json faults.json

For Linux and macOS.
"""

import argparse
import json
import multiprocessing
import tempfile
from pathlib import Path

import numpy as np

from .disturbance import KINDS, disturb, measure
from .problem import STUDENTS
from .tables import table

# In one process, and in two workers.
N_JOBS = (1, 2)


def main():
    """Parse the command line, run, print the tables."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=50, help="faults, of all kinds in turn")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--json", type=Path, help="file for the result of every run")
    arguments = parser.parse_args()
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([f"{__package__}.net"])
    references = {student: measure(student) for student in STUDENTS}
    moments, results = np.random.default_rng(arguments.seed), []
    for run in range(arguments.runs):
        kind, student = KINDS[run % len(KINDS)], STUDENTS[run // len(KINDS) % len(STUDENTS)]
        n_jobs = 2 if kind == "worker killed" else N_JOBS[run // 8 % len(N_JOBS)]
        with tempfile.TemporaryDirectory() as folder:
            result = disturb(kind, student, n_jobs, folder, references[student], moments, processes)
        results.append({"run": run, "kind": kind, "student": student, "n_jobs": n_jobs, **result})
        print(json.dumps(results[-1]), flush=True)
    print(table(results))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
