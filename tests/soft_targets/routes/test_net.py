import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sklearn_slr.soft_targets.routes import _net


def test_importing_the_route_imports_no_torch():
    code = (
        "import sys, numpy as np; from sklearn.linear_model import LogisticRegression; "
        "from sklearn_slr.soft_targets.routes import _net; "
        "assert not _net.handles(LogisticRegression(), np.eye(2), None); "
        "assert not {'torch', 'skorch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_nets_are_handled_and_nothing_else():
    skorch = pytest.importorskip("skorch")
    from torch import nn

    assert _net.handles(skorch.NeuralNetClassifier(nn.Linear), np.eye(2), None)
    assert _net.handles(skorch.NeuralNetRegressor(nn.Linear), np.eye(2), None)
    assert not _net.handles(skorch.NeuralNetClassifier, np.eye(2), None)
    assert not _net.handles(LogisticRegression(), np.eye(2), None)


def test_fit_trains_on_rows_and_on_numbers():
    skorch = pytest.importorskip("skorch")
    torch = pytest.importorskip("torch")
    params = {"max_epochs": 100, "lr": 0.5, "train_split": None, "verbose": 0}
    params["module__in_features"], params["batch_size"] = 1, -1
    X = np.array([[0.0], [1.0]], dtype=np.float32)
    targets = np.array([[0.7, 0.3], [0.2, 0.8]])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = skorch.NeuralNetClassifier(
            torch.nn.Linear, module__out_features=2, criterion=torch.nn.CrossEntropyLoss, **params
        )
        fitted = _net.fit(net, X, targets, sample_weight=None, fit_params={}, seed=0)
        assert fitted is net
        np.testing.assert_allclose(net.predict_proba(X), targets, atol=0.05)
        net = skorch.NeuralNetRegressor(torch.nn.Linear, module__out_features=1, **params)
        weight = np.array([1.0, 3.0])
        fitted = _net.fit(
            net, X, np.array([2.0, -1.0]), sample_weight=weight, fit_params={}, seed=0
        )
        np.testing.assert_allclose(fitted.predict(X)[:, 0], [2.0, -1.0], atol=0.02)
