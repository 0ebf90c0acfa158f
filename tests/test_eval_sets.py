"""Validation sets in keywords of `fit`: their labels are encoded as those of the training rows."""

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_slr import SLRClassifier, SoftTargetClassifier
from sklearn_slr.baselines import LabelSmoothingClassifier
from sklearn_slr.utils._label_keywords import encode_label_keywords

X, CODES = make_classification(500, n_informative=4, flip_y=0.1, random_state=0)
TRAIN, VALID = slice(0, 300), slice(300, 500)
SPELLINGS = [(0, 1), (1, 2), (2, 1), ("ham", "spam"), ("x", "a")]
ABC = np.array(["a", "b", "c"])


def make_xgboost(**params):
    xgboost = pytest.importorskip("xgboost")
    return xgboost.XGBClassifier(
        n_estimators=60, max_depth=3, early_stopping_rounds=5, n_jobs=1, verbosity=0, **params
    )


def make_lightgbm(**params):
    lightgbm = pytest.importorskip("lightgbm")
    return lightgbm.LGBMClassifier(n_estimators=60, early_stopping_round=5, n_jobs=1, verbose=-1, **params)


def make_catboost(**params):
    catboost = pytest.importorskip("catboost")
    return catboost.CatBoostClassifier(
        iterations=60,
        learning_rate=0.3,
        early_stopping_rounds=5,
        depth=3,
        verbose=0,
        thread_count=1,
        allow_writing_files=False,
        **params,
    )


pytestmark = pytest.mark.filterwarnings("ignore:The argument .eval_set. is deprecated")
BOOSTERS = {"xgboost": make_xgboost, "lightgbm": make_lightgbm, "catboost": make_catboost}


def best_iterations(model):
    """Return the best iteration of a booster, or of each of the boosters that were averaged."""
    if hasattr(model, "members"):
        return [number for _, member in model.members for number in best_iterations(member)]
    if hasattr(model, "steps"):
        return best_iterations(model[-1])
    names = ("best_iteration", "_best_iteration", "best_iteration_", "n_iter_")
    value = next(getattr(model, name) for name in names if hasattr(model, name))
    return [value if value is not None else model.best_iteration_]


def fit(meta, y, keyword="eval_set"):
    sets = [(X[VALID], y[VALID])]
    return meta.fit(X[TRAIN], y[TRAIN], **{keyword: sets})


@pytest.mark.parametrize("name", BOOSTERS)
@pytest.mark.parametrize(
    "wrap",
    [
        lambda student: SLRClassifier(student, n_rounds=0, random_state=0),
        lambda student: SLRClassifier(student, n_rounds=1, cv=2, random_state=0),
        lambda student: SoftTargetClassifier(student, random_state=0),
        lambda student: LabelSmoothingClassifier(student, random_state=0),
    ],
    ids=["plain", "slr", "hard", "smoothed"],
)
def test_every_spelling_stops_at_the_same_iteration(name, wrap):
    plain = BOOSTERS[name](random_state=0)
    plain.fit(X[TRAIN], CODES[TRAIN], eval_set=[(X[VALID], CODES[VALID])])
    expected, found = best_iterations(plain)[0], {}
    for spelling in SPELLINGS:
        labels = np.array(spelling)
        codes = CODES if labels[0] < labels[1] else 1 - CODES
        y = np.sort(labels)[codes]
        key = "sorted" if labels[0] < labels[1] else "reversed"
        model = fit(wrap(BOOSTERS[name](random_state=0)), y)
        found.setdefault(key, []).append(best_iterations(model.estimator_))
    print(name, expected, found)
