"""Nothing is fetched, and nothing is needed but what is required."""

import subprocess
import sys
from pathlib import Path

import pytest

from .test_public_api import PUBLIC

ROOT = Path(__file__).parents[1]
FIT = """
import numpy as np
from sklearn_slr import SLRClassifier, SLRRegressor
X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
y = (X[:, 0] > 0).astype(int)
SLRClassifier(n_rounds=1, cv=2, random_state=0).fit(X, y).predict(X)
SLRRegressor(n_rounds=1, cv=2, thresholds="kappa", random_state=0).fit(X, y).predict(X)
"""
IMPORT = """
import importlib
for name in {names}:
    module = importlib.import_module("sklearn_slr" + name)
    assert all(hasattr(module, public) for public in module.__all__)
"""
NO_NETWORK = """
import socket, sys
def refuse(*args, **kwargs):
    raise AssertionError(f"network: {args}")
class Refused(socket.socket):
    __init__ = refuse
socket.socket = Refused
socket.create_connection = socket.getaddrinfo = refuse
"""
NO_TORCH = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "skorch"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
"""
NET = """
import torch
from skorch import NeuralNetClassifier
net = NeuralNetClassifier(
    torch.nn.Linear, module__in_features=3, module__out_features=2,
    criterion=torch.nn.CrossEntropyLoss, max_epochs=1, train_split=None, verbose=0,
)
SLRClassifier(net, n_rounds=1, cv=2, random_state=0).fit(X, y).predict(X)
"""
NEEDS_TORCH = (".callbacks", ".losses")


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr


def test_no_network_at_import_or_fit():
    names = [name for name in PUBLIC if name not in NEEDS_TORCH]
    run(NO_NETWORK + IMPORT.format(names=names) + FIT)


@pytest.mark.slow
def test_no_network_where_nets_are_trained():
    pytest.importorskip("skorch")
    run(NO_NETWORK + IMPORT.format(names=PUBLIC) + FIT + NET)


def test_neither_torch_nor_skorch_is_needed():
    names = [name for name in PUBLIC if name not in NEEDS_TORCH]
    run(NO_TORCH + IMPORT.format(names=names) + FIT)


def test_what_needs_torch_says_so():
    for name in NEEDS_TORCH:
        code = f"""
try:
    import sklearn_slr{name}
except ModuleNotFoundError as error:
    assert "torch" in str(error) or "skorch" in str(error), error
else:
    raise AssertionError("imported")
"""
        run(NO_TORCH + code)
