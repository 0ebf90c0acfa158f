"""What do wrong numbers cost, and what is gained by leaving, dropping or repairing them?

Run ``python -m examples.benchmarks.numbers --sets later --seeds 2000 2003 --out numbers.jsonl``
(``--data FOLDER`` for ``--sets ordinal``; cleanlab is measured where it is installed). Each
finished draw is kept in the file, and a second run goes on from there; ``--table`` prints what it
has.

Numbers are R2 and the mean absolute error on right test numbers, and the average precision of the
ranking of wrong training numbers. R2 is clipped at -1. Differences are paired, to the plain
student.
"""

import argparse
import json
import time
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, mean_absolute_error, r2_score

from .methods import METHODS, applies, clip
from .problems import ERRORS, SETS, STUDENTS, make_problem


def run_draw(kind, data, error, student, seed, methods, folder):
    """Return what each method reaches in one draw."""
    problem = make_problem(kind, data, error, seed, folder)
    wrong = problem.given != problem.truth
    result = {"case": [kind, data, error, student], "seed": seed}
    for name in methods:
        if not applies(name, student):
            continue
        start = time.perf_counter()
        predicted, suspicion, n_fits = METHODS[name](STUDENTS[student](), problem, seed)
        result[name] = {
            "seconds": time.perf_counter() - start,
            "fits": n_fits,
            "r2": float(r2_score(problem.y_test, predicted)),
            "mae": float(mean_absolute_error(problem.y_test, predicted) / problem.y_test.std()),
        }
        if suspicion is not None and wrong.any() and name != "plain":
            result[name]["ap"] = float(average_precision_score(wrong, suspicion))
    return result


def print_tables(draws):
    """Print gains by kind of error, by student, and the sets where something is lost."""
    methods = [name for name in METHODS if name != "plain" and any(name in each for each in draws)]
    for title, part in (("error", 2), ("student", 3)):
        print(f"\n| {title} | draws | plain R2 | " + " | ".join(methods) + " |")
        print("|---" * (3 + len(methods)) + "|")
        groups = defaultdict(list)
        for draw in draws:
            groups[draw["case"][part]].append(draw)
        for name in ERRORS if part == 2 else STUDENTS:
            if name in groups:
                _print_row(name, groups[name], methods)
    print("\nEach: gain in R2 over plain, mean / median; gain in MAE, in test standard deviations,")
    print("median, positive is better; AP, mean; fits.")
    _print_losses(draws)


def _print_row(name, draws, methods):
    cells = []
    for method in methods:
        own = [draw for draw in draws if method in draw]
        if not own:
            cells.append("-")
            continue
        r2 = [clip(draw[method]["r2"]) - clip(draw["plain"]["r2"]) for draw in own]
        mae = np.median([draw["plain"]["mae"] - draw[method]["mae"] for draw in own])
        ap = [draw[method]["ap"] for draw in own if "ap" in draw[method]]
        precision = f"{np.mean(ap):.3f}" if ap else "-"
        fits = np.mean([draw[method]["fits"] for draw in own])
        cells.append(
            f"{np.mean(r2):+.3f} / {np.median(r2):+.4f}; {mae:+.3f}; {precision}; {fits:.0f}"
        )
    plain = np.mean([clip(draw["plain"]["r2"]) for draw in draws])
    print(f"| {name} | {len(draws)} | {plain:.3f} | " + " | ".join(cells) + " |")


def _print_losses(draws):
    """Print the cases where "robust" is below plain by more than .005 and two standard errors."""
    cases = defaultdict(list)
    for draw in draws:
        gain = clip(draw["robust"]["r2"]) - clip(draw["plain"]["r2"])
        cases[tuple(draw["case"][1:])].append(gain)
    for clean in (True, False):
        lost = []
        own = {case: values for case, values in cases.items() if (case[1] == "clean") == clean}
        for case, values in own.items():
            error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
            if np.mean(values) + 2 * error < -0.005:
                lost.append(f"{'-'.join(case)} {np.mean(values):+.3f} ± {error:.3f}")
        kind = "right" if clean else "wrong"
        print(f"\nrobust below plain, {kind} numbers: {len(lost)} of {len(own)} cases: {lost}")


def main():
    """Parse the command line, run what is missing, print the tables."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--sets", choices=SETS, default="later")
    parser.add_argument("--seeds", type=int, nargs=2, default=(2000, 2003), help="first, beyond")
    parser.add_argument("--errors", nargs="+", choices=ERRORS, default=ERRORS)
    parser.add_argument("--students", nargs="+", choices=STUDENTS, default=list(STUDENTS))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--data", help="the folder with ordinal/*.csv")
    parser.add_argument("--out", type=Path, default=Path("results/numbers.jsonl"))
    parser.add_argument("--table", action="store_true", help="only print what the file has")
    arguments = parser.parse_args()
    folder = None
    if arguments.sets == "ordinal" and not arguments.table:
        from examples.benchmarks.common.data import data_folder

        folder = data_folder(arguments.data, "ordinal")
    draws = []
    if arguments.out.exists():
        draws = [json.loads(line) for line in arguments.out.read_text().splitlines()]
    if not arguments.table:
        warnings.simplefilter("ignore")  # refinements that stop, solvers that do not converge
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        done = {(*draw["case"], draw["seed"]) for draw in draws}
        for seed in range(*arguments.seeds):
            for data in SETS[arguments.sets]:
                for error in arguments.errors:
                    for student in arguments.students:
                        case = (arguments.sets, data, error, student)
                        if (*case, seed) in done:
                            continue
                        draws.append(run_draw(*case, seed, arguments.methods, folder))
                        with arguments.out.open("a") as file:
                            file.write(json.dumps(draws[-1]) + "\n")
    print_tables(draws)


if __name__ == "__main__":
    main()
