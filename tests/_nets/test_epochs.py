import contextlib

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("skorch")

from skorch import NeuralNetBinaryClassifier, NeuralNetClassifier  # noqa: E402
from skorch.callbacks import Callback, EpochScoring, PrintLog  # noqa: E402
from torch import nn  # noqa: E402

from sklearn_slr._nets import _training  # noqa: E402
from sklearn_slr._nets._epochs import _score_accuracy, fused_steps  # noqa: E402
from sklearn_slr._nets._training import train  # noqa: E402

N, D, C = 40, 4, 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, D)).astype(np.float32)
Y = RNG.integers(C, size=N)
T = RNG.dirichlet(np.ones(C), size=N)


def make(kind=NeuralNetClassifier, n_outputs=C, **params):
    return kind(
        nn.Linear,
        module__in_features=D,
        module__out_features=n_outputs,
        **{"batch_size": 8, "max_epochs": 4, "lr": 0.1, "verbose": 0, **params},
    )


def soft(**params):
    return make(criterion=nn.CrossEntropyLoss, **params)


def trained(net, targets):
    torch.manual_seed(1)
    return train(net, X, targets, None, {})


def keys(history):
    return [set(epoch) for epoch in history]


@pytest.mark.parametrize("kind", ["classes", "two", "regular"])
def test_histories_equal_those_of_skorch(kind):
    y, net = Y, soft(callbacks=[EpochScoring("accuracy", name="own", on_train=True)])
    if kind == "two":
        y, net = (Y > 0).astype(np.float32), make(NeuralNetBinaryClassifier, 1)
    if kind == "regular":
        net = net.set_params(callbacks__valid_acc__use_caching=False)
    torch.manual_seed(1)
    plain = type(net)(**net.get_params(deep=False)).fit(X, y)
    got = trained(net, np.eye(C if kind != "two" else 2)[y.astype(int)])
    assert keys(got.history) == keys(plain.history)
    for name in keys(plain.history)[0] - {"batches", "dur"}:
        assert got.history[:, name] == plain.history[:, name]
    assert dict(got.callbacks_)["valid_acc"].scoring_ == "accuracy"
    assert type(got.history[-1, "valid_acc"]) is float


def test_unusual_labels_are_scored_by_scikit_learn():
    net = soft().fit(X, Y)
    assert _score_accuracy(net, X, Y.astype(np.float64)) == np.mean(net.predict(X) == Y)
    with pytest.raises(ValueError, match="mix of multilabel-indicator and multiclass"):
        _score_accuracy(net, X, np.eye(C)[Y])


def test_logs_are_printed_only_if_verbose_or_to_a_custom_sink(capsys):
    trained(soft(), T)
    assert capsys.readouterr().out == ""
    trained(soft(verbose=1), T)
    assert "valid_acc" in capsys.readouterr().out
    lines = []
    trained(soft(callbacks__print_log__sink=lines.append), T)
    assert len(lines) == 2 + 4


class OwnNotify(NeuralNetClassifier):
    def notify(self, method_name, **cb_kwargs):
        seen.append(method_name)
        super().notify(method_name, **cb_kwargs)


seen = []


class OwnLog(PrintLog):
    def on_epoch_end(self, net, **kwargs):
        seen.append("own log")
        super().on_epoch_end(net, **kwargs)


def test_custom_notify_and_callbacks_run():
    seen.clear()
    trained(make(OwnNotify, criterion=nn.CrossEntropyLoss), T)
    assert seen.count("on_epoch_end") == 4
    seen.clear()
    trained(soft(callbacks=[("log", OwnLog())]), T)
    assert seen == 4 * ["own log"]


class Groups(Callback):
    """Keeps the options of the optimizer as callbacks see them, between and in steps."""

    def on_train_begin(self, net, **kwargs):
        self.between, self.within = set(), set()

    def on_grad_computed(self, net, named_parameters, **kwargs):
        self.within.add(net.optimizer_.param_groups[0]["fused"])

    def on_batch_end(self, net, **kwargs):
        self.between.add(net.optimizer_.param_groups[0]["fused"])


@pytest.mark.parametrize("optimizer", [torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD])
def test_fused_steps_equal_plain_steps(optimizer, monkeypatch):
    net = trained(soft(optimizer=optimizer, max_epochs=20), T)
    monkeypatch.setattr(_training, "fused_steps", lambda net: contextlib.nullcontext())
    plain = trained(soft(optimizer=optimizer, max_epochs=20), T)
    for got, expected in zip(net.module_.parameters(), plain.module_.parameters(), strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-6)


class OwnAdam(torch.optim.Adam):
    pass


@pytest.mark.parametrize(
    ("params", "within", "between"),
    [
        ({"optimizer": torch.optim.Adam}, {True}, {None}),
        ({"optimizer": torch.optim.Adam, "optimizer__fused": False}, {False}, {False}),
        ({"optimizer": torch.optim.Adam, "optimizer__fused": True}, {True}, {True}),
        ({"optimizer": torch.optim.Adam, "optimizer__foreach": True}, {None}, {None}),
        ({"optimizer": OwnAdam}, {None}, {None}),
        ({"optimizer": torch.optim.SGD}, {None}, {None}),
    ],
)
def test_optimizer_options_of_the_user_are_kept(params, within, between):
    watch = Groups()
    net = trained(soft(callbacks=[watch], **params), T)
    assert (watch.within, watch.between) == (within, between)
    assert net.optimizer_.param_groups[0]["fused"] in between


def test_options_are_restored_after_an_error():
    net = soft(optimizer=torch.optim.Adam).initialize()
    with pytest.raises(RuntimeError, match="broken"), fused_steps(net):
        raise RuntimeError("broken")
    assert net.optimizer_.param_groups[0]["fused"] is None
