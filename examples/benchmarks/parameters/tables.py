"""Tables of what each parameter does: paired differences to the base."""

import numpy as np

from .cells import BASE


def difference(lines, setup, change, measure):
    """Return the mean paired difference to the base and its standard error.

    Parameters
    ----------
    lines : list of dict
        Lines of one table.
    setup, change : str
        Names of a problem and a change.
    measure : str
        Name in a line.

    Returns
    -------
    mean, error : float
        NaN where there is no pair, or only one for the error.
    """
    values = {name: {} for name in (BASE, change)}
    for line in lines:
        if line["setup"] == setup and line["change"] in values:
            values[line["change"]][line["seed"]] = line[measure]
    base, changed = values[BASE], values[change]
    found = np.array([changed[seed] - base[seed] for seed in changed.keys() & base.keys()])
    if len(found) < 2:
        return (float(found[0]) if len(found) else np.nan), np.nan
    return float(found.mean()), float(found.std(ddof=1) / np.sqrt(len(found)))


def print_table(lines, measure):
    """Print the differences of one table, as a table of Markdown."""
    setups = list(dict.fromkeys(line["setup"] for line in lines))
    changes = list(dict.fromkeys(line["change"] for line in lines))
    n_seeds = len({line["seed"] for line in lines})
    print(f"\n{lines[0]['table']}: {measure}, {n_seeds} seeds\n")
    print("| |", " | ".join(setups), "| fits |")
    print("|---" * (len(setups) + 2) + "|")
    for change in changes:
        cells = []
        for setup in setups:
            own = [x for x in lines if x["change"] == change and x["setup"] == setup]
            if change == BASE:
                cells.append(f"{100 * np.mean([x[measure] for x in own]):.1f}")
            else:
                mean, error = difference(lines, setup, change, measure)
                cells.append(f"{100 * mean:+.1f} ± {100 * error:.1f}")
        fits = {x["n_fits"] for x in lines if x["change"] == change}
        print(f"| {change} |", " | ".join(cells), "|", "/".join(map(str, sorted(fits))), "|")


def print_tables(results):
    """Print all tables, and the costs."""
    for table in dict.fromkeys(line["table"] for line in results["lines"]):
        lines = [line for line in results["lines"] if line["table"] == table]
        for measure in ("score", "labels_right"):
            print_table(lines, measure)
    for parameter, measured in results["costs"].items():
        print(f"\n{parameter}: {measured}")
