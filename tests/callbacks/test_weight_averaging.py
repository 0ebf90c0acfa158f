import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from skorch.callbacks import Callback, Checkpoint, LRScheduler  # noqa: E402
from skorch.helper import SliceDict  # noqa: E402
from torch import nn  # noqa: E402

from sklearn_slr import SLRClassifier  # noqa: E402
from sklearn_slr.callbacks import StochasticWeightAveraging, one_cycle  # noqa: E402
from sklearn_slr.callbacks._weight_averaging import update_batch_norm  # noqa: E402

X, y = load_iris(return_X_y=True)
X = X.astype(np.float32)


class Normed(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.linear = nn.BatchNorm1d(4), nn.Linear(4, 3)

    def forward(self, X):
        return self.linear(self.norm(X))


class TwoInputs(Normed):
    def forward(self, length, width):
        return super().forward(torch.cat([length, width], dim=1))


class Keeper(Callback):
    """Keeps the weights and the learning rate of every epoch."""

    def on_train_begin(self, net, **kwargs):
        self.weights_, self.rates_ = [], []

    def on_epoch_end(self, net, **kwargs):
        self.weights_.append(copy.deepcopy(net.module_.state_dict()))
        self.rates_.append(net.optimizer_.param_groups[0]["lr"])


def classifier(*callbacks, module=Normed, **parameters):
    defaults = {"lr": 0.1, "max_epochs": 8, "batch_size": 50, "verbose": 0, "train_split": None}
    return skorch.NeuralNetClassifier(
        module,
        criterion=nn.CrossEntropyLoss,
        callbacks=list(callbacks),
        **{**defaults, **parameters},
    )


def fit(net, X=X, y=y):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return net.fit(X, y)


@pytest.fixture(autouse=True)
def _one_seeded_thread():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize(("start", "n_averaged"), [(0.75, 2), (0.7, 3), (5, 3), (0.0, 8), (0, 8)])
def test_the_weights_are_the_mean_of_the_last_epochs(start, n_averaged):
    keeper = Keeper()
    net = fit(classifier(("keeper", keeper), ("swa", StochasticWeightAveraging(start))))
    assert dict(net.callbacks_)["swa"].n_averaged_ == n_averaged
    weights = dict(net.callbacks_)["keeper"].weights_
    assert len(weights) == 8
    for name, value in net.module_.named_parameters():
        mean = torch.stack([each[name] for each in weights[-n_averaged:]]).mean(0)
        assert torch.allclose(value, mean, atol=1e-6)


def test_fractions_are_rounded_to_whole_epochs():
    swa = StochasticWeightAveraging(0.29)
    fit(classifier(swa, max_epochs=100, batch_size=150))
    assert swa.n_averaged_ == 71


def test_training_is_not_changed():
    plain, averaged = Keeper(), Keeper()
    fit(classifier(plain))
    fit(classifier(averaged, StochasticWeightAveraging()))
    assert plain.rates_ == averaged.rates_
    for one, other in zip(plain.weights_, averaged.weights_, strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_batch_norm_statistics_are_those_of_the_training_data():
    net = fit(classifier(StochasticWeightAveraging(), batch_size=75))
    halves = torch.as_tensor(X).reshape(2, 75, 4)
    norm = net.module_.norm
    assert torch.allclose(norm.running_mean, halves.mean(1).mean(0))
    assert torch.allclose(norm.running_var, halves.var(1).mean(0))
    assert norm.momentum == nn.BatchNorm1d(4).momentum


def test_validation_rows_do_not_affect_the_statistics():
    net = classifier(StochasticWeightAveraging(), batch_size=500)
    net.set_params(train_split=skorch.helper.predefined_split(skorch.dataset.Dataset(X + 100, y)))
    norm = fit(net).module_.norm
    assert torch.allclose(norm.running_mean, torch.as_tensor(X).mean(0))


def test_inputs_in_dicts():
    dicts = {"length": X[:, [0, 2]], "width": X[:, [1, 3]]}
    net = fit(
        classifier(StochasticWeightAveraging(), module=TwoInputs, batch_size=150),
        SliceDict(**dicts),
    )
    expected = torch.as_tensor(X[:, [0, 2, 1, 3]]).mean(0)
    assert torch.allclose(net.module_.norm.running_mean, expected)


def test_without_batch_norm_no_data_are_loaded():
    net = fit(classifier(module=Normed, max_epochs=1))
    net.module_.norm = nn.Identity()
    update_batch_norm(net, None)  # None has no batches


def test_the_learning_rate_of_the_averaged_epochs():
    keeper = Keeper()
    net = fit(classifier(keeper, StochasticWeightAveraging(0.5, lr=0.025)))
    assert keeper.rates_ == [0.1] * 4 + [0.025] * 4
    assert net.optimizer_.param_groups[0]["lr"] == 0.1


def test_a_schedule_runs_before_averaging_begins():
    keeper = Keeper()
    halving = LRScheduler(torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.5)
    fit(classifier(keeper, halving, StochasticWeightAveraging(6, lr=0.03)))
    expected = [0.1 / 2**epoch for epoch in range(6)] + [0.03] * 2
    assert keeper.rates_ == pytest.approx(expected)


def test_training_may_continue():
    swa = StochasticWeightAveraging(0.5, lr=0.01)
    net = fit(classifier(swa, max_epochs=4))
    net.partial_fit(X, y)
    assert swa.n_averaged_ == 2
    assert len(net.history) == 8


def test_clones_and_pickles():
    swa = StochasticWeightAveraging(start=3, lr=0.2)
    assert swa.get_params() == {"start": 3, "lr": 0.2}
    again = clone(clone(classifier(swa))).callbacks[0]
    assert again is not swa
    assert again.get_params() == swa.get_params()
    net = fit(classifier(("swa", StochasticWeightAveraging())))
    twin = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(twin.predict_proba(X), net.predict_proba(X))
    assert dict(twin.callbacks_)["swa"].n_averaged_ == 2
    assert net.set_params(callbacks__swa__start=2).get_params()["callbacks__swa__start"] == 2


def test_a_net_saved_between_epochs_contains_no_data(tmp_path):
    file = tmp_path / "net.pkl"
    saver = Checkpoint(f_pickle=str(file), f_params=None, f_optimizer=None, f_criterion=None,
                       f_history=None, monitor=None)  # fmt: skip
    net = fit(classifier(("swa", StochasticWeightAveraging()), saver))
    saved = dict(pickle.loads(file.read_bytes()).callbacks_)["swa"]
    assert saved.dataset_ is None
    assert saved.n_averaged_ == dict(net.callbacks_)["swa"].n_averaged_ == 2


def test_in_slr():
    net = classifier(StochasticWeightAveraging(), max_epochs=10, iterator_train__shuffle=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    slr = SLRClassifier(net, n_rounds=2, cv=3, random_state=0, refinement="average")
    one, other = (clone(slr).fit(X, names) for _ in range(2))
    np.testing.assert_array_equal(one.refined_labels_, other.refined_labels_)
    assert one.score(X, names) > 0.8
    fitted = one.estimator_
    assert [c.n_averaged_ for _, c in fitted.callbacks_ if hasattr(c, "n_averaged_")] == [3]
    assert len(pickle.dumps(fitted)) < 100_000


def test_statistics_of_soft_training_are_those_of_its_rows():
    rows = 0.7 * np.eye(3)[y] + 0.1
    net = classifier(StochasticWeightAveraging(), batch_size=150)
    slr = SLRClassifier(net, n_rounds=0, refinement="average").fit(X, rows)
    assert torch.allclose(slr.estimator_.module_.norm.running_mean, torch.as_tensor(X).mean(0))


def averaged_with_schedule(step_every="epoch"):
    rate = ("rate", one_cycle(step_every=step_every))
    swa = ("swa", StochasticWeightAveraging(start=0.5, lr=0.03))
    return classifier(rate, swa, lr=0.1, max_epochs=4, warm_start=True)


def test_the_original_rate_is_restored_after_each_cycle():
    net = averaged_with_schedule()
    for _ in range(3):
        net.partial_fit(X, y)
        assert net.optimizer_.param_groups[0]["lr"] == 0.1
    rates = net.history[:, "event_lr"]
    assert rates[:4] == rates[4:8] == rates[8:]
    # The history has the rates of the averaged epochs, not those of the schedule.
    assert rates[2:4] == [0.03, 0.03]


def test_a_schedule_that_changes_the_averaged_epochs_warns_once():
    with pytest.warns(UserWarning, match="another callback has set .* step_every='epoch'") as got:
        averaged_with_schedule("batch").set_params(batch_size=50).fit(X, y)
    assert len(got) == 1


def test_errors():
    for start in (1.0, -0.1, -1, "late", None):
        with pytest.raises(ValueError, match="Got start="):
            classifier(StochasticWeightAveraging(start)).initialize()
    with pytest.raises(ValueError, match="start=8 epochs, but the net trains for max_epochs=8"):
        fit(classifier(StochasticWeightAveraging(8)))


def test_a_run_that_ends_early_warns():
    class Stop(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise KeyboardInterrupt

    keeper = Keeper()
    net = classifier(keeper, Stop(), StochasticWeightAveraging())
    with pytest.warns(UserWarning, match="ended after 0 epochs, before weight averaging"):
        fit(net)
    assert torch.equal(net.module_.linear.weight, keeper.weights_[0]["linear.weight"])
