"""Quick start: repair wrong labels of handwritten digits, then cut scores into grades.

Real data that ships with scikit-learn. 30 % of the training labels of the digits are replaced by
random other ones; the test labels are clean. A small skorch net learns from the wrong labels as
they are, then with the paper's Stochastic Label Refinery, then with the default refinement. The
ordinal part grades the progression of diabetes, 30 % of the training grades off by one.

    python examples/quickstart.py            # prints the figures, writes quickstart.png
"""

import argparse

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import train_test_split
from skorch import NeuralNetClassifier
from torch import nn

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.datasets import make_noisy_labels

METHODS = {
    "plain net": {"n_rounds": 0},
    "SLR, the paper's average": {"n_rounds": 8, "refinement": "average", "final": "folds"},
    "SLR, the default": {},
}


class Perceptron(nn.Module):
    """64 pixels, one hidden layer, 10 classes."""

    def __init__(self, n_hidden=64):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(64, n_hidden), nn.ReLU(), nn.Linear(n_hidden, 10))

    def forward(self, X):
        return self.layers(X)


def make_net():
    """Return an untrained skorch net, as any user would write it."""
    return NeuralNetClassifier(
        Perceptron,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=0.01,
        max_epochs=20,
        batch_size=64,
        train_split=None,
        verbose=0,
    )


def repair_digits(seed):
    """Fit every method on digits with wrong labels; print accuracies and repairs."""
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    X, X_test, y, y_test = train_test_split(X, y, train_size=900, stratify=y, random_state=seed)
    given = make_noisy_labels(y, noise=0.3, random_state=seed)
    wrong = given != y
    print(f"Digits: {len(y)} training images, {wrong.sum()} labels wrong; clean test labels.")
    print(f"{'':26}test accuracy   wrong labels repaired   right ones spoiled")
    fitted = {}
    for name, settings in METHODS.items():
        slr = SLRClassifier(make_net(), random_state=seed, **settings).fit(X, given)
        fitted[name] = slr
        repaired = slr.refined_labels_.argmax(axis=1) == y
        changes = (
            f"{repaired[wrong].sum():8d} of {wrong.sum()} {(~repaired[~wrong]).sum():17d} of "
            f"{(~wrong).sum()}"
            if len(slr.history_["round"])
            else ""
        )
        print(f"{name:26}{slr.score(X_test, y_test):10.3f}   {changes}".rstrip())
    return fitted, X, y, given


def grade_diabetes(seed):
    """Print the quadratic weighted kappa of rounded scores and of SLR with fitted cuts."""
    X, progression = load_diabetes(return_X_y=True)
    grades = np.digitize(progression, np.quantile(progression, [0.3, 0.55, 0.75, 0.9]))
    X, X_test, y, y_test = train_test_split(
        X, grades, test_size=0.4, stratify=grades, random_state=seed
    )
    given = make_noisy_labels(y, noise=0.3, kind="adjacent", random_state=seed)
    forest = RandomForestRegressor(60, min_samples_leaf=3)
    before = SLRRegressor(forest, n_rounds=0, thresholds="nearest", random_state=seed)
    after = SLRRegressor(forest, n_rounds=3, thresholds="kappa", random_state=seed)
    print(f"\nDiabetes progression in 5 grades: {(given != y).sum()} of {len(y)} off by one.")
    for name, model in {"scores rounded": before, "SLR with kappa cuts": after}.items():
        print(f"{name:26}quadratic weighted kappa {model.fit(X, given).score(X_test, y_test):.3f}")


def draw(fitted, X, y, given, path):
    """Draw what became of the labels, and the most suspicious images."""
    slr = fitted["SLR, the default"]
    refined = slr.classes_[slr.refined_labels_.argmax(axis=1)]
    figure = plt.figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.35])
    draw_repairs(left.subplots(), fitted, y, given)
    right.suptitle("The most suspicious labels: given → refined", fontsize=11)
    axes = right.subplots(3, 6)
    for ax, i in zip(axes.ravel(), np.argsort(slr.label_quality_), strict=False):
        ax.imshow(X[i].reshape(8, 8), cmap="gray_r")
        ax.set_title(f"{given[i]} → {refined[i]}", fontsize=11, pad=3)
        ax.set_axis_off()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def draw_repairs(ax, fitted, y, given):
    """Draw the share of wrong labels repaired and of right labels spoiled, for each method."""
    methods = [name for name, slr in fitted.items() if len(slr.history_["round"])]
    for k, name in enumerate(methods):
        right = fitted[name].refined_labels_.argmax(axis=1) == y
        shares = [right[given != y].mean(), (~right[given == y]).mean()]
        bars = ax.bar(
            np.arange(2) + 0.4 * k, shares, 0.38, color=["#0072B2", "#E69F00"][k], label=name
        )
        ax.bar_label(bars, [f"{share:.1%}" for share in shares])
    ax.set(xticks=[0.2, 1.2], xticklabels=["wrong labels\nrepaired", "right labels\nspoiled"])
    ax.set(ylim=(0, 1.05), ylabel="share of the labels", title="What became of the labels")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, frameon=False)
    ax.spines[["top", "right"]].set_visible(False)


def main():
    """Run both parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--picture", default="quickstart.png")
    arguments = parser.parse_args()
    draw(*repair_digits(arguments.seed), arguments.picture)
    grade_diabetes(arguments.seed)
    print(f"\nPicture: {arguments.picture}")


if __name__ == "__main__":
    main()
