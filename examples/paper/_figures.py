"""The paper's figures, from results; matplotlib alone knows how they look."""

import numpy as np

COLOURS = ("#4477aa", "#ee6677", "#228833")


def _plot():
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def draw_surfaces(cells, names, problems, n_grid, path):
    """Draw Figure 5: decision surfaces, a row for each method, a column for each noise level.

    Parameters
    ----------
    cells : dict of (row, noise) to dict
        With "surface", the classes of a grid as digits, and "figures".
    names : dict of str to str
        Titles of the rows.
    problems : dict of float to tuple
        Of each noise level points, true labels, given labels, test points, their labels.
    n_grid : int
        Points a side of the grid, which covers the test points.
    path : path
        Where the picture goes.
    """
    from matplotlib.colors import ListedColormap

    plot, colours = _plot(), ListedColormap(COLOURS)
    size = (len(names), len(problems))
    figure, axes = plot.subplots(
        *size, figsize=(1.7 * size[1] + 0.4, 1.7 * size[0]), squeeze=False, layout="constrained"
    )
    for row, (key, name) in enumerate(names.items()):
        for column, (noise, (X, _, given, X_test, _)) in enumerate(problems.items()):
            ax = axes[row, column]
            ax.set(xticks=[], yticks=[])
            if row == 0:
                ax.set_title(f"{noise:.0%} noise", fontsize=9)
            if column == 0:
                ax.set_ylabel(name, fontsize=8)
            if (key, noise) not in cells:
                continue
            cell = cells[key, noise]
            surface = np.array(list(cell["surface"]), dtype=int).reshape(n_grid, n_grid)
            (left, low), (right, high) = X_test.min(axis=0), X_test.max(axis=0)
            extent = (left, right, low, high)
            ax.imshow(surface, colours, origin="lower", extent=extent, alpha=0.35, vmin=0, vmax=2)
            ax.scatter(*X.T, c=given, cmap=colours, s=2, vmin=0, vmax=2)
            ax.set(xlim=extent[:2], ylim=extent[2:], aspect="auto")
            accuracy = f"{cell['figures']['accuracy']:.3f}"
            ax.text(0.98, 0.03, accuracy, fontsize=8, ha="right", transform=ax.transAxes)
    figure.savefig(path, dpi=80)
    plot.close(figure)


def draw_repairs(X, y, labels, path):
    """Draw Figure 6: labels round by round; rings are points whose label is wrong.

    Parameters
    ----------
    X : ndarray of shape (n_samples, 2)
        Points.
    y : ndarray of shape (n_samples,)
        True classes.
    labels : list of ndarray of shape (n_samples, 3)
        Labels before the first round and after each.
    path : path
        Where the picture goes.
    """
    plot = _plot()
    rounds = sorted({0, 1, 2, len(labels) // 2, len(labels) - 1})
    figure, axes = plot.subplots(
        1, len(rounds), figsize=(2.6 * len(rounds), 2.9), squeeze=False, layout="constrained"
    )
    shades = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in COLOURS])
    for ax, round in zip(axes[0], rounds, strict=True):
        wrong = labels[round].argmax(axis=1) != y
        ax.scatter(*X.T, color=np.clip(labels[round] @ shades, 0, 1), s=9)
        ax.scatter(*X[wrong].T, facecolors="none", edgecolors="black", linewidths=0.7, s=28)
        ax.set(xticks=[], yticks=[])
        ax.set_title(f"round {round}: {wrong.sum()} of {len(y)} wrong", fontsize=9)
    figure.savefig(path, dpi=110)
    plot.close(figure)


def draw_rounds(curves, path, *, what):
    """Draw Figure 4b: a score against the number of rounds, with one standard deviation.

    Parameters
    ----------
    curves : dict of str to dict of int to list of float
        Of each method the scores of all seeds by round.
    path : path
        Where the picture goes.
    what : str
        Name of the score.
    """
    plot = _plot()
    figure, ax = plot.subplots(figsize=(4.2, 3.2), layout="constrained")
    for name, scores in curves.items():
        rounds = sorted(scores)
        means = np.array([np.mean(scores[round]) for round in rounds])
        spread = np.array([np.std(scores[round]) for round in rounds])
        ax.errorbar(rounds, means, spread, marker="o", capsize=3, label=name)
    ax.set(xlabel="rounds", ylabel=what, xticks=rounds)
    ax.legend(frameon=False)
    figure.savefig(path, dpi=110)
    plot.close(figure)


def draw_losses(curves, path):
    """Draw Figure 3: loss by epoch, on the labels trained on and on the test's own.

    Parameters
    ----------
    curves : dict of str to dict
        Of each method "train" and "valid", lists of the losses of the epochs of each seed.
    path : path
        Where the picture goes.
    """
    plot = _plot()
    figure, axes = plot.subplots(1, 2, figsize=(8, 3.2), layout="constrained", sharey=True)
    for ax, (part, title) in zip(
        axes, [("train", "training loss"), ("valid", "validation loss")], strict=True
    ):
        for name, losses in curves.items():
            means = np.mean(losses[part], axis=0)
            ax.plot(np.arange(1, len(means) + 1), means, label=name)
        ax.set(xlabel="epoch", title=title)
    axes[0].legend(frameon=False)
    figure.savefig(path, dpi=110)
    plot.close(figure)
