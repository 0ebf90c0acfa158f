"""
Answers of several annotators: who is right, and who guesses?
=============================================================

Twelve people label images of digits, each a part of them; three are careless, and one calls every 3
an 8. What are the digits, and what is each person worth?
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from sklearn_slr import SLRClassifier

X, y = load_digits(return_X_y=True)
X = X / 16
X, X_test, y, y_test = train_test_split(X, y, train_size=500, stratify=y, random_state=0)

rng = np.random.default_rng(0)
share_right = np.array([0.95] * 4 + [0.8] * 4 + [0.3] * 3 + [0.9])
answers = np.full((len(y), 12), -1)  # -1: no answer
for person, share in enumerate(share_right):
    seen = rng.random(len(y)) < 0.25
    right = rng.random(len(y)) < share
    said = np.where(right, y, rng.integers(0, 10, len(y)))
    if person == 11:
        said[y == 3] = 8
    answers[seen, person] = said[seen]
print(
    f"{(answers >= 0).sum(axis=1).mean():.1f} answers an image; "
    f"{(answers >= 0).any(axis=1).mean():.0%} of the images have one at all."
)

# %%
# The table of answers is the `y` of `fit`. Rows without any answer are learned from the others.

slr = SLRClassifier(
    LogisticRegression(max_iter=1000), n_rounds=5, refinement="annotators", random_state=0
).fit(X, answers)

votes = np.stack([(answers == c).sum(axis=1) for c in range(10)], axis=1)
majority = votes.argmax(axis=1)
plain = LogisticRegression(max_iter=1000).fit(X[votes.any(axis=1)], majority[votes.any(axis=1)])
print(
    f"training labels right: majority {(majority == y).mean():.3f}, "
    f"refined {(slr.refined_labels_.argmax(axis=1) == y).mean():.3f}"
)
print(
    f"test accuracy: majority {plain.score(X_test, y_test):.3f}, "
    f"annotators {slr.score(X_test, y_test):.3f}"
)

# %%
# What each person is worth, estimated without any true label, beside the truth.

truth = [np.mean(answers[answers[:, a] >= 0, a] == y[answers[:, a] >= 0]) for a in range(12)]
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
left.plot([0, 1], [0, 1], color="grey", linestyle=":")
left.scatter(truth, slr.annotator_quality_)
left.set(xlabel="share of right answers", ylabel="annotator_quality_", title="twelve people")
image = right.imshow(slr.confusion_matrices_[11], cmap="Blues", vmin=0, vmax=1)
right.set(xlabel="answer", ylabel="digit", title="the one who calls a 3 an 8")
figure.colorbar(image, ax=right)
plt.show()
