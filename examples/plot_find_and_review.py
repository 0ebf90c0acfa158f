"""
Finding label errors, and reviewing them by hand
================================================

Wrong labels are worth more when a person has looked at them. Which should be looked at first, how
many of those are wrong, and how do the corrections come back?

Run as ``python examples/plot_find_and_review.py FOLDER`` it also writes its pictures and the review
page to that folder.
"""

import csv
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
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
    read_label_review,
)

# %%
# Digits, 30 % of them called the next digit
# ------------------------------------------
# Two refinements of 400 of them; other rows, with right labels, only score the rounds.

digits = load_digits()
X, images, y = digits.data[:400], digits.images[:400], digits.target[:400]
X_val, y_val = digits.data[400:800], digits.target[400:800]
given = make_noisy_labels(y, noise=0.3, kind="asymmetric", random_state=0)
wrong = given != y

forest = ExtraTreesClassifier(60)
fitted = {
    refinement: SLRClassifier(forest, n_rounds=5, refinement=refinement, random_state=0).fit(
        X, given, X_val=X_val, y_val=y_val
    )
    for refinement in ("average", "posterior")
}
print(f"given: {np.mean(given == y):.1%} of the labels are right")
for name, slr in fitted.items():
    print(f"{name}: {np.mean(slr.refined_labels_.argmax(axis=1) == y):.1%} of the refined ones are")
slr = fitted["posterior"]
pictures = {"curve": RefinementCurveDisplay.from_estimator(fitted).figure_}

# %%
# Which labels are wrong?
# -----------------------
# ``label_issues_`` says yes or no, by what the models of all rounds have predicted out of fold.
# ``label_quality_`` puts rows into an order, the most suspicious first.

flagged = slr.label_issues_
print(f"{flagged.sum()} labels are flagged, and {wrong[flagged].mean():.0%} of them are wrong;")
print(f"{flagged[wrong].mean():.0%} of the {wrong.sum()} wrong ones are flagged.")
pictures["issues"] = LabelIssuesDisplay.from_estimator(slr, images=images).figure_

# %%
# Precision at k: who looks at the first k rows, how many wrong labels does he find there? At random
# it would be the share of wrong labels; to the left of the line, 1 is the best there is.

k = np.arange(1, len(y) + 1)
first = SLRClassifier(forest, n_rounds=1, refinement="average", random_state=0).fit(X, given)
orders = {
    "posterior, 5 rounds": (slr.label_quality_, "#0072B2", "-"),
    "average, 5 rounds": (fitted["average"].label_quality_, "#E69F00", "--"),
    "one round": (first.label_quality_, "#009E73", "-."),
}
pictures["precision"], ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
for name, (quality, colour, line) in orders.items():
    found = np.cumsum(wrong[quality.argsort()])
    ax.plot(k, found / k, color=colour, linestyle=line, label=name)
    at = [f"{found[n - 1] / n:.2f} at {n}" for n in (20, 50, 100)]
    print(f"{name:20} precision " + ", ".join(at))
ax.axhline(wrong.mean(), color="grey", linestyle=":", label="at random")
ax.axvline(wrong.sum(), color="grey", linewidth=0.8)
ax.annotate(" number of wrong labels", (wrong.sum(), 0.05), color="#555555")
ax.set(xlabel="rows looked at, k", ylabel="share of them that is wrong", ylim=(0, 1.02))
legend = ax.legend(loc="upper right")

# %%
# Which classes were confused?
# ----------------------------
# Grey rows kept their class; the heat map has the mean refined label of each observed class.

pictures["flow"] = LabelRefinementDisplay.from_estimator(slr).figure_
pictures["heatmap"] = LabelRefinementDisplay.from_estimator(
    fitted["average"], kind="heatmap"
).figure_

# %%
# The page
# --------
# One HTML file that can be mailed: accept or reject each proposal, download the marks as CSV.

folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
folder.mkdir(parents=True, exist_ok=True)
page = export_label_review(slr, X, folder / "label_review.html", images=images)
print(f"{page.name}: {page.stat().st_size / 1e3:.0f} kB")

# %%
# Here a person who is always right looks at the first 60 rows. The file is what the page downloads.

order = slr.label_quality_.argsort()[:60]
proposed = slr.classes_[slr.refined_labels_.argmax(axis=1)]
marks = folder / "label_review.csv"
with marks.open("w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["row", "mark", "observed", "proposed"])
    for row in order:
        mark = "accept" if proposed[row] == y[row] != given[row] else "reject"
        table.writerow([row, mark, given[row], proposed[row]])
reviewed = read_label_review(marks, slr)
marks.unlink()
print(f"wrong labels: {wrong.sum()} given, {np.sum(reviewed != y)} after 60 rows were looked at")

# %%
# The reviewed labels are the `y` of the next fit, and what is still wrong is refined again.

again = SLRClassifier(forest, n_rounds=5, refinement="posterior", random_state=0).fit(X, reviewed)
rows = {
    "plain, given labels": SLRClassifier(forest, n_rounds=0, random_state=0).fit(X, given),
    "refined, given labels": slr,
    "refined, reviewed labels": again,
}
for name, model in rows.items():
    print(f"{name:26} accuracy {model.score(digits.data[800:], digits.target[800:]):.3f}")

# %%
# In the plane
# ------------
# Inputs of two columns are drawn as points, here the paper's toy: given and refined labels, and
# what the student makes of them. Rings are around labels that changed.

X, y = make_three_class_toy(450, random_state=0)
given = make_noisy_labels(y, noise=0.3, random_state=0)
student = KNeighborsClassifier(15, weights="distance")
pictures["scatter"], axes = plt.subplots(1, 2, figsize=(10, 5), layout="constrained")
for ax, (title, n_rounds) in zip(
    axes, {"no refinement": 0, "after 5 rounds": 5}.items(), strict=True
):
    model = SLRClassifier(student, n_rounds=n_rounds, refinement="posterior", random_state=0)
    model.fit(X, given)
    LabelRefinementDisplay.from_estimator(model, X, ax=ax, kind="scatter", n_grid=150)
    ax.set_xlabel(title)

if len(sys.argv) > 1:
    for name, picture in pictures.items():
        picture.savefig(folder / f"display_{name}.png", dpi=110)
plt.show()
