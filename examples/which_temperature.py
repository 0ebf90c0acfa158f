"""Whom to trust, the model or the labels? The temperature of the posterior refinement.

One data set, two regimes. With all 64 pixels, a model that learned from digits of which 40 % are
labelled wrong is right more often than their labels: a cold temperature, below 1, lets it overrule
them. With two principal components left, it is wrong more often than one label in ten is: a cold
temperature then spoils labels, and the student is worse than one that took them as they were.

Run ``python examples/which_temperature.py``; it takes some minutes and writes temperature.png.
"""

import argparse

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from sklearn_slr import SLRClassifier
from sklearn_slr.datasets import make_noisy_labels
from sklearn_slr.refinement import PosteriorRefinement

TEMPERATURES = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 4.0)
REGIMES = {
    "64 pixels, 40 % of the labels wrong:\nthe model beats the labels": (None, 0.4),
    "2 components, 10 % of the labels wrong:\nthe labels beat the model": (2, 0.1),
}
REFINEMENTS = {
    "plain": None,
    "average (the paper)": "average",
    "auto": PosteriorRefinement("auto", transition="em"),
    **{t: PosteriorRefinement(t, transition="em") for t in TEMPERATURES},
}


def measure(n_components, noise, seed):
    """Return the accuracy on clean test labels, in %, of each refinement."""
    X, y = load_digits(return_X_y=True)
    X = X / 16 if n_components is None else PCA(n_components).fit_transform(X / 16)
    X, X_test, y, y_test = train_test_split(X, y, train_size=600, stratify=y, random_state=seed)
    given = make_noisy_labels(y, noise=noise, random_state=seed)
    found = {}
    for name, refinement in REFINEMENTS.items():
        student = SLRClassifier(
            LogisticRegression(max_iter=1000),
            n_rounds=0 if refinement is None else 5,
            refinement=refinement or "average",
            final="refit" if refinement is None else "folds",
            random_state=seed,
        )
        found[name] = 100 * student.fit(X, given).score(X_test, y_test)
    return found


def draw(results, path):
    """Draw accuracy against temperature, a panel a regime."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    for ax, (title, rows) in zip(axes, results.items(), strict=True):
        table = np.array([[row[t] for t in TEMPERATURES] for row in rows])
        error = table.std(axis=0, ddof=1) / np.sqrt(len(rows))
        ax.errorbar(
            TEMPERATURES, table.mean(axis=0), error, color="#0072B2", marker="o", label="posterior"
        )
        for name, color, style in (
            ("auto", "#0072B2", "--"),
            ("average (the paper)", "#D55E00", "-."),
            ("plain", "black", ":"),
        ):
            level = np.mean([row[name] for row in rows])
            ax.axhline(level, color=color, linestyle=style, label=name)
        ax.set(xscale="log", xlabel="temperature", title=title)
        ax.set_xticks(TEMPERATURES, [f"{t:g}" for t in TEMPERATURES])
        ax.minorticks_off()
    axes[0].set_ylabel("accuracy on clean test labels, %")
    axes[1].legend(frameon=False)
    figure.savefig(path, dpi=120)


def main():
    """Measure both regimes, print the table, draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--out", default="temperature.png")
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    results = {title: [measure(*how, s) for s in seeds] for title, how in REGIMES.items()}
    for title, rows in results.items():
        print(title.replace("\n", " "))
        for name in REFINEMENTS:
            values = [row[name] for row in rows]
            print(f"  {name!s:20} {np.mean(values):5.1f} +- {np.std(values, ddof=1):.1f}")
    draw(results, options.out)
    print(f"Picture: {options.out}")


if __name__ == "__main__":
    main()
