"""Fitted estimators and labels survive being saved, to the bit."""

import io
import pickle
import re
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVR

from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.ordinal import ThresholdedRegressor
from sklearn_slr.refinement import AverageRefinement
from sklearn_slr.soft_targets import SoftTargetClassifier

ROOT = Path(__file__).parents[1]
X, Y = load_iris(return_X_y=True)
X = X.astype(np.float32)
NAMES = np.array(["setosa", "versicolor", "virginica"])
SOFT = 0.9 * np.eye(3)[Y] + 0.1 / 3


def make_net(kind, criterion, n_outputs):
    torch, skorch = pytest.importorskip("torch"), pytest.importorskip("skorch")
    return getattr(skorch, kind)(
        torch.nn.Linear,
        module__in_features=4,
        module__out_features=n_outputs,
        criterion=getattr(torch.nn, criterion),
        max_epochs=2,
        train_split=None,
        verbose=0,
    )


def classifying_net():
    return make_net("NeuralNetClassifier", "CrossEntropyLoss", 3)


def regressing_net():
    return make_net("NeuralNetRegressor", "MSELoss", 1)


few = {"n_rounds": 1, "cv": 2, "random_state": 0}
MODELS = {
    "plain": lambda: SLRClassifier(GaussianNB(), **few).fit(X, NAMES[Y]),
    "neighbors": lambda: SLRClassifier(KNeighborsClassifier(), **few).fit(X, NAMES[Y]),
    "folds": lambda: SLRClassifier(
        LogisticRegression(max_iter=1000), refinement="posterior", final="folds", **few
    ).fit(X, NAMES[Y]),
    "refinement object": lambda: SLRClassifier(
        GaussianNB(), refinement=AverageRefinement(1), **few
    ).fit(X, Y),
    "grades": lambda: SLRRegressor(thresholds="kappa", **few).fit(X, Y),
    "grades of folds": lambda: SLRRegressor(SVR(), thresholds="kappa", final="folds", **few).fit(
        X, Y
    ),
    "soft": lambda: SoftTargetClassifier(RandomForestClassifier(3, random_state=0)).fit(X, SOFT),
    "cuts": lambda: ThresholdedRegressor(cv=2, random_state=0).fit(X, NAMES[Y]),
    "net": lambda: SLRClassifier(classifying_net(), **few).fit(X, NAMES[Y]),
    "net of folds": lambda: SLRClassifier(classifying_net(), final="folds", **few).fit(X, Y),
    "regressing net": lambda: SLRRegressor(regressing_net(), thresholds="kappa", **few).fit(
        X, Y.astype(np.float32)
    ),
    "soft net": lambda: SoftTargetClassifier(classifying_net(), random_state=0).fit(X, SOFT),
    "cuts of a net": lambda: ThresholdedRegressor(regressing_net(), cv=2, random_state=0).fit(X, Y),
}
# Types that the saved estimators bring along, beside those of docs/saving.md.
FOREIGN = (
    "sklearn.tree._tree.Tree",
    "sklearn.metrics._dist_metrics.",
    "sklearn.neighbors._",
    "sklearn_slr.soft_targets.routes._neighbors.",
    "torch.",
    "skorch.",
    "functools.partial",
    "builtins.print",
)


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


def through_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


def through_skops(model):
    skops = pytest.importorskip("skops.io")
    text = (ROOT / "docs" / "saving.md").read_text()
    documented = re.findall(r'^    "(sklearn_slr\.[\w.]+)",$', text, flags=re.MULTILINE)
    assert documented == sorted(documented)
    data = skops.dumps(model)
    types = skops.get_untrusted_types(data=data)
    foreign = [name for name in types if name not in documented]
    assert all(name.startswith(FOREIGN) for name in foreign), foreign
    return skops.loads(data, trusted=documented + foreign)


@pytest.mark.parametrize("through", [through_pickle, through_joblib, through_skops])
@pytest.mark.parametrize("name", MODELS)
def test_a_saved_estimator_predicts_the_same_bits(name, through):
    model = MODELS[name]()
    again = through(model)
    for method in ("predict", "predict_proba", "decision_function"):
        assert hasattr(again, method) == hasattr(model, method)
        if hasattr(model, method):
            np.testing.assert_array_equal(getattr(again, method)(X), getattr(model, method)(X))
    for learned in ("refined_labels_", "oof_predictions_", "thresholds_", "classes_"):
        if hasattr(model, learned):
            np.testing.assert_array_equal(getattr(again, learned), getattr(model, learned))


DEFINE = """
import pickle, sys
import numpy as np, torch
from skorch import NeuralNetClassifier
from sklearn_slr import SLRClassifier
X = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)

class Net(torch.nn.Sequential):
    def __init__(self):
        super().__init__(torch.nn.Linear(4, 2))
"""
SAVE = """
net = NeuralNetClassifier(Net, criterion=torch.nn.CrossEntropyLoss, max_epochs=1, verbose=0)
net.set_params(train_split=None)
slr = SLRClassifier(net, n_rounds=1, cv=2, final=sys.argv[2], random_state=0)
slr.fit(X, (X[:, 0] > 0).astype(int))
pickle.dump((slr, slr.predict_proba(X)), open(sys.argv[1], "wb"))
"""
LOAD = """
slr, wanted = pickle.load(open(sys.argv[1], "rb"))
assert np.array_equal(slr.predict_proba(X), wanted)
"""


def run(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("final", ["refit", "folds"])
def test_nets_of_a_script_load_where_their_class_is_defined(tmp_path, final):
    pytest.importorskip("skorch")
    path = tmp_path / "slr.pickle"
    saved = run(DEFINE + SAVE, path, final)
    assert saved.returncode == 0, saved.stderr
    loaded = run(DEFINE + LOAD, path)
    assert loaded.returncode == 0, loaded.stderr
    elsewhere = run(DEFINE.split("class Net")[0] + LOAD, path)
    assert "Can't get attribute 'Net' on <module '__main__'" in elsewhere.stderr


def test_labels_go_through_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    slr = MODELS["plain"]()
    ids = pd.Index([f"row {k}" for k in range(len(Y))], name="id")
    table = pd.DataFrame(slr.refined_labels_, columns=slr.classes_.astype(str), index=ids)
    table.to_parquet(tmp_path / "labels.parquet")
    again = pd.read_parquet(tmp_path / "labels.parquet")
    pd.testing.assert_frame_equal(again, table, check_exact=True)
    taught = SoftTargetClassifier(GaussianNB()).fit(X, again)
    np.testing.assert_array_equal(
        taught.predict_proba(X), SoftTargetClassifier(GaussianNB()).fit(X, table).predict_proba(X)
    )
    assert taught.classes_.tolist() == NAMES.tolist()
