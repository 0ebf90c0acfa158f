"""
XGBoost and LightGBM as students
================================

Boosted trees learn wrong labels by heart. Refined labels are probabilities, though, and the
classifiers of XGBoost and LightGBM take hard labels only. How do they learn from them, and is it
worth it?
"""

# %%
# Whichever is installed
# ----------------------
# scikit-learn's histogram boosting is always there.

import importlib.util

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import train_test_split

from sklearn_slr import SLRClassifier, SoftTargetClassifier
from sklearn_slr.datasets import make_noisy_labels

N_SEEDS = 5

students = {
    "HistGradientBoosting": HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=8),
}
if importlib.util.find_spec("xgboost"):
    from xgboost import XGBClassifier

    students["XGBoost"] = XGBClassifier(n_estimators=20, max_leaves=8, max_depth=0, n_jobs=1)
else:
    print("xgboost is not installed, and is left out here.")
if importlib.util.find_spec("lightgbm"):
    from lightgbm import LGBMClassifier

    students["LightGBM"] = LGBMClassifier(n_estimators=20, num_leaves=8, n_jobs=1, verbose=-1)
else:
    print("lightgbm is not installed, and is left out here.")

# %%
# Probabilities as targets
# ------------------------
# ``SoftTargetClassifier``, which SLR uses for every fit, gives each library an objective of its
# own, the cross-entropy with the rows. Nothing is repeated or drawn, and what is fitted is the
# library's own classifier. Rows with hardly any doubt must give nearly the plain fit.

X, y = load_wine(return_X_y=True)
for name, student in students.items():
    rows = 0.9999 * np.eye(3)[y] + 0.0001 / 3
    soft = SoftTargetClassifier(student).fit(X, rows)
    plain = SoftTargetClassifier(student).fit(X, y)
    gap = np.abs(soft.predict_proba(X) - plain.predict_proba(X)).max()
    print(
        f"{name:20} route {soft.route_!r}, fits {type(soft.estimator_).__name__}; "
        f"nearly hard rows against hard labels: probabilities differ by {gap:.4f} at most"
    )

# %%
# Against the plain fit
# ---------------------
# 30 % of one class is called another. Each seed draws rows and wrong labels; both methods see the
# same ones, and are judged by right labels.


def wrong_labels(load, seed):
    """Return a split; in breast cancer benign rows stay right, in wine every class errs."""
    X, y = load(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, train_size=0.5, stratify=y, random_state=seed)
    kind = "asymmetric" if load is load_wine else [[0.7, 0.3], [0.0, 1.0]]
    return X, X_test, make_noisy_labels(y, noise=0.3, kind=kind, random_state=seed), y_test


methods = {
    "average": {"refinement": "average"},
    "posterior": {"refinement": "posterior"},
}
lines = []
for data, load in {"breast cancer": load_breast_cancer, "wine": load_wine}.items():
    for seed in range(N_SEEDS):
        X, X_test, given, y_test = wrong_labels(load, seed)
        for name, student in students.items():
            plain = SLRClassifier(student, n_rounds=0, random_state=seed).fit(X, given)
            line = {"data": data, "student": name, "plain": plain.score(X_test, y_test)}
            for method, parameters in methods.items():
                slr = SLRClassifier(student, random_state=seed, **parameters).fit(X, given)
                line[method] = slr.score(X_test, y_test)
            lines.append(line)
table = pd.DataFrame(lines)
print((100 * table.groupby(["data", "student"], sort=False).mean()).round(1).to_string())

# %%
# Gain over the plain fit in points, the mean over seeds and its standard error. Bars that cross
# zero say nothing; nor do differences between the libraries, which have other defaults.

figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
looks = {"average": ("#E69F00", "o", -0.12), "posterior": ("#0072B2", "s", 0.12)}
for ax, (data, part) in zip(axes, table.groupby("data"), strict=True):
    for method, (colour, marker, shift) in looks.items():
        gains = 100 * (part[method] - part["plain"])
        gains = gains.groupby(part["student"], sort=False).agg(["mean", "sem"])
        where = np.arange(len(gains)) + shift
        ax.errorbar(gains["mean"], where, xerr=gains["sem"], color=colour, marker=marker,
                    linestyle="none", capsize=3, label=method)  # fmt: skip
    ax.axvline(0, color="grey", linestyle=":")
    ax.set(title=data, xlabel="points over the plain fit")
axes[0].set_yticks(range(len(students)), students)
axes[0].set_ylim(len(students) - 0.5, -0.5)
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
plt.show()
