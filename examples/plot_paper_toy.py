"""
The paper's toy: labels repaired round by round
===============================================

Appendix A of the paper injects noise into the labels of three classes in the plane. These are its
Figures 5 and 6 in small: one seed, one net, three methods. The whole table, all methods and five
seeds, is what ``python -m examples.paper.toy`` makes.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from sklearn_slr import SLRClassifier
from sklearn_slr.baselines import LabelSmoothingClassifier
from sklearn_slr.datasets import make_noisy_labels, make_three_class_toy

# The net is stopped after 120 epochs on purpose.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

X, y = make_three_class_toy(300, kind="spirals", random_state=0)
X_test, y_test = make_three_class_toy(2000, kind="spirals", random_state=1)
net = MLPClassifier((64, 64), activation="tanh", learning_rate_init=0.02, max_iter=120,
                    batch_size=100, tol=0, n_iter_no_change=1000)  # fmt: skip
colours = np.array([[0.27, 0.47, 0.67], [0.93, 0.40, 0.47], [0.13, 0.53, 0.20]])

# %%
# Figure 6: 30 % of the labels are wrong (rings). A label cannot turn over in the first two rounds,
# as it keeps 0.75, then 0.56 of its mass.

given = make_noisy_labels(y, noise=0.3, random_state=0)
rounds = (0, 2, 4, 8)
figure, axes = plt.subplots(1, len(rounds), figsize=(11, 3), layout="constrained")
for ax, n_rounds in zip(axes, rounds, strict=True):
    labels = np.eye(3)[given]
    if n_rounds:
        labels = (
            SLRClassifier(net, n_rounds=n_rounds, random_state=0, refinement="average")
            .fit(X, given)
            .refined_labels_
        )
    wrong = labels.argmax(axis=1) != y
    ax.scatter(*X.T, color=np.clip(labels @ colours, 0, 1), s=9)
    ax.scatter(*X[wrong].T, facecolors="none", edgecolors="black", s=30, linewidths=0.8)
    ax.set(xticks=[], yticks=[], title=f"round {n_rounds}: {wrong.sum()} wrong")

# %%
# Figure 5: decision surfaces of a plain net, of label smoothing, and of SLR, over the noise.

methods = {
    "plain": SLRClassifier(net, n_rounds=0, random_state=0, refinement="average"),
    "label smoothing": LabelSmoothingClassifier(net, random_state=0),
    "SLR, 4 rounds": SLRClassifier(net, n_rounds=4, random_state=0, refinement="average"),
}
levels = (0.0, 0.3, 0.5)
across, up = np.meshgrid(np.linspace(-1.2, 1.2, 120), np.linspace(-1.2, 1.2, 120))
points = np.column_stack([across.ravel(), up.ravel()])
figure, axes = plt.subplots(3, 3, figsize=(8, 8), layout="constrained")
for column, noise in enumerate(levels):
    given = make_noisy_labels(y, noise=noise, random_state=0)
    for row, (name, method) in enumerate(methods.items()):
        method.fit(X, given)
        ax = axes[row, column]
        surface = colours[method.predict(points)].reshape(*across.shape, 3)
        ax.imshow(surface, origin="lower", extent=(-1.2, 1.2, -1.2, 1.2), alpha=0.4)
        ax.scatter(*X.T, color=colours[given], s=4)
        accuracy = method.score(X_test, y_test)
        ax.set(xticks=[], yticks=[], title=f"{noise:.0%} noise: {accuracy:.3f}")
        if column == 0:
            ax.set_ylabel(name)
plt.show()
