"""Tables of the noisy-label benchmark: means, and paired differences."""

import numpy as np

from ..common.noisy_problems import PROBLEMS, VOTES, data_of
from ..common.students import STUDENTS
from .comparison import METHODS, PAIRS, VOTE_METHODS

# Name in a result, heading, factor and decimals.
MEASURES = (
    ("accuracy", "test accuracy, %", 100, 1),
    ("log_loss", "test log-loss", 1, 3),
    ("average_precision", "finding wrong labels, average precision", 1, 3),
    ("label_accuracy", "training labels right after correction, %", 100, 1),
)
ORDER = list(dict.fromkeys([*METHODS, *VOTE_METHODS]))


def by_cell(results):
    """Return {(student, data): {method: {(problem, seed): result}}}; the latest of a cell counts.

    Parameters
    ----------
    results : iterable of dict
        Lines of the result file; lines that hold an error are left out.

    Returns
    -------
    dict
        In the order of the tables; votes are a data set of their own.
    """
    groups = {}
    for result in results:
        if "error" in result:
            continue
        problem = result["problem"]
        key = result["student"], VOTES if problem == VOTES else data_of(problem)
        cells = groups.setdefault(key, {}).setdefault(result["method"], {})
        cells[problem, result["seed"]] = result
    first = {data_of(name): i for i, name in reversed(list(enumerate(PROBLEMS)))}
    return {
        key: {method: groups[key][method] for method in ORDER if method in groups[key]}
        for key in sorted(
            groups, key=lambda key: (first.get(key[1], len(PROBLEMS)), STUDENTS.index(key[0]))
        )
    }


def paired(cells, others, measure):
    """Compare two methods on the cells that both have.

    Parameters
    ----------
    cells, others : dict of (problem, seed) to result
        Results of the two methods.
    measure : str
        Name in a result; null values are left out.

    Returns
    -------
    dict or None
        `mean` difference; `error`, its standard error over seeds, the problems of a seed being
        averaged first because they share rows; `wins`, `losses` and `n` cells. None where there
        are no common cells.
    """
    differences, seeds = [], {}
    for key in cells.keys() & others.keys():
        values = cells[key].get(measure), others[key].get(measure)
        if None in values:
            continue
        differences.append(values[0] - values[1])
        seeds.setdefault(key[1], []).append(differences[-1])
    if not differences:
        return None
    means = [np.mean(each) for each in seeds.values()]
    return {
        "mean": float(np.mean(differences)),
        "error": float(np.std(means, ddof=1) / len(means) ** 0.5) if len(means) > 1 else np.nan,
        "wins": int(np.sum(np.array(differences) > 0)),
        "losses": int(np.sum(np.array(differences) < 0)),
        "n": len(differences),
    }


def print_tables(results):
    """Print all tables of a result file."""
    results = list(results)
    for (student, data), methods in by_cell(results).items():
        found = {problem for cells in methods.values() for problem, _ in cells}
        problems = [name for name in (*PROBLEMS, VOTES) if name in found]
        for measure in MEASURES:
            _print_means(student, data, methods, problems, measure)
        _print_pairs(methods)
        _print_costs(methods)
    _print_errors(results)


def _print_means(student, data, methods, problems, measure):
    name, heading, factor, digits = measure
    lines = []
    for method, cells in methods.items():
        columns = [_values(cells, problem, name) for problem in problems]
        if not any(len(values) for values in columns):
            continue
        shown = [_mean_sd(factor * values, digits) for values in columns]
        means = [values.mean() for values in columns if len(values)]
        lines.append(_line(method, [*shown, f"{factor * np.mean(means):.{digits}f}"]))
    if not lines:
        return
    n_seeds = len({seed for cells in methods.values() for _, seed in cells})
    print(f"\n{student} on {data}: {heading} (mean +- sd, up to {n_seeds} seeds)")
    print(_line("", [*(p.removeprefix(f"{data}-") for p in problems), "mean"]))
    print("\n".join(lines))


def _values(cells, problem, measure):
    values = [row.get(measure) for (name, _), row in cells.items() if name == problem]
    return np.array([value for value in values if value is not None], dtype=float)


def _mean_sd(values, digits):
    if not len(values):
        return "-"
    spread = f"{np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else "?"
    return f"{values.mean():.{digits}f}+-{spread}"


def _line(method, columns):
    return f"{method:26}" + "".join(f" {column:>13}" for column in columns)


def _print_pairs(methods):
    for one, other in PAIRS:
        if one not in methods or other not in methods:
            continue
        parts = []
        for name, label, factor, digits in (
            ("accuracy", "accuracy", 100, 2),
            ("log_loss", "log-loss", 1, 3),
            ("average_precision", "AP", 1, 3),
        ):
            found = paired(methods[one], methods[other], name)
            if found is None:
                continue
            parts.append(
                f"{label} {factor * found['mean']:+.{digits}f} +- "
                f"{factor * found['error']:.{digits}f} ({found['wins']}-{found['losses']})"
            )
        print(f"  {one} - {other}: " + "; ".join(parts))


def _print_costs(methods):
    rows = {method: list(cells.values()) for method, cells in methods.items()}
    print("  fits and CPU seconds a cell: ", end="")
    print(
        ", ".join(
            f"{method} {np.mean([row['n_fits'] for row in each]):.0f} / "
            f"{np.mean([row['cpu'] for row in each]):.1f}"
            for method, each in rows.items()
        )
    )


def _print_errors(results):
    def key(result):
        return tuple(result[name] for name in ("problem", "student", "method", "seed"))

    mended = {key(result) for result in results if "error" not in result}
    counts = {}
    for failed in {key(result) for result in results if "error" in result} - mended:
        counts[failed[2]] = counts.get(failed[2], 0) + 1
    for method, count in sorted(counts.items()):
        print(f"{method} failed in {count} cells")
