"""
Texts: labels of a Pipeline that begins with TF-IDF
===================================================

Reviews sorted by hand have wrong labels. Does refining them work on raw texts, with the whole
Pipeline inside the folds? The reviews are made here, as scikit-learn ships no texts: words of two
moods, more or less of them, among words that say nothing.
"""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_slr import SLRClassifier
from sklearn_slr.datasets import make_noisy_labels
from sklearn_slr.displays import LabelIssuesDisplay

GOOD = ["lovely", "fresh", "kind", "quick", "warm", "clean", "bright", "tasty", "calm", "friendly"]
BAD = ["cold", "rude", "slow", "stale", "loud", "dirty", "broken", "late", "bitter", "dull"]
PLAIN = ["the", "room", "table", "staff", "soup", "door", "street", "day", "bed", "coffee", "bread"]


def write_review(rng, mood):
    """Return a text of 6 to 14 words; one mood word in six is of the other mood."""
    words = []
    for _ in range(rng.integers(6, 15)):
        mine, other = (GOOD, BAD) if mood == "good" else (BAD, GOOD)
        chance = rng.random()
        source = PLAIN if chance < 0.6 else other if chance < 0.667 else mine
        words.append(rng.choice(source))
    return " ".join(words)


rng = np.random.default_rng(0)
moods = rng.choice(["bad", "good"], 1200)
texts = [write_review(rng, mood) for mood in moods]
train, test = slice(0, 400), slice(400, None)
given = make_noisy_labels(moods[train], noise=0.3, random_state=0)
print(f"{texts[0]!r} is {moods[0]}, labelled {given[0]}.")

# %%
# A list of texts goes in as it is; in every fold the vocabulary is learned from the training rows
# alone.

student = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10))
plain = SLRClassifier(student, n_rounds=0).fit(texts[train], given)
slr = SLRClassifier(student, random_state=0).fit(texts[train], given)
print(slr.decision_["reason"])
for name, model in (("plain", plain), ("refined", slr)):
    print(f"{name:10s} accuracy on right labels {model.score(texts[test], moods[test]):.3f}")

# %%
# The reviews whose labels are most suspicious; strings come back as strings.

wrong = given != moods[train]
LabelIssuesDisplay.from_estimator(slr, texts[train], n_rows=8)
flagged = slr.label_issues_
print(f"{flagged.sum()} labels are called wrong, {wrong[flagged].mean():.0%} of them are;")
print(f"{flagged[wrong].mean():.0%} of the wrong ones are found.")
