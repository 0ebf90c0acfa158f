"""Validation sets in keywords of `fit`: their labels are encoded as those of the training rows."""

import inspect

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
    return lightgbm.LGBMClassifier(
        n_estimators=60, early_stopping_round=5, n_jobs=1, verbose=-1, **params
    )


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


def fit(meta, y):
    return meta.fit(X[TRAIN], y[TRAIN], eval_set=[(X[VALID], y[VALID])])


@pytest.mark.parametrize("name", BOOSTERS)
@pytest.mark.parametrize(
    "wrap",
    [
        lambda student: SLRClassifier(student, n_rounds=0, random_state=0, refinement="average"),
        lambda student: SLRClassifier(
            student, n_rounds=1, cv=2, random_state=0, refinement="average"
        ),
        lambda student: SoftTargetClassifier(student, random_state=0),
        lambda student: LabelSmoothingClassifier(student, random_state=0),
    ],
    ids=["plain", "slr", "hard", "smoothed"],
)
def test_every_spelling_stops_at_the_same_iteration(name, wrap):
    plain = BOOSTERS[name](random_state=0)
    plain.fit(X[TRAIN], CODES[TRAIN], eval_set=[(X[VALID], CODES[VALID])])
    found = {True: [], False: []}
    for labels in map(np.array, SPELLINGS):
        in_order = bool(labels[0] < labels[1])
        model = fit(wrap(BOOSTERS[name](random_state=0)), labels[CODES])
        found[in_order].append(best_iterations(model.estimator_))
    assert all(numbers == found[True][0] for numbers in found[True])
    assert all(numbers == found[False][0] for numbers in found[False])
    assert best_iterations(plain)[0] / 2 < np.mean(found[True][0]) < 59


@pytest.mark.parametrize("labels", [(0, 1), (1, 2), ("ham", "spam")])
def test_labels_of_a_pool_are_encoded(labels):
    catboost = pytest.importorskip("catboost")
    y = np.array(labels)[CODES]
    plain = make_catboost(random_state=0).fit(
        X[TRAIN], CODES[TRAIN], eval_set=(X[VALID], CODES[VALID])
    )
    for value in (
        catboost.Pool(X[VALID], y[VALID]),
        [catboost.Pool(X[VALID], list(y[VALID]), weight=np.ones(200))],
        (X[VALID], y[VALID]),
    ):
        meta = SoftTargetClassifier(make_catboost(random_state=0))
        model = meta.fit(X[TRAIN], y[TRAIN], eval_set=value).estimator_
        assert model.best_iteration_ == plain.best_iteration_


def test_a_pool_of_texts_is_refused_unless_its_labels_are_class_indices():
    catboost = pytest.importorskip("catboost")
    codes, words = np.array([0, 1]), [["u"], ["v"]]
    pool = catboost.Pool(words, codes, cat_features=[0])
    assert encode_label_keywords({"eval_set": pool}, codes)["eval_set"] is pool
    with pytest.raises(TypeError, match="pass eval_set="):
        encode_label_keywords({"eval_set": pool}, np.array([1, 0]))


@pytest.mark.parametrize("name", BOOSTERS)
def test_steps_of_pipelines_have_sets(name):
    y = np.array(["ham", "spam"])[CODES]
    scaler = StandardScaler().fit(X[TRAIN])
    plain = BOOSTERS[name](random_state=0)
    valid = scaler.transform(X[VALID])
    plain.fit(scaler.transform(X[TRAIN]), CODES[TRAIN], eval_set=[(valid, CODES[VALID])])
    pipeline = make_pipeline(StandardScaler(), BOOSTERS[name](random_state=0))
    keyword = f"{pipeline.steps[-1][0]}__eval_set"
    meta = SoftTargetClassifier(pipeline)
    meta.fit(X[TRAIN], y[TRAIN], **{keyword: [(valid, y[VALID])]})
    assert best_iterations(meta.estimator_) == best_iterations(plain)


