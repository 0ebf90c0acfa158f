"""skrub: a table of mixed columns, vectorized before SLR or within its student."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

pytest.importorskip("skrub")
import skrub
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.datasets import make_noisy_labels

FEW = {"n_rounds": 2, "cv": 3, "random_state": 0}


def make_table(n_rows=600):
    """Return a frame with missing values, texts, dates, categories; labels; a number."""
    rng = np.random.default_rng(0)
    age, city = rng.normal(40, 10, n_rows), rng.choice(["Paris", "London", "Rome"], n_rows)
    days = rng.integers(0, 700, n_rows)
    frame = pd.DataFrame(
        {
            "age": age,
            "city": city,
            "comment": [f"note {rng.integers(1000)} on {name}" for name in city],
            "start": pd.Timestamp("2024-01-01") + pd.to_timedelta(days, unit="D"),
            "kind": pd.Categorical(rng.choice(["a", "b"], n_rows)),
        }
    )
    frame.loc[::29, "age"] = np.nan
    return frame, np.where(city == "Rome", "far", "near"), age + days / 20


FRAME, RIGHT, NUMBER = make_table()


def vectorizer():
    return skrub.TableVectorizer(high_cardinality=skrub.StringEncoder(5, random_state=0))


@pytest.mark.parametrize("read", [lambda frame: frame, pl.from_pandas], ids=["pandas", "polars"])
@pytest.mark.parametrize("place", ["last step", "pipeline as student", "tabular pipeline"])
def test_wrong_labels_of_a_mixed_table_are_repaired(place, read):
    given = make_noisy_labels(RIGHT, noise=0.2, random_state=0)
    student = HistGradientBoostingClassifier(max_iter=20, min_samples_leaf=5)
    if place == "pipeline as student":
        student = make_pipeline(vectorizer(), student)
    elif place == "tabular pipeline":
        student = skrub.tabular_pipeline(LogisticRegression())
    slr = SLRClassifier(student, refinement="posterior", **FEW)
    model = make_pipeline(vectorizer(), slr) if place == "last step" else slr
    model.fit(read(FRAME), given)
    repaired = slr.classes_[slr.refined_labels_.argmax(axis=1)]
    assert (given == RIGHT).mean() < 0.85 < 0.92 < (repaired == RIGHT).mean()
    assert model.score(read(FRAME), RIGHT) > 0.92
    if place != "last step":
        assert slr.feature_names_in_.tolist() == list(FRAME.columns)


def test_scores_of_folds_are_those_of_the_plain_student():
    student = skrub.tabular_pipeline(LogisticRegression())
    plain = cross_val_score(student, FRAME, RIGHT, cv=3).mean()
    assert (
        cross_val_score(
            SLRClassifier(student, **FEW, refinement="average"), FRAME, RIGHT, cv=3
        ).mean()
        > plain - 0.02
    )


@pytest.mark.parametrize("final", ["refit", "folds"])
def test_numbers_of_a_mixed_table(final):
    student = skrub.tabular_pipeline("regression")
    slr = SLRRegressor(student, final=final, **FEW).fit(FRAME[:200], NUMBER[:200])
    plain = student.fit(FRAME[:200], NUMBER[:200]).score(FRAME[200:], NUMBER[200:])
    assert slr.score(FRAME[200:], NUMBER[200:]) > plain - 0.15 > 0.3


def test_slr_in_a_plan_of_data_operations():
    X = skrub.var("table", FRAME).skb.mark_as_X()
    y = skrub.var("label", RIGHT).skb.mark_as_y()
    plan = X.skb.apply(vectorizer()).skb.apply(
        SLRClassifier(
            HistGradientBoostingClassifier(max_iter=10),
            n_rounds=skrub.choose_from([0, 1], name="rounds"),
            cv=3,
            random_state=0,
            refinement="average",
        ),
        y=y,
    )
    search = plan.skb.make_grid_search(cv=2, fitted=True)
    assert search.results_["mean_test_score"].min() > 0.9
    assert set(search.results_["rounds"]) == {0, 1}
