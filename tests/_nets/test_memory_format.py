import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("skorch")

from skorch import NeuralNetClassifier  # noqa: E402
from skorch.callbacks import Callback, GradientNormClipping  # noqa: E402
from torch import nn  # noqa: E402

from sklearn_slr._nets import _memory_format  # noqa: E402
from sklearn_slr.soft_targets._fit import fit_targets  # noqa: E402

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 3, 8, 8)).astype(np.float32)
T = RNG.dirichlet(np.ones(2), size=24)


class Watch(GradientNormClipping):
    """Records the order of the first weights after each batch and at the end of training."""

    __module__ = "skorch.callbacks"  # other callbacks keep the default order

    def on_train_begin(self, net, **kwargs):
        self.orders, self.last = set(), None

    def on_batch_end(self, net, **kwargs):
        self.orders.add(order(next(net.module_.parameters())))

    def on_train_end(self, net, **kwargs):
        self.last = order(next(net.module_.parameters()))


class Stranger(Callback):
    def on_epoch_end(self, net, **kwargs):
        torch.nn.utils.parameters_to_vector(net.module_.parameters())


def order(weight):
    return "last" if weight.stride(1) == 1 else "first"


class CNN(nn.Sequential):
    def __init__(self):
        pool = [nn.Tanh(), nn.AvgPool2d(2)]
        convolutions = [nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), *pool, nn.Conv2d(4, 4, 2), nn.Tanh()]
        super().__init__(*convolutions, nn.Flatten(), nn.Linear(16, 2))


class Views(CNN):
    def forward(self, X):
        for layer in list(self)[:-2]:
            X = layer(X)
        return self[-1](X.view(X.shape[0], X.shape[1] * X.shape[2] * X.shape[3]))


class LooksAtTheOrder(CNN):
    def forward(self, X):
        return super().forward(X) * (1 if order(self[0].weight) == "first" else 1.1)


class OwnNet(NeuralNetClassifier):
    def infer(self, x, **kwargs):
        return super().infer(x, **kwargs)


def make(module=CNN, kind=NeuralNetClassifier, **params):
    defaults = {
        "criterion": nn.CrossEntropyLoss,
        "optimizer__momentum": 0.9,
        "callbacks": [Watch()],
        "batch_size": 8,
        "max_epochs": 3,
        "lr": 0.01,
        "verbose": 0,
    }
    params = {**defaults, **params}
    return kind(module, **{name: value for name, value in params.items() if value is not None})


def fit(net, targets=T):
    return fit_targets(net, X, targets, seed=0).model


def watched(net):
    watch = dict(net.callbacks_)["Watch"]
    return watch.orders, watch.last


@pytest.mark.parametrize("targets", [T, np.eye(2)[T.argmax(1)]], ids=["soft", "hard"])
def test_channels_are_last_only_during_training(targets, monkeypatch):
    fast = fit(make(), targets)
    assert watched(fast) == ({"last"}, "first")
    monkeypatch.setattr(_memory_format, "_is_image_net", lambda *_: False)
    plain = fit(make(), targets)
    assert watched(plain) == ({"first"}, "first")
    for (name, got), expected in zip(
        fast.module_.state_dict().items(), plain.module_.state_dict().values(), strict=True
    ):
        assert got.stride() == expected.stride(), name
        torch.testing.assert_close(got, expected, rtol=1e-3, atol=1e-4)
    states = (net.optimizer_.state_dict()["state"] for net in (fast, plain))
    for got, expected in zip(*(state.values() for state in states), strict=True):
        assert got["momentum_buffer"].stride() == expected["momentum_buffer"].stride()
        torch.testing.assert_close(
            got["momentum_buffer"], expected["momentum_buffer"], rtol=1e-2, atol=1e-4
        )


@pytest.mark.parametrize(
    "net",
    [
        make(Views),
        make(LooksAtTheOrder),
        make(kind=OwnNet),
        make(optimizer=torch.optim.LBFGS, optimizer__momentum=None),
        make(callbacks=[Watch(), Stranger()]),
    ],
    ids=[
        "needs channels first",
        "computes something else",
        "does more than skorch",
        "optimizer that flattens",
        "callback of the user's",
    ],
)
def test_other_nets_keep_the_default_order(net):
    assert watched(fit(net)) == ({"first"}, "first")


def test_the_comparison_changes_no_statistics_and_draws(monkeypatch):
    looked = fit(make(Views))
    monkeypatch.setattr(_memory_format, "_is_image_net", lambda *_: False)
    plain = fit(make(Views))
    for pair in zip(
        looked.module_.state_dict().values(), plain.module_.state_dict().values(), strict=True
    ):
        assert torch.equal(*pair)


def test_an_interrupted_net_gets_its_order_back():
    class Interrupt(Watch):
        __module__ = "skorch.callbacks"

        def on_batch_end(self, net, **kwargs):
            raise KeyboardInterrupt

    net = make()
    net.callbacks = [*net.callbacks, Interrupt()]
    model = fit(net)
    assert watched(model) == ({"last"}, "first")