@pytest.mark.parametrize("name", BOOSTERS)
def test_folds_without_a_class_leave_out_its_rows(name):
    y = ABC[np.where(CODES == 0, 0, 2)]
    y[:6], y[300:310] = "b", "b"
    half = np.arange(300) % 2 == 0
    folds = [(np.flatnonzero(half & (y[TRAIN] != "b")), np.flatnonzero(~half))]
    student = BOOSTERS[name](random_state=0)
    slr = SLRClassifier(student, n_rounds=1, cv=folds, random_state=0, refinement="average")
    fit(slr, y)
    assert slr.predict_proba(X).shape == (500, 3)
    assert slr.score(X[VALID], y[VALID]) > 0.7


def test_validation_labels_of_scikit_learn():
    if "y_val" not in inspect.signature(HistGradientBoostingClassifier.fit).parameters:
        pytest.skip("this version takes no validation set")
    student = HistGradientBoostingClassifier(early_stopping=True, n_iter_no_change=3)
    plain = student.fit(X[TRAIN], CODES[TRAIN], X_val=X[VALID], y_val=CODES[VALID]).n_iter_
    for labels in map(np.array, [(1, 2), ("ham", "spam")]):
        y = labels[CODES]
        for meta in (SoftTargetClassifier(student), LabelSmoothingClassifier(student)):
            meta.fit(X[TRAIN], y[TRAIN], X_val=X[VALID], y_val=y[VALID])
            found = meta.estimator_.n_iter_
            assert found == plain or isinstance(meta, LabelSmoothingClassifier)
            assert found < 100


@pytest.mark.parametrize("name", BOOSTERS)
def test_a_label_that_is_not_a_class_is_named(name):
    y = np.array(["ham", "spam"])[CODES]
    y[-1] = "eggs"
    for meta in (
        SLRClassifier(BOOSTERS[name](), refinement="average"),
        SoftTargetClassifier(BOOSTERS[name]()),
    ):
        with pytest.raises(ValueError, match=r"eval_set.*eggs"):
            fit(meta, y)


SET = (np.arange(3)[:, None], ABC)


@pytest.mark.parametrize(
    ("keywords", "expected"),
    [
        ({"eval_set": [SET, SET]}, [0, 1, 2]),
        ({"eval_set": SET}, [0, 1, 2]),
        ({"a__b__eval_set": [list(SET)]}, [0, 1, 2]),
        ({"validation_data": (*SET, np.ones(3))}, [0, 1, 2]),
        ({"y_val": ABC}, [0, 1, 2]),
        ({"y_val": ABC.tolist()}, [0, 1, 2]),
        ({"eval_y": (ABC, ABC)}, [0, 1, 2]),
    ],
)
def test_every_form_is_encoded(keywords, expected):
    (value,) = encode_label_keywords(keywords, ABC).values()
    while isinstance(value, (list, tuple)):
        value = value[1] if len(value) > 1 else value[0]
    assert value.tolist() == expected


def test_other_keywords_stay_as_they_are():
    keywords = {"verbose": 1, "eval_set": None, "y": ABC, "valid_set": "a/path", "names": ["a"]}
    assert encode_label_keywords(keywords, ABC) == keywords


def test_rows_of_absent_classes_are_left_out_with_their_weights():
    codes, weights = np.array([0, 1, 2]), np.array([1.0, 2.0, 3.0])
    keywords = {"s__eval_set": [(SET[0], codes)], "s__sample_weight_eval_set": [weights]}
    found = encode_label_keywords(keywords, np.array([0, 2]), 3)
    (((inputs, labels),), (left,)) = found.values()
    assert (inputs.ravel().tolist(), labels.tolist(), left.tolist()) == ([0, 2], [0, 1], [1, 3])
    assert keywords["s__eval_set"][0][1] is codes
    alone = {"X_val": SET[0], "y_val": codes, "sample_weight_val": weights}
    found = encode_label_keywords(alone, np.array([1, 2]), 3)
    assert [np.ravel(each).tolist() for each in found.values()] == [[1, 2], [0, 1], [2, 3]]
    with pytest.raises(ValueError, match="no label of the 2 classes"):
        encode_label_keywords({"y_val": [0, 0]}, np.array([1, 2]), 3)


def test_class_weights_of_sets_are_renamed():
    keywords = {"eval_class_weight": [{"a": 2.0, "c": 3.0}, "balanced"]}
    found = encode_label_keywords(keywords, ABC)
    assert found == {"eval_class_weight": [{0: 2.0, 2: 3.0}, "balanced"]}
