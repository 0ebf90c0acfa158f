"""The cells of the table: one method on one problem; a file keeps each as it ends."""

import json
import time
import warnings

import numpy as np
from sklearn.metrics import average_precision_score, log_loss
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

from ..common.noisy_problems import VOTES, data_of, make_problem
from ..common.students import STUDENTS, STUDENTS_OF, make_student
from .comparison import METHODS, STUDENTS_FOR, VOTE_METHODS


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
        # Other packages warn of convergence and deprecations.
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
