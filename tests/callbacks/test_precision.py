import collections
import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from torch import nn  # noqa: E402

from sklearn_slr import SLRClassifier  # noqa: E402
from sklearn_slr.callbacks import MixedPrecision  # noqa: E402

X, y = load_iris(return_X_y=True)
X = X.astype(np.float32)


class Recorder(nn.Module):
    """Keeps what its layers returned, by whether it was training."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(4, 8), nn.Linear(8, 3)
        self.seen = {True: set(), False: set()}

    def forward(self, X):
        hidden = self.first(X)
        self.seen[self.training].add(hidden.dtype)
        return self.last(torch.relu(hidden))


class Breaks(Recorder):
    def forward(self, X):
        super().forward(X)
        raise RuntimeError("broken")


Pair = collections.namedtuple("Pair", "first second")


class Several(Recorder):
    def forward(self, X):
        out = super().forward(X)
        return out, collections.OrderedDict(twice=[2 * out, (len(out),)]), Pair(out, 3)


class Checked(skorch.NeuralNetClassifier):
    def get_loss(self, y_pred, y_true, *args, **kwargs):
        first, others, pair = y_pred
        assert first.dtype == others["twice"][0].dtype == pair.first.dtype == torch.float32
        assert type(others) is collections.OrderedDict
        assert others["twice"][1] == (len(y_true),)
        assert pair.second == 3
        return super().get_loss(y_pred, y_true, *args, **kwargs)


class FirstOutput(nn.CrossEntropyLoss):
    def forward(self, output, target):
        return super().forward(output[0], target)


def make(module=Recorder, kind=skorch.NeuralNetClassifier, **parameters):
    defaults = {
        "criterion": nn.CrossEntropyLoss,
        "callbacks": [MixedPrecision()],
        "optimizer": torch.optim.Adam,
        "lr": 0.05,
        "max_epochs": 20,
        "batch_size": 50,
        "verbose": 0,
    }
    return kind(module, **{**defaults, **parameters})


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def test_trains_in_half_precision_and_predicts_in_single():
    net = make().fit(X, y)
    assert net.module_.seen == {True: {torch.bfloat16}, False: {torch.float32}}
    assert all(weight.dtype == torch.float32 for weight in net.module_.parameters())
    assert net.predict_proba(X).dtype == np.float32
    assert net.score(X, y) > 0.9


def test_a_training_step_equals_that_of_autocast():
    net = make(train_split=None, max_epochs=1, batch_size=len(X), optimizer=torch.optim.SGD)
    net.initialize()
    by_hand = copy.deepcopy(net.module_).train()
    net.partial_fit(X, y)
    with torch.autocast("cpu", torch.bfloat16):
        out = by_hand(torch.as_tensor(X))
    nn.functional.cross_entropy(out.float(), torch.as_tensor(y)).backward()
    for got, weight in zip(net.module_.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(got, weight - 0.05 * weight.grad)


def test_a_fitted_net_has_no_hooks_and_can_be_saved_and_trained_on():
    net = make().fit(X, y)
    assert not net.module_._forward_hooks
    assert not net.module_._forward_pre_hooks
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))
    clone(net)
    net.partial_fit(X, y)
    assert not net.module_._forward_hooks


def test_autocast_ends_after_an_error():
    net = make(Breaks)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="broken"):
            net.partial_fit(X, y)
        assert not torch.is_autocast_enabled("cpu")
        assert len(net.module_._forward_hooks) == 1


def n_hooks(module):
    return len(module._forward_hooks) + len(module._forward_pre_hooks)


def test_hooks_of_a_failed_training_are_removed_by_the_next():
    module = Breaks()
    net = make(module)
    for _ in range(3):
        with pytest.raises(RuntimeError, match="broken"):
            net.fit(X, y)
    Breaks.forward, forward = Recorder.forward, Breaks.forward
    try:
        net.fit(X, y)
    finally:
        Breaks.forward = forward
    assert n_hooks(module) == 0


class Copies(skorch.callbacks.Callback):
    def on_epoch_begin(self, net, **kwargs):
        self.copies_ = [copy.deepcopy(net), pickle.loads(pickle.dumps(net)), clone(net)]


@pytest.mark.parametrize("module", [Recorder, Recorder()])
def test_hooks_are_removed_from_copies_made_in_training(module):
    net = make(module, callbacks=[MixedPrecision(), Copies()], max_epochs=1).fit(X, y)
    for each in dict(net.callbacks_)["Copies"].copies_:
        each.partial_fit(X, y)
        assert each.module_.seen[True] == {torch.bfloat16}
        assert n_hooks(each.module_) == 0


def test_an_error_of_an_earlier_hook_is_raised():
    net = make(train_split=None).initialize()

    def fails(module, inputs):
        raise RuntimeError("before")

    net.module_.register_forward_pre_hook(fails)
    with pytest.raises(RuntimeError, match="before"):
        net.partial_fit(X, y)
    assert not torch.is_autocast_enabled("cpu")


def test_outputs_in_any_structure_are_float32():
    make(Several, Checked, criterion=FirstOutput, train_split=None).fit(X, y)


def test_nets_with_mixed_precision_are_not_stacked():
    model = SLRClassifier(
        make(train_split=None), n_rounds=1, random_state=0, refinement="average"
    ).fit(X, y)
    assert not model.history_["stacked"].any()
    assert model.score(X, y) > 0.9


@pytest.mark.slow
def test_labels_of_mixed_precision_do_not_depend_on_the_number_of_processes():
    one, two = (
        SLRClassifier(
            make(train_split=None), n_rounds=1, random_state=0, n_jobs=n_jobs, refinement="average"
        )
        for n_jobs in (None, 2)
    )
    np.testing.assert_array_equal(one.fit(X, y).refined_labels_, two.fit(X, y).refined_labels_)
