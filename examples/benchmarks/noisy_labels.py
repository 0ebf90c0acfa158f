"""Labels under noise: what do refined labels give, next to cleaning them and to doing nothing?

The question
    Some training labels are wrong. How right, and how well calibrated, is a student on clean test
    labels, and how well are the wrong labels found, by Stochastic Label Refinery and by its
    neighbours, given the same number of fits?

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

Run ``python noisy_labels.py --data FOLDER --out results.jsonl``. Each finished cell is a line of
the file, and a second run goes on from there; ``--table results.jsonl`` prints what a file has.
cleanlab and crowd-kit are wanted: ``pip install cleanlab crowd-kit``; Pillow for CIFAR-10.
"""

import argparse
import importlib.util
import json
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from _data import data_folder
from _noisy_peers import METHODS, NEEDS, STUDENTS_FOR, VOTE_METHODS
from _noisy_problems import FILES, PROBLEMS, VOTES, data_of, make_problem
from _noisy_students import STUDENTS, STUDENTS_OF, make_student
from _noisy_tables import print_tables
from sklearn.metrics import average_precision_score, log_loss
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits


def run_cell(cell, folder, cache):
    """Run one method on one problem.

    Parameters
    ----------
    cell : tuple
        Problem, student, method, seed.
    folder, cache : path
        The data, and where features are kept.

    Returns
    -------
    dict
        A line of the result file. A method that fails leaves its error, and is tried again in
        the next run.
    """
    name, student, method, seed = cell
    line = {"problem": name, "student": student, "method": method, "seed": seed}
    problem = make_problem(name, seed, folder, cache)
    function = (VOTE_METHODS if name == VOTES else METHODS)[method]
    with threadpool_limits(1), warnings.catch_warnings():
        # Peers warn of what they will not do about it: convergence, deprecations.
        warnings.simplefilter("ignore")
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            result = function(make_student(student, name), problem, seed)
        except Exception as error:
            return {**line, "error": repr(error)}
        times = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return {**line, **measure(problem, result), **times}


def measure(problem, result):
    """Return the figures of a result; None where there is none.

    Parameters
    ----------
    problem : Problem
        What was learned.
    result : Result
        What the method gave.

    Returns
    -------
    dict
        `accuracy` and `log_loss` on test rows; `average_precision` of finding wrong labels, where
        there are any; `label_accuracy`, the share of right labels after correction; `n_fits`;
        the method's notes.
    """
    proba = np.clip(result.proba, 1e-4, None)
    proba /= proba.sum(axis=1, keepdims=True)
    wrong = problem.observed != problem.truth
    found = corrected = None
    if result.quality is not None and problem.votes is None and wrong.any():
        found = float(average_precision_score(wrong, 1 - result.quality))
    if result.labels is not None:
        corrected = float(np.mean(result.labels == problem.truth))
    return {
        "accuracy": float(np.mean(result.proba.argmax(axis=1) == problem.y_test)),
        "log_loss": float(log_loss(problem.y_test, proba, labels=range(problem.n_classes))),
        "average_precision": found,
        "label_accuracy": corrected,
        "n_fits": result.n_fits,
        **result.notes,
    }


def list_cells(problems, students, methods, seeds):
    """Return the cells, all methods of a problem and seed together."""
    return [
        (problem, student, method, seed)
        for seed in seeds
        for problem in problems
        for student in (("mlp",) if problem == VOTES else STUDENTS_OF[data_of(problem)])
        if student in students
        for method in (VOTE_METHODS if problem == VOTES else METHODS)
        if method in methods and student in STUDENTS_FOR.get(method, STUDENTS)
    ]


def read(path):
    """Return the lines of a result file; a line cut short by a stop is left out."""
    results = []
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            results.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return results


def run(cells, path, folder, cache, n_jobs):
    """Run the cells that the file lacks, and write each as it ends."""
    keys = ("problem", "student", "method", "seed")
    done = {tuple(row[key] for key in keys) for row in read(path) if "error" not in row}
    missing = [cell for cell in cells if cell not in done]
    print(f"{len(missing)} of {len(cells)} cells to run", flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    work = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(
        delayed(run_cell)(cell, folder, cache) for cell in missing
    )
    with path.open("a") as file:
        if file.tell() and not path.read_text().endswith("\n"):
            file.write("\n")
        for line in work:
            file.write(json.dumps(line) + "\n")
            file.flush()
            if "error" in line:
                print(*(line[key] for key in keys), line["error"], flush=True)


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
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
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
