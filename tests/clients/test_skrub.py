"""skrub: mixed tables through its vectorizers, before SLR and within its student."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

skrub = pytest.importorskip("skrub")
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.datasets import make_noisy_labels

FEW = {"n_rounds": 1, "cv": 3, "random_state": 0}


def make_table(n_rows=240):
    rng = np.random.default_rng(0)
    city = rng.choice(["Paris", "London", "Rome"], n_rows)
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 700, n_rows), unit="D")
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 10, n_rows),
            "city": city,
            "comment": [f"note {rng.integers(1000)} about {name}" for name in city],
            "start": start,
            "kind": pd.Categorical(rng.choice(["a", "b"], n_rows)),
        }
    )
    frame.loc[::17, "age"] = np.nan
    right = np.where((frame["age"].fillna(40) > 40) ^ (city == "Rome"), "yes", "no")
    return frame, right


FRAME, RIGHT = make_table()


def vectorizer():
    return skrub.TableVectorizer(cardinality_threshold=10, high_cardinality=skrub.StringEncoder(5))


def prepare():
    """Return the steps before a linear model."""
    return vectorizer(), skrub.SquashingScaler(), skrub.InterpolationJoiner


def make_student(model):
    """Return a Pipeline of skrub's: vectorizer, imputer and scaler where the model wants them."""
    return skrub.tabular_pipeline(model)


@pytest.mark.parametrize("place", ["last step", "pipeline as student", "tabular pipeline"])
def test_a_mixed_table(place):
    given = make_noisy_labels(RIGHT, noise=0.15, random_state=0)
    tree = pytest.importorskip("sklearn.ensemble").HistGradientBoostingClassifier(max_iter=20)
    if place == "last step":
        model = make_pipeline(vectorizer(), SLRClassifier(tree, refinement="posterior", **FEW))
    elif place == "pipeline as student":
        student = make_pipeline(vectorizer(), tree)
        model = SLRClassifier(student, refinement="posterior", **FEW)
    else:
        model = SLRClassifier(skrub.tabular_pipeline(tree), refinement="posterior", **FEW)
    model.fit(FRAME, given)
    slr = model[-1] if place == "last step" else model
    repaired = slr.classes_[slr.refined_labels_.argmax(axis=1)]
    assert (repaired == RIGHT).mean() > max(0.9, (given == RIGHT).mean())
    assert model.score(FRAME, RIGHT) > 0.9
