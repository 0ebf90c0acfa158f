"""
Choosing n and the number of rounds by grid search
==================================================

Parameters of the refinement are those of the estimator (``refinement__n``), so that a search finds
them. On what should it judge? Labels that are wrong in training are wrong in validation, too.
"""

import pandas as pd
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split

from sklearn_slr import SLRClassifier
from sklearn_slr.datasets import make_noisy_labels
from sklearn_slr.refinement import AverageRefinement

X, y = load_digits(return_X_y=True)
X = X / 16
X, X_test, y, y_test = train_test_split(X, y, train_size=500, stratify=y, random_state=0)
given = make_noisy_labels(y, noise=0.3, random_state=0)

# %%
# Labels that are wrong at random lower all scores alike, so that held-out labels as given rank the
# candidates nearly as right ones would. Where errors have a pattern they do not, and a small set of
# checked labels is worth its price: pass it as `X_val`, `y_val`.

slr = SLRClassifier(
    LogisticRegression(max_iter=300), refinement=AverageRefinement(), cv=3, random_state=0
)
grid = {"refinement__n": [0, 1, 3], "n_rounds": [1, 3, 6]}
search = GridSearchCV(slr, grid, cv=3, refit=False).fit(X, given)

lines = []
for parameters, score in zip(
    search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
):
    model = slr.set_params(**parameters).fit(X, given)
    line = {"held out, labels as given": score, "test, right labels": model.score(X_test, y_test)}
    lines.append({**parameters, **line})
table = pd.DataFrame(lines).round(3)
print(table.to_string(index=False))
print("chosen:", search.best_params_)

# %%
# A clean set scores every round in one fit, and ``select_round="best"`` keeps the best one.

slr.set_params(refinement__n=1, n_rounds=6, select_round="best")
slr.fit(X, given, X_val=X_test[:100], y_val=y_test[:100])
print(f"scores by round {slr.history_['valid_score'].round(3)}, {slr.n_rounds_} M steps kept")
