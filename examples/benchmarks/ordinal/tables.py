"""Tables of the ordinal benchmark: means, and paired differences to the exact cuts."""

import numpy as np

from .methods import REFERENCE
from .problems import DATA


def print_tables(results):
    """Print means over data sets, and paired differences of kappa to the exact cuts."""
    cells, errors = {}, {}
    for key, methods in results.items():
        family, name, noise, seed, group = key.split("|")
        if "error" in methods:
            errors[group] = errors.get(group, 0) + 1
            continue
        for method, row in methods.items():
            cells.setdefault((family, noise), {}).setdefault(method, {})[name, seed] = row
    for (family, noise), methods in sorted(cells.items()):
        reference = methods.get(REFERENCE, {})
        n_seeds = len({seed for _, seed in reference})
        print(f"\n{family}, {noise} training grades: {len(reference)} cells, {n_seeds} seeds")
        print(
            f"{'method':37} {'QWK':>6} {'MAE':>6} {'acc.':>6} {'fit s':>7} {'cuts ms':>8}"
            f" {'difference of QWK':>18} wins-losses {'diff. by data set':>10}"
        )
        for method, rows in methods.items():
            print(_line(method, rows, reference))
    for group, count in errors.items():
        print(f"{group} failed in {count} cells")


def _line(method, rows, reference):
    """Return one line of the table; differences are means over cells both have."""
    both = [cell for cell in rows if cell in reference]
    column = {measure: np.mean([rows[cell][measure] for cell in both]) for measure in rows[both[0]]}
    differences = np.array([rows[cell]["qwk"] - reference[cell]["qwk"] for cell in both])
    by_data = [
        f"{np.mean([d for d, cell in zip(differences, both, strict=True) if cell[0] == name]):+.3f}"
        for name in DATA
        if any(cell[0] == name for cell in both)
    ]
    error = differences.std(ddof=1) / np.sqrt(len(both)) if len(both) > 1 else np.nan
    return (
        f"{method:37} {column['qwk']:6.3f} {column['mae']:6.3f} {column['accuracy']:6.3f}"
        f" {column['fit_time']:7.3f} {1000 * column['cut_time']:8.2f}"
        f" {differences.mean():+8.4f} +- {error:.4f} {np.sum(differences > 0):4d}-"
        f"{np.sum(differences < 0):<5d} {' '.join(by_data)}"
    )
