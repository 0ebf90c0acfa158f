"""skops: saved estimators inside other estimators, and what a file may load."""

import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("skops.io")
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skops import io
from skops.io.exceptions import UntrustedTypesFoundException

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.ordinal import ThresholdedRegressor
from sklearn_slr.refinement import PosteriorRefinement

X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
FEW = {"n_rounds": 1, "cv": 3, "random_state": 0}
GUIDE = Path(__file__).parents[2] / "docs" / "saving.md"
TRUSTED = re.findall(r'^    "(sklearn_slr\.[\w.]+)",$', GUIDE.read_text(), flags=re.MULTILINE)
# Types of scikit-learn's own in a fitted search.
SEARCH = ["sklearn.metrics._scorer._PassthroughScorer"]
SEARCH += ["sklearn.model_selection._split.StratifiedKFold"]
MODELS = {
    "in a pipeline": lambda: make_pipeline(
        StandardScaler(), SLRClassifier(refinement=PosteriorRefinement(), **FEW)
    ).fit(X, NAMES),
    "around a pipeline": lambda: SLRClassifier(
        make_pipeline(StandardScaler(), LogisticRegression()),
        final="folds",
        **FEW,
        refinement="average",
    ).fit(X, NAMES),
    "in a search": lambda: GridSearchCV(
        SLRClassifier(LogisticRegression(max_iter=1000), **FEW, refinement="average"),
        {"n_rounds": [0, 1]},
        cv=2,
    ).fit(X, NAMES),
    "cuts around SLR": lambda: ThresholdedRegressor(
        SLRRegressor(Ridge(), **FEW), cv=2, random_state=0
    ).fit(X, Y),
    "not fitted": lambda: SLRClassifier(
        LogisticRegression(max_iter=1000), **FEW, refinement="average"
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_documented_types_are_enough(tmp_path, name):
    trusted = TRUSTED + (SEARCH if name == "in a search" else [])
    model = MODELS[name]()
    io.dump(model, tmp_path / "model.skops")
    needed = io.get_untrusted_types(file=tmp_path / "model.skops")
    assert needed
    assert set(needed) <= set(trusted)
    loaded = io.load(tmp_path / "model.skops", trusted=trusted)
    if name == "not fitted":
        model, loaded = model.fit(X, NAMES), loaded.fit(X, NAMES)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.get_params().keys() == model.get_params().keys()


def test_nothing_is_loaded_that_is_not_trusted():
    data = io.dumps(SLRClassifier(**FEW, refinement="average").fit(X, NAMES))
    with pytest.raises(UntrustedTypesFoundException, match=r"sklearn_slr\._classifier"):
        io.loads(data)


def test_a_loaded_estimator_can_be_fitted_again():
    slr = SLRClassifier(LogisticRegression(max_iter=1000), **FEW, refinement="average").fit(
        X, NAMES
    )
    loaded = io.loads(io.dumps(slr), trusted=TRUSTED).fit(X, NAMES)
    np.testing.assert_array_equal(loaded.refined_labels_, slr.refined_labels_)
