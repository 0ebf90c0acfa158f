"""The one place that imports matplotlib, when something is drawn; and the pictures' colours."""

import numpy as np

# Okabe and Ito's colours: apart for the colour-blind. Grey is lighter in print than any of them.
BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "#C8C8C8"
PALETTE = (BLUE, "#E69F00", "#009E73", "#CC79A7", "#56B4E9", VERMILION, "#F0E442", "#555555")
MARKERS = "os^DvP*X"


def import_pyplot():
    """Return matplotlib.pyplot, or say how to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Displays draw with matplotlib, which cannot be imported; install it: "
            'pip install "sklearn-slr[plot]".'
        ) from error
    return plt


def class_looks(n_classes):
    """Return a (colour, marker) for each class: neighbours differ, and all of the first 64."""
    n = len(PALETTE)
    return [(PALETTE[code % n], MARKERS[(code + code // n) % n]) for code in range(n_classes)]


def short_name(name, length=18):
    """Return a class name cut to `length`, whose dollar signs are not taken for formulas."""
    name = str(name)
    name = name if len(name) <= length else name[: length - 1] + "…"
    return name.replace("$", r"\$")


def take_axes(ax, n_wanted, **figure_options):
    """Return `n_wanted` axes as an array: those given, or those of a new figure."""
    if ax is None:
        plt = import_pyplot()
        ax = plt.subplots(1, n_wanted, layout="constrained", **figure_options)[1]
    axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if axes.shape != (n_wanted,):
        raise ValueError(
            f"ax holds {axes.size} axes, but {n_wanted} "
            f"{'is' if n_wanted == 1 else 'are'} wanted: pass as many, or ax=None."
        )
    return axes


def tilt_long_names(ax, names):
    """Write the names under the x axis aslant where they are long."""
    if max(len(str(name)) for name in names) > 4:
        for label in ax.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")
