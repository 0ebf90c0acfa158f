"""The losses in plain skorch nets, and in nets that learn probability rows."""

import copy

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from skorch.callbacks import Callback  # noqa: E402
from torch import nn  # noqa: E402

from sklearn_slr import SLRClassifier, SLRRegressor, SoftTargetClassifier  # noqa: E402
from sklearn_slr.losses import (  # noqa: E402
    FocalLoss,
    OHEMLoss,
    OHEMRegressionLoss,
    SoftTargetKLDivLoss,
)
from sklearn_slr.soft_targets._fit import fit_targets  # noqa: E402
from sklearn_slr.utils._random import isolated_generators  # noqa: E402

X, y = load_iris(return_X_y=True)
X = ((X - X.mean(axis=0)) / X.std(axis=0)).astype(np.float32)
ROWS = 0.7 * np.eye(3)[y] + 0.1
KINDS = [SoftTargetKLDivLoss, FocalLoss, OHEMLoss]


def classifier(criterion, **parameters):
    defaults = {"lr": 0.5, "max_epochs": 5, "verbose": 0, "train_split": None}
    return skorch.NeuralNetClassifier(
        nn.Linear,
        module__in_features=4,
        module__out_features=3,
        criterion=criterion,
        **{**defaults, **parameters},
    )


def regressor(**parameters):
    return skorch.NeuralNetRegressor(
        nn.Linear,
        module__in_features=4,
        module__out_features=1,
        criterion=OHEMRegressionLoss,
        lr=0.1,
        max_epochs=10,
        verbose=0,
        **parameters,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_in_plain_skorch(kind):
    with isolated_generators(0):
        net = classifier(kind, train_split=skorch.dataset.ValidSplit(5)).fit(X, y)
    proba = net.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    assert proba.min() >= 0
    assert net.score(X, y) > 0.8


@pytest.mark.parametrize("kind", KINDS)
def test_labels_train_as_in_plain_skorch(kind):
    with isolated_generators(0):
        plain = classifier(kind).fit(X, y)
    soft = fit_targets(classifier(kind), X, np.eye(3)[y], seed=0)
    assert soft.route == "net"
    np.testing.assert_allclose(soft.model.predict_proba(X), plain.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_probability_rows_reach_the_loss(kind):
    seen = []

    class Watched(kind):
        def forward(self, input, target):
            seen.append(target.detach().numpy())
            return super().forward(input, target)

    SoftTargetClassifier(classifier(Watched, max_epochs=1)).fit(X, ROWS)
    np.testing.assert_allclose(np.concatenate(seen), ROWS, atol=1e-6)


def test_the_divergence_trains_as_the_cross_entropy():
    divergence, cross_entropy = (
        fit_targets(classifier(kind), X, ROWS, seed=0).predict(X)
        for kind in (SoftTargetKLDivLoss, nn.CrossEntropyLoss)
    )
    np.testing.assert_allclose(divergence, cross_entropy, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_of_one_change_nothing(kind):
    net = classifier(kind)
    plain = fit_targets(net, X, ROWS, seed=0)
    weighted = fit_targets(net, X, ROWS, sample_weight=np.ones(len(y)), seed=0)
    np.testing.assert_allclose(plain.predict(X), weighted.predict(X), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_in_slr_with_a_validation_split_and_parameters(kind):
    given = {FocalLoss: {"criterion__gamma": 1.0}, OHEMLoss: {"criterion__keep": 0.7}}.get(kind, {})
    net = classifier(kind, train_split=skorch.dataset.ValidSplit(5), **given)
    slr = SLRClassifier(net, n_rounds=1, cv=3, random_state=0, refinement="average").fit(X, y)
    assert slr.score(X, y) > 0.8
    assert clone(slr).get_params()["estimator__criterion"] is kind


def test_numbers_in_plain_skorch_and_in_slr():
    targets = y.astype(np.float32).reshape(-1, 1)
    with isolated_generators(0):
        plain = regressor(train_split=None).fit(X, targets)
    assert plain.score(X, targets) > 0.7
    soft = fit_targets(regressor(train_split=None), X, y.astype(float), seed=0)
    np.testing.assert_allclose(soft.predict(X), plain.predict(X)[:, 0], atol=1e-6)
    ones = fit_targets(
        regressor(train_split=None), X, y.astype(float), sample_weight=np.ones(len(y)), seed=0
    )
    np.testing.assert_allclose(ones.predict(X), plain.predict(X)[:, 0], atol=1e-5)
    slr = SLRRegressor(regressor(), n_rounds=1, cv=3, random_state=0).fit(X, y)
    assert slr.score(X, y) > 0.7


def test_skorch_evaluates_all_samples():
    modes = {True: set(), False: set()}

    class Spy(Callback):
        def on_batch_end(self, net, training=False, **kwargs):
            modes[training].add(net.criterion_.training)

    net = classifier(OHEMLoss, train_split=skorch.dataset.ValidSplit(5), callbacks=[Spy()])
    with isolated_generators(0):
        net.fit(X, y)
    assert modes == {True: {True}, False: {False}}
    assert isinstance(copy.deepcopy(net).criterion_, OHEMLoss)
