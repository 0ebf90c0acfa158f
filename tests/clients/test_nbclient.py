"""Notebooks: README's snippets, nets and functions defined in cells, processes, displays."""

import re
from pathlib import Path

import pytest

pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
import nbformat
from nbclient import NotebookClient

README = Path(__file__).parents[2] / "README.md"
# How jupyter's packages start and end a kernel, and talk to it.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:jupyter_client"),
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:zmq"),
]


def execute(folder, *cells):
    """Run the cells in a folder and return those with their outputs; nothing goes to stderr."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, kernel_name="python3", timeout=300, resources=resources)
    client.execute()
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not [out.text for out in cell.outputs if out.get("name") == "stderr"], cell.source
    return notebook.cells


def read_printed(cell):
    """Return the words that a cell printed."""
    return "".join(out.text for out in cell.outputs if out.output_type == "stream").split()


def read_shown(cell, kind="text/plain"):
    """Return what the last expression of a cell shows, in that form."""
    [result] = [out for out in cell.outputs if out.output_type != "stream"]
    return result.data[kind]


def test_the_snippets_of_the_readme(tmp_path):
    snippets = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    assert snippets
    look = """
repaired = slr.refined_labels_.argmax(axis=1) == y
print((given == y).mean(), repaired.mean(), slr.score(X_test, y_test))
print(sum(given[row] != y[row] for row in slr.label_quality_.argsort()[:20]))
"""
    *_, printed, shown = execute(tmp_path, *snippets, look, "slr")
    before, repaired, score, wrong = map(float, read_printed(printed))
    assert before < 0.8 < 0.9 < min(repaired, score)
    assert wrong > 15
    assert "SLRClassifier(" in read_shown(shown)
    assert "RandomForestClassifier" in read_shown(shown, "text/html")


DATA = """
import numpy as np
from sklearn.datasets import load_digits
from sklearn_slr import SLRClassifier, SLRRegressor
from sklearn_slr.datasets import make_noisy_labels
X, y = load_digits(n_class=4, return_X_y=True)
X = (X / 16).astype(np.float32)
given = make_noisy_labels(y, noise=0.2, random_state=0)
"""
NET = """
import torch
from skorch import NeuralNetClassifier

class Net(torch.nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Linear(64, width), torch.nn.ReLU())
        self.head = torch.nn.Linear(width, 4)

    def forward(self, X):
        return self.head(self.body(X))

net = NeuralNetClassifier(
    Net, criterion=torch.nn.CrossEntropyLoss, max_epochs=8, lr=0.3, batch_size=32,
    train_split=None, verbose=0,
)
"""
FIT_NET = """
def fit(n_jobs):
    slr = SLRClassifier(net, n_rounds=2, cv=3, n_jobs=n_jobs, stack_folds={stack_folds},
                        final="{final}", refinement="posterior", random_state=0)
    return slr.fit(X, given)

slr, again = fit(2), fit(None)
repaired = slr.refined_labels_.argmax(axis=1) == y
print(repaired.mean(), slr.score(X, y), slr.history_["stacked"].all())
print(np.array_equal(slr.refined_labels_, again.refined_labels_))
print(np.array_equal(slr.predict_proba(X), again.predict_proba(X)))
"""


@pytest.mark.parametrize("final", ["folds", "refit"])
@pytest.mark.parametrize("stack_folds", [True, False])
def test_a_net_defined_in_a_cell(tmp_path, stack_folds, final):
    """All folds in one pass, or in two processes, which get the class by value."""
    pytest.importorskip("skorch")
    fit = FIT_NET.format(stack_folds=stack_folds, final=final)
    *_, printed = execute(tmp_path, DATA, NET, fit)
    repaired, score, stacked, same_labels, same_probabilities = read_printed(printed)
    assert min(float(repaired), float(score)) > 0.95
    assert stacked == str(stack_folds)
    assert (same_labels, same_probabilities) == ("True", "True")


def test_a_cell_that_is_edited_and_run_again(tmp_path):
    """Processes use the class of the last run, not one that they remember."""
    pytest.importorskip("skorch")
    score = """
import warnings
warnings.simplefilter("ignore")  # the broken net guesses
slr = SLRClassifier(net, n_rounds=1, refinement="average", cv=3, n_jobs=2, final="folds")
print(slr.set_params(stack_folds=False, random_state=0).fit(X, given).score(X, y))
"""
    broken = NET.replace("self.head(self.body(X))", "0 * self.head(self.body(X))")
    cells = execute(tmp_path, DATA, NET, score, broken, score, NET, score)
    first, second, third = (float(*read_printed(cell)) for cell in cells[2::2])
    assert first == third > 0.9
    assert second < 0.4


DEFINED = """
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

class Halve(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self
    def transform(self, X):
        return X[:, ::2]
    def __sklearn_is_fitted__(self):
        return True

class Centres(ClassifierMixin, BaseEstimator):
    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        self.centres_ = np.array([
            np.average(X[y == c], axis=0, weights=weight[y == c]) for c in self.classes_
        ])
        return self
    def predict_proba(self, X):
        distance = ((X[:, None] - self.centres_) ** 2).sum(axis=2)
        closeness = np.exp(distance.min(axis=1, keepdims=True) - distance)
        return closeness / closeness.sum(axis=1, keepdims=True)
    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

def jitter(X, random_state):
    return X + np.random.default_rng(random_state).normal(scale=0.05, size=X.shape)
"""
DEFINED_FIT = """
def fit(n_jobs):
    slr = SLRClassifier(make_pipeline(Halve(), Centres()), cv=3, n_jobs=n_jobs, random_state=0,
                        augmentations=jitter, refinement="posterior", verbose=1)
    return slr.fit(X, given)

slr, again = fit(2), fit(None)
"""
DEFINED_LOOK = """
repaired = slr.refined_labels_.argmax(axis=1) == y
print(repaired.mean(), np.array_equal(slr.refined_labels_, again.refined_labels_))
"""


def test_students_defined_in_a_cell(tmp_path):
    cells = execute(tmp_path, DATA, DEFINED, DEFINED_FIT, DEFINED_LOOK)
    assert "round" in " ".join(read_printed(cells[2])).lower()
    repaired, same = read_printed(cells[3])
    assert float(repaired) > 0.9
    assert same == "True"


def test_displays_are_shown_and_a_page_is_written(tmp_path):
    pytest.importorskip("matplotlib_inline")
    fit = """
from sklearn.naive_bayes import GaussianNB
from sklearn_slr.displays import *
slr = SLRClassifier(GaussianNB(), n_rounds=2, cv=3, random_state=0).fit(X, given)
print(export_label_review(slr, X, "page.html", limit=5))
"""
    curve = "display = RefinementCurveDisplay.from_estimator(slr)"
    flow = "display = LabelRefinementDisplay.from_estimator(slr)"
    *_, curve, flow = execute(tmp_path, "%matplotlib inline", DATA, fit, curve, flow)
    for cell in (curve, flow):
        assert len(read_shown(cell, "image/png")) > 1000
    assert (tmp_path / "page.html").read_text().lower().startswith("<!doctype html>")
