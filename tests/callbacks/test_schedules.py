import math
import pickle

import numpy as np
import pytest
from sklearn.base import clone

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from skorch.callbacks import Callback, LRScheduler  # noqa: E402
from torch import nn  # noqa: E402
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR  # noqa: E402

from sklearn_slr import SLRRegressor  # noqa: E402
from sklearn_slr.callbacks import (  # noqa: E402
    StochasticWeightAveraging,
    cosine_with_warmup,
    one_cycle,
)
from sklearn_slr.callbacks._schedules import cosine_factor  # noqa: E402

X = np.linspace(-1, 1, 60, dtype=np.float32).reshape(-1, 1)


class Spy(Callback):
    """Keeps the momentum of every batch."""

    def initialize(self):
        self.momenta_ = []
        return self

    def on_batch_begin(self, net, **kwargs):
        group = net.optimizer_.param_groups[0]
        self.momenta_.append(group["betas"][0] if "betas" in group else group["momentum"])


def regressor(*callbacks, **parameters):
    defaults = {"lr": 0.2, "max_epochs": 4, "batch_size": 20, "verbose": 0, "train_split": None}
    return skorch.NeuralNetRegressor(
        nn.Linear,
        module__in_features=1,
        module__out_features=1,
        callbacks=list(callbacks),
        **{**defaults, **parameters},
    )


def fit(net, n_rows=60):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return net.fit(X[:n_rows], 2 * X[:n_rows])


def rates(net):
    return np.ravel(net.history[:, "batches", :, "event_lr"])


def expect(kind, n_steps, **parameters):
    optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.2)
    schedule, found = kind(optimizer, **parameters), []
    for _ in range(n_steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def test_the_cosine_by_hand():
    factors = [cosine_factor(step, n_steps=10, warmup=0.2, floor=0.1) for step in range(12)]
    assert factors[:3] == [0.5, 1.0, 1.0]
    expected = [0.1 + 0.9 * (1 + math.cos(math.pi * t / 8)) / 2 for t in range(8)]
    assert factors[2:10] == pytest.approx(expected)
    assert factors[10:] == pytest.approx([0.1, 0.1])


def test_without_warmup_the_cosine_equals_that_of_torch():
    net = fit(regressor(cosine_with_warmup(warmup=0)))
    np.testing.assert_allclose(rates(net), expect(CosineAnnealingLR, 12, T_max=12))
    net = fit(regressor(cosine_with_warmup(warmup=0, floor=0.5)))
    np.testing.assert_allclose(rates(net), expect(CosineAnnealingLR, 12, T_max=12, eta_min=0.1))


def test_one_cycle_equals_that_of_torch():
    cycle = {"max_lr": 0.2, "total_steps": 12, "cycle_momentum": False}
    net = fit(regressor(one_cycle()))
    np.testing.assert_allclose(rates(net), expect(OneCycleLR, 12, **cycle))


@pytest.mark.parametrize("schedule", [cosine_with_warmup, one_cycle])
def test_one_step_per_epoch(schedule):
    net = fit(regressor(schedule(step_every="epoch", warmup=0.5), max_epochs=6))
    found = net.history[:, "event_lr"]
    np.testing.assert_allclose(found, schedule(warmup=0.5).simulate(6, 0.2))
    assert max(found) == pytest.approx(0.2)


@pytest.mark.parametrize("schedule", [cosine_with_warmup, one_cycle])
@pytest.mark.parametrize("n_rows", [60, 41, 20])
def test_any_number_of_rows_runs_through_the_whole_schedule(schedule, n_rows):
    net = fit(regressor(schedule()), n_rows)
    n_steps = 4 * math.ceil(n_rows / 20)
    np.testing.assert_allclose(rates(net), schedule().simulate(n_steps, 0.2))


def test_the_number_of_epochs_may_differ_from_the_net():
    net = fit(regressor(cosine_with_warmup(2, warmup=0)))
    np.testing.assert_allclose(rates(net)[6:], 0, atol=1e-12)


def test_momentum_cycles_if_the_optimizer_has_one():
    def momenta(**parameters):
        spy = Spy()
        fit(regressor(("spy", spy), one_cycle(), **parameters))
        return spy.momenta_

    assert set(momenta()) == {0}
    for parameters in ({"optimizer__momentum": 0.9}, {"optimizer": torch.optim.Adam}):
        seen = momenta(**parameters)
        assert seen[0] == pytest.approx(0.95)
        assert min(seen) == pytest.approx(0.85, abs=0.01)
        assert seen[-1] == pytest.approx(0.95)


@pytest.mark.parametrize("n_steps", range(1, 12))
@pytest.mark.parametrize("warmup", [0, 0.1, 0.3, 0.5, 0.99])
@pytest.mark.parametrize("schedule", [cosine_with_warmup, one_cycle])
def test_runs_of_any_length(schedule, warmup, n_steps):
    found = schedule(warmup=warmup).simulate(n_steps, 1.0)
    assert np.all(np.isfinite(found))
    assert np.all((found >= 0) & (found <= 1 + 1e-9))


@pytest.mark.parametrize("schedule", [cosine_with_warmup, one_cycle])
def test_continued_training_begins_a_new_cycle(schedule):
    net = fit(regressor(schedule()))
    assert net.optimizer_.param_groups[0]["lr"] == 0.2
    net.partial_fit(X, 2 * X)
    assert len(net.history) == 8
    np.testing.assert_allclose(rates(net)[12:], rates(net)[:12])


@pytest.mark.parametrize("schedule", [cosine_with_warmup, one_cycle])
def test_clones_and_pickles(schedule):
    callback = schedule(3, warmup=0.2)
    assert isinstance(callback, LRScheduler)
    assert clone(callback).get_params() == callback.get_params()
    net = fit(regressor(("rate", schedule())))
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again.predict(X), net.predict(X))
    assert clone(net).set_params(callbacks__rate__warmup=0.5).get_params()[
        "callbacks__rate__warmup"
    ] == 0.5  # fmt: skip


@pytest.mark.parametrize("schedule", [cosine_with_warmup, one_cycle])
def test_in_slr_with_weight_averaging(schedule):
    net = regressor(schedule(), StochasticWeightAveraging(), max_epochs=20)
    slr = SLRRegressor(net, n_rounds=1, cv=3, random_state=0).fit(X, X[:, 0])
    assert slr.score(X, X[:, 0]) > 0.8
    n_steps = 20 * 3
    np.testing.assert_allclose(rates(slr.estimator_), schedule().simulate(n_steps, 0.2))


def test_errors():
    with pytest.raises(ValueError, match="warmup=1"):
        cosine_with_warmup(warmup=1)
    with pytest.raises(ValueError, match="floor=2"):
        cosine_with_warmup(floor=2)
    with pytest.raises(ValueError, match="warmup=-1"):
        one_cycle(warmup=-1)
    with pytest.raises(ValueError, match="'batch' or 'epoch'"):
        one_cycle(step_every="step")
    net = regressor(("rate", cosine_with_warmup())).set_params(callbacks__rate__warmup=5.0)
    with pytest.raises(ValueError, match=r"warmup=5\.0"):
        fit(net)


def test_data_without_a_length_need_steps_per_epoch():
    class Rows(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter([(x, 2 * x) for x in X])

    def run(step_every):
        net = regressor(("rate", one_cycle(step_every=step_every)))
        return net.set_params(iterator_train__shuffle=False).fit(Rows(), None)

    with pytest.raises(TypeError, match=r"have no length .* step_every='epoch'"):
        run("batch")
    assert len(run("epoch").history) == 4
