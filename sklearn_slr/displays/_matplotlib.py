"""Colours and axes of all displays; matplotlib is only imported when something is drawn."""

import numpy as np

# The colours of Okabe and Ito, which colour-blind readers can distinguish; and a lighter grey.
BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "#C8C8C8"
PALETTE = (BLUE, "#E69F00", "#009E73", "#CC79A7", "#56B4E9", VERMILION, "#F0E442", "#555555")
MARKERS = "os^DvP*X"


def import_pyplot():
    """Return matplotlib.pyplot; the error says how to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Displays need matplotlib, which cannot be imported. Install it: "
            'pip install "sklearn-slr[plot]".'
        ) from error
    return plt


def class_styles(n_classes):
    """Return a (colour, marker) for each class; the first 64 classes have different ones."""
    n = len(PALETTE)
    return [(PALETTE[code % n], MARKERS[(code + code // n) % n]) for code in range(n_classes)]


def shorten_name(name, length=18):
    """Return a class name of at most `length` characters; dollar signs do not start formulas."""
    name = str(name)
    name = name if len(name) <= length else name[: length - 1] + "…"
    return name.replace("$", r"\$")


def prepare_axes(ax, n_axes, **figure_options):
    """Return an array of `n_axes` axes: those given, or those of a new figure."""
    if ax is None:
        plt = import_pyplot()
        ax = plt.subplots(1, n_axes, layout="constrained", **figure_options)[1]
    axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if axes.shape != (n_axes,):
        raise ValueError(f"ax holds {axes.size} axes; expected {n_axes}: pass as many, or ax=None.")
    return axes


def rotate_long_labels(ax, names):
    """Rotate the tick labels of the x axis if any of the names is long."""
    if max(len(str(name)) for name in names) > 4:
        for label in ax.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")
