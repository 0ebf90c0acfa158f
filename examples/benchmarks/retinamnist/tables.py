"""The table of RetinaMNIST: means over seeds, and paired differences to round 0."""

import numpy as np


def print_table(cells, epochs):
    """Print means and standard deviations over seeds, and paired differences to round 0."""
    rows = {}
    for (kind, its_epochs, seed, flips, round), cell in cells.found.items():
        for final in ("refit", "folds"):
            if its_epochs == epochs and final in cell:
                rows.setdefault((kind, final, flips, round), {})[seed] = cell[final]
    print("QWK on the test split: mean and standard deviation over seeds; paired difference to")
    print("round 0, its standard error, and in how many seeds QWK rose. Accuracy: kappa cuts.\n")
    names = ("kappa", "flipped", "nearest")
    print(f"{'':<37}seeds  " + "".join(f"{name:<32}" for name in names) + "accuracy")
    for (kind, final, flips, round), here in sorted(rows.items(), key=lambda row: row[0]):
        start = rows.get((kind, final, "plain", 0), {})
        figures = "".join(f"{_figure(here, start, name):<32}" for name in names)
        accuracy = np.mean([cell["accuracy"] for cell in here.values()])
        name = f"{kind}, {final}, {flips}, round {round}"
        print(f"{name:<37}{len(here):>5}  {figures}{accuracy:.3f}")


def _figure(here, start, name):
    values = [cell[name] for cell in here.values()]
    text = f"{np.mean(values):.3f} {np.std(values, ddof=1) if len(values) > 1 else np.nan:.3f}"
    paired = np.array([here[seed][name] - start[seed][name] for seed in here if seed in start])
    if here is start or len(paired) < 2:
        return text
    error = paired.std(ddof=1) / len(paired) ** 0.5
    return f"{text} {paired.mean():+.4f} {error:.4f} {np.sum(paired > 0)}"
