"""Which labels are wrong? Pictures of a refinement, and a page to review labels by hand.

Digits that ship with scikit-learn, 25 % of their labels replaced by random other ones. The rounds
are drawn, the flow of rows between classes, the mean soft labels and the most suspicious images;
then points in a plane before and after, as in the paper's Figure 6. The review page is an HTML
file: open it, accept or reject what is proposed, download the marks, and read them back.

Run ``python examples/review_labels.py``; it takes less than a minute, and writes display_*.png and
label_review.html.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.neighbors import KNeighborsClassifier

from sklearn_slr import SLRClassifier
from sklearn_slr.datasets import make_noisy_labels, make_three_class_toy
from sklearn_slr.displays import (
    LabelIssuesDisplay,
    LabelRefinementDisplay,
    RefinementCurveDisplay,
    export_label_review,
)


def refine_digits(n_rows, seed):
    """Return images, given labels, and the fitted estimators by name."""
    digits = load_digits()
    X, images, y = digits.data[:n_rows], digits.images[:n_rows], digits.target[:n_rows]
    given = make_noisy_labels(y, noise=0.25, random_state=seed)
    methods = {}
    for name, refinement in (("average", "average"), ("posterior", "posterior")):
        slr = SLRClassifier(
            ExtraTreesClassifier(60), n_rounds=5, refinement=refinement, random_state=seed
        )
        methods[name] = slr.fit(X[: n_rows // 2], given[: n_rows // 2],
                                X_val=X[n_rows // 2 :], y_val=y[n_rows // 2 :])  # fmt: skip
        repaired = slr.refined_labels_.argmax(axis=1) == y[: n_rows // 2]
        print(f"{name}: {repaired.mean():.1%} of the refined labels are right")
    print(f"given: {(given == y)[: n_rows // 2].mean():.1%} are right")
    return images[: n_rows // 2], X[: n_rows // 2], methods


def draw_toy(seed):
    """Draw given and refined labels of the paper's toy problem; return the figure."""
    X, y = make_three_class_toy(450, random_state=seed)
    given = make_noisy_labels(y, noise=0.3, random_state=seed)
    student = KNeighborsClassifier(15, weights="distance")
    plain = SLRClassifier(student, n_rounds=0, random_state=seed).fit(X, given)
    slr = SLRClassifier(student, n_rounds=5, refinement="posterior", random_state=seed)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 5), layout="constrained")
    how = {"kind": "scatter", "n_grid": 150}
    LabelRefinementDisplay.from_estimator(plain, X, ax=left, **how)
    LabelRefinementDisplay.from_estimator(slr.fit(X, given), X, ax=right, **how)
    left.set_xlabel("no refinement")
    right.set_xlabel("after 5 rounds")
    return figure


def main():
    """Draw every picture and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=800)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("."))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    images, X, methods = refine_digits(options.rows, options.seed)
    slr = methods["posterior"]
    figures = {
        "curve": RefinementCurveDisplay.from_estimator(methods).figure_,
        "flow": LabelRefinementDisplay.from_estimator(slr).figure_,
        "heatmap": LabelRefinementDisplay.from_estimator(
            methods["average"], kind="heatmap"
        ).figure_,
        "scatter": draw_toy(options.seed),
        "issues": LabelIssuesDisplay.from_estimator(slr, images=images).figure_,
    }
    for name, figure in figures.items():
        figure.savefig(options.out / f"display_{name}.png", dpi=110)
        plt.close(figure)
    page = export_label_review(slr, X, options.out / "label_review.html", images=images)
    print(f"Review page: {page}")


if __name__ == "__main__":
    main()
