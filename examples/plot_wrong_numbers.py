"""
Wrong numbers: found, repaired, and what that is worth
======================================================

Numbers are typed in with the decimal point in the wrong place, or belong to another row. Here a
twelfth of the targets is ten times too large, and another twelfth is mixed up among rows. Which
ones are found, and how good is a forest that learned from what became of them?
"""

# %%
# Numbers as they come
# --------------------
# 500 rows to learn from; the targets of the test rows are right.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import make_friedman1
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import mean_absolute_error

from sklearn_slr import SLRRegressor

X, y = make_friedman1(1500, noise=1.0, random_state=0)
X, X_test, y, y_test = X[:500], X[500:], y[:500], y[500:]
rng = np.random.default_rng(0)
slipped, mixed = rng.permutation(500)[:84].reshape(2, 42)
given = y.copy()
given[slipped] *= 10
given[mixed] = y[rng.permutation(mixed)]
wrong = given != y
print(f"{wrong.sum()} of {len(y)} targets are wrong.")

# %%
# Left, averaged, repaired
# ------------------------
# ``n_rounds=0`` is the plain forest. The average of the paper moves every target towards its
# prediction; the default moves those that look wrong.

methods = {
    "plain": {"n_rounds": 0},
    "average, 3 rounds (the paper)": {"refinement": "average"},
    "the default": {},
}
fitted, lines = {}, []
for name, parameters in methods.items():
    slr = SLRRegressor(RandomForestRegressor(60), random_state=0, **parameters).fit(X, given)
    predicted = slr.predict(X_test)
    distance = np.abs(slr.refined_labels_ - y)
    lines.append(
        {
            "method": name,
            "R2": slr.score(X_test, y_test),
            "mean absolute error": mean_absolute_error(y_test, predicted),
            "error left in slipped": distance[slipped].mean(),
            "in mixed up": distance[mixed].mean(),
            "in right ones": distance[~wrong].mean(),
            "fits": slr.n_fits_,
        }
    )
    fitted[name] = slr
print(pd.DataFrame(lines).round(2).to_string(index=False))

# %%
# Residuals and quality
# ---------------------
# `label_quality_` is the probability that a target is right, from its distance to the out-of-fold
# prediction. Slips are plain to see; a row that got the target of a similar row is not wrong by
# much.

slr = fitted["the default"]
residual = given - slr.oof_predictions_
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
kinds = {"right": ~wrong, "mixed up": np.isin(np.arange(500), mixed)}
kinds["ten times too large"] = np.isin(np.arange(500), slipped)
for color, (name, rows) in zip(("tab:grey", "tab:orange", "tab:red"), kinds.items(), strict=True):
    left.scatter(residual[rows], slr.label_quality_[rows], s=12, color=color, label=name)
    right.scatter(given[rows], slr.refined_labels_[rows], s=12, color=color)
left.set_xscale("symlog", linthresh=4)
left.set(xlabel="given target - prediction", ylabel="label quality")
left.axhline(0.5, color="grey", linestyle=":")
right.set(xscale="log", xlabel="given target", ylabel="refined target")
legend = left.legend(loc="center right")

# %%
# What a flag says
# ----------------

for name, rows in kinds.items():
    print(f"{name}: {slr.label_issues_[rows].sum()} of {rows.sum()} flagged")
print(f"looks wrong: {slr.outlier_share_:.1%}; noise of right targets: {slr.noise_scale_:.2f}")
plt.show()
