import itertools
import pickle
import random
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("skorch")

from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from skorch import NeuralNetClassifier, NeuralNetRegressor  # noqa: E402
from skorch.callbacks import (  # noqa: E402
    Callback,
    EarlyStopping,
    EpochScoring,
    GradientNormClipping,
    LRScheduler,
)
from skorch.dataset import Dataset, ValidSplit  # noqa: E402
from skorch.helper import predefined_split  # noqa: E402
from torch import nn  # noqa: E402

from sklearn_slr._nets.stacked import _training  # noqa: E402
from sklearn_slr._nets.stacked._fit import fit_stacked  # noqa: E402
from sklearn_slr.soft_targets._fit import fit_targets  # noqa: E402

N, D, C = 90, 4, 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, D)).astype(np.float32)
T = RNG.dirichlet(np.ones(C), size=N)
SEEDS = [3, 1, 4]
FOLDS = np.array_split(RNG.permutation(N), 3)


class Net(nn.Module):
    # Smooth: at the kink of a ReLU, rounding may change a gradient to 0.
    def __init__(self, n_outputs=C, norm=None, dropout=0.0, last=None, width=8):
        super().__init__()
        layers = [nn.Linear(D, width), nn.Tanh(), nn.Dropout(dropout), nn.Linear(width, n_outputs)]
        layers[1:1] = [] if norm is None else [norm(width)]
        self.layers = nn.Sequential(*layers, *([] if last is None else [last]))

    def forward(self, X):
        return self.layers(X)


def make(kind=NeuralNetClassifier, module=Net, **params):
    if kind is NeuralNetClassifier:
        params = {"criterion": nn.CrossEntropyLoss, **params}
    defaults = {"batch_size": 8, "max_epochs": 4, "lr": 0.1, "verbose": 0}
    return kind(module, **{**defaults, "iterator_train__shuffle": True, **params})


def fits(net, folds=FOLDS, targets=T, weight=None):
    """Return the fits of one pass over all folds, and the single fits."""
    together = fit_stacked(
        net,
        [X[rows] for rows in folds],
        [targets[rows] for rows in folds],
        SEEDS[: len(folds)],
        sample_weights=None if weight is None else [weight[rows] for rows in folds],
    )
    alone = [
        fit_targets(
            net,
            X[rows],
            targets[rows],
            seed=seed,
            sample_weight=None if weight is None else weight[rows],
        )
        for rows, seed in zip(folds, SEEDS, strict=False)
    ]
    return together, alone


def assert_alike(together, alone):
    assert None not in together
    for got, expected in zip(together, alone, strict=True):
        assert (got.route, got.n_classes, got.rows) == (
            expected.route,
            expected.n_classes,
            expected.rows,
        )
        assert type(got.model) is type(expected.model)
        pairs = zip(
            got.model.module_.state_dict().values(),
            expected.model.module_.state_dict().values(),
            strict=True,
        )
        for pair in pairs:
            torch.testing.assert_close(*pair, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(got.predict(X), expected.predict(X), rtol=0, atol=1e-5)
        assert_same_history(got.model.history, expected.model.history)


def assert_same_history(got, expected):
    assert len(got) == len(expected)
    for mine, theirs in zip(got, expected, strict=True):
        assert set(mine) == set(theirs)
        assert len(mine["batches"]) == len(theirs["batches"])
        for a, b in zip([mine, *mine["batches"]], [theirs, *theirs["batches"]], strict=True):
            assert set(a) == set(b)
            for name in set(a) - {"batches", "dur"}:
                assert type(a[name]) is type(b[name])
                assert a[name] == pytest.approx(b[name], abs=1e-5)


NORM = {"module__norm": nn.BatchNorm1d, "iterator_train__drop_last": True}
ADAM = {"optimizer": torch.optim.Adam, "lr": 0.01}
NETS = {
    "plain": {},
    "no_validation": {"train_split": None},
    "other_split": {"train_split": ValidSplit(0.3)},
    "in_order": {"iterator_train__shuffle": False},
    "last_batch_dropped": {"iterator_train__drop_last": True},
    "all_in_one_batch": {"batch_size": -1},
    "nll": {"criterion": nn.NLLLoss, "module__last": nn.Softmax(dim=1)},
    "smoothing": {"criterion__label_smoothing": 0.2},
    "batch_norm": {"module__norm": nn.BatchNorm1d},
    "layer_norm": {"module__norm": nn.LayerNorm},
    "momentum": {"optimizer__momentum": 0.9, "optimizer__nesterov": True},
    "adam": ADAM,
    "adam_not_fused": {**ADAM, "optimizer__fused": False, "optimizer__betas": (0.8, 0.9)},
    "adamw": {**ADAM, "optimizer": torch.optim.AdamW, "optimizer__weight_decay": 0.1},
    "schedule": {"callbacks": [LRScheduler("StepLR", step_size=1, gamma=0.3)]},
    "clipping": {"callbacks": [GradientNormClipping(0.05)]},
    "accuracy": {"callbacks": [EpochScoring("accuracy", name="own", lower_is_better=False)]},
}


@pytest.mark.parametrize("name", NETS)
def test_one_pass_equals_single_fits(name):
    assert_alike(*fits(make(**NETS[name])))


ODD = {
    "dropout": {"module__dropout": 0.4},
    "odd batches": {"batch_size": 13, "module__width": 7},
    "one odd batch": {"batch_size": 71, "module__width": 10},
    "half pairs of vectors": {"batch_size": 16, "module__width": 33},
    "odd norms": {**NORM, "batch_size": 11, "module__width": 7, "train_split": None},
}


@pytest.mark.parametrize("name", [*NETS, *ODD])
def test_a_net_is_equal_to_the_bit_with_any_other_nets(name):
    net = make(**{**NETS, **ODD}[name], max_epochs=3)
    folds = [np.arange(30), np.arange(30, 59), np.arange(59, 90)]

    def weights(chosen):
        arguments = [[X[folds[k]] for k in chosen], [T[folds[k]] for k in chosen]]
        fitted = fit_stacked(net, *arguments, [SEEDS[k] for k in chosen])
        return [torch.cat([w.flatten() for w in f.model.module_.parameters()]) for f in fitted]

    together = weights([0, 1, 2])
    alone = weights([0]) + weights([1, 2])
    for a, b in zip(together, alone, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("weighted", [False, True])
def test_folds_of_different_sizes_and_weights(weighted):
    weight = RNG.uniform(0.5, 2, size=N) if weighted else None
    for sizes in ([0, 30, 61, 90], [0, 32, 65, 90], [0, 24, 52, 90]):
        folds = [np.arange(a, b) for a, b in itertools.pairwise(sizes)]
        for params in ({"train_split": None}, ADAM, NORM):
            assert_alike(*fits(make(**params), folds, weight=weight))


@pytest.mark.parametrize("weighted", [False, True])
def test_pipelines_fit_their_first_steps_on_each_fold(weighted):
    weight = RNG.uniform(0.5, 2, size=N) if weighted else None
    pipeline = make_pipeline(StandardScaler(), make_pipeline("passthrough", make(**ADAM)))
    together, alone = fits(pipeline, weight=weight)
    for got, expected in zip(together, alone, strict=True):
        np.testing.assert_array_equal(got.model[0].mean_, expected.model[0].mean_)
        np.testing.assert_allclose(got.predict(X), expected.predict(X), rtol=0, atol=1e-5)
        assert got.route == expected.route == "net"
    assert not hasattr(pipeline[0], "mean_")


@pytest.mark.parametrize("criterion", [nn.MSELoss, nn.SmoothL1Loss])
def test_regressors(criterion):
    net = make(NeuralNetRegressor, module__n_outputs=1, criterion=criterion)
    assert_alike(*fits(net, targets=X[:, 0] - X[:, 1] ** 2))


def test_one_hot_targets_are_hard_labels():
    assert_alike(*fits(make(), targets=np.eye(C)[T.argmax(axis=1)]))


def test_optimizers_keep_their_state():
    together, alone = fits(make(**ADAM, train_split=None))
    for got, expected in zip(together, alone, strict=True):
        got, expected = (each.model.optimizer_.state_dict() for each in (got, expected))
        assert got["param_groups"] == expected["param_groups"]
        torch.testing.assert_close(got["state"], expected["state"], rtol=1e-4, atol=1e-6)
        assert got["state"][0]["exp_avg"]._base is None


def test_dropout_depends_on_the_seed_only_and_learns_equally_well():
    net = make(module__dropout=0.5, max_epochs=30)
    first, alone = fits(net)
    again, _ = fits(net)
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a.predict(X), b.predict(X))
    losses = [[each.model.history[-1, "train_loss"] for each in fit] for fit in (first, alone)]
    assert np.mean(losses[0]) == pytest.approx(np.mean(losses[1]), abs=0.05)


class UsesItsRate(Net):
    def forward(self, X):
        first, bend, drop, last = self.layers
        hidden = bend(first(X))
        return last(drop(hidden) if drop.p else hidden)


def test_a_forward_may_use_its_dropout_rate():
    plain, asking = (
        fits(make(module=module, module__dropout=0.5))[0] for module in (Net, UsesItsRate)
    )
    for a, b in zip(plain, asking, strict=True):
        np.testing.assert_array_equal(a.predict(X), b.predict(X))


class DrawsItsSlope(Net):
    """Differs between folds in more than its weights."""

    def __init__(self):
        super().__init__()
        self.bend, self.shift = nn.LeakyReLU(float(torch.rand(()))), float(torch.rand(()))

    def forward(self, X):
        return self.bend(super().forward(X)) + self.shift


def test_modules_that_draw_their_settings_keep_their_own():
    together, alone = fits(make(module=DrawsItsSlope))
    assert None not in together
    assert len({each.model.module_.shift for each in together}) == len(FOLDS)
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_allclose(a.predict(X), b.predict(X), rtol=1e-4, atol=1e-6)


def test_each_batch_loss_is_recorded_for_any_number_of_pending_batches(monkeypatch):
    together, alone = fits(make())
    monkeypatch.setattr(_training, "_MAX_OUTPUTS", 3 * 32 * C + 1)
    in_pieces, _ = fits(make())
    for a, b, c in zip(together, alone, in_pieces, strict=True):
        losses = [
            [next(iter(b.values())) for row in each.model.history for b in row["batches"]]
            for each in (a, b, c)
        ]
        assert losses[0] == losses[2]
        np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)


def test_global_generators_are_not_changed():
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    expected = torch.rand(1), np.random.rand()  # noqa: NPY002
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    assert None not in fits(make(module__dropout=0.1))[0]
    assert (torch.rand(1), np.random.rand()) == expected  # noqa: NPY002


def test_fitted_nets_pickle_and_contain_only_their_own_weights():
    together, _ = fits(make())
    model = together[0].model
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert all(weight._base is None for weight in model.module_.parameters())
    assert b"sklearn_slr.soft" not in pickle.dumps(model)
    np.testing.assert_array_equal(model.classes_, np.arange(C))


class Watches(Callback):
    pass


class OwnNet(NeuralNetClassifier):
    pass


class Doubles(Net):
    def forward(self, X):
        return super().forward(X).mul(torch.ones(len(X), 1))


class Functional(Net):
    def forward(self, X):
        return nn.functional.dropout(super().forward(X), 0.3, self.training)


class Hooked(Net):
    def __init__(self, **options):
        super().__init__(**options)
        self.layers[0].weight.register_hook(lambda gradient: gradient * 0)


class SkipsAtRandom(Net):
    def forward(self, X):
        return super().forward(X if self.training and random.random() < 0.1 else X + 1)


class Counts(Net):
    n_calls = 0

    def forward(self, X):
        self.n_calls += 1
        return super().forward(X if self.n_calls > 10 else X + 1)


class WritesOver(Net):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.9, inplace=True)

    def forward(self, X):
        hidden = self.layers(X)
        return self.drop(hidden) + hidden


class NeverDrops(Net):
    def train(self, mode=True):
        super().train(mode)
        self.layers[2].eval()
        return self


class NoGradient(Net):
    """A branch without gradient, before weights that are zero at first."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(C, C)
        nn.init.zeros_(self.head.weight)

    def forward(self, X):
        with torch.no_grad():
            first = self.layers(X)
        return self.head(torch.tanh(self.layers(X)) + first)


class OwnOrder(torch.utils.data.Sampler):
    def __iter__(self):
        return iter(np.random.permutation(20).tolist())  # noqa: NPY002

    def __len__(self):
        return 20


@pytest.mark.parametrize(
    "net",
    [
        make(module=Hooked),
        make(module=SkipsAtRandom),
        make(module=Counts),
        make(module=WritesOver),
        make(module=NeverDrops, module__dropout=0.5),
        make(module=NoGradient),
        make(criterion__ignore_index=1),
        make(iterator_train__sampler=OwnOrder(), iterator_train__shuffle=False, train_split=None),
        LogisticRegression(),
        make(OwnNet, criterion=nn.CrossEntropyLoss),
        make(module=Doubles),
        make(module=Functional),
        make(callbacks=[Watches()]),
        make(callbacks=[EarlyStopping(sink=lambda *_: None)]),
        make(callbacks=[LRScheduler("ReduceLROnPlateau")]),
        make(callbacks=[EpochScoring("f1_macro")]),
        make(optimizer=torch.optim.RMSprop),
        make(optimizer__param_groups=[("layers.0*", {"lr": 0.1})]),
        make(criterion__weight=torch.ones(C)),
        make(criterion__reduction="sum"),
        make(train_split=predefined_split(Dataset(X, T.argmax(axis=1)))),
        make(verbose=1),
        make(warm_start=True),
        make(module__n_outputs=5),
        make(batch_size=50, iterator_train__drop_last=True),
        make(batch_size=23, module__norm=nn.BatchNorm1d),  # a last batch of one
    ],
)
def test_other_nets_need_single_fits(net):
    rows = [X[rows] for rows in FOLDS]
    assert fit_stacked(net, rows, [T[rows] for rows in FOLDS], SEEDS) == [None] * 3


def test_other_inputs_need_single_fits():
    targets = [T[rows] for rows in FOLDS]
    inputs = [X[rows] for rows in FOLDS]
    for other in (
        [x.astype(np.float64) for x in inputs],
        [{"X": x} for x in inputs],
        [Dataset(x) for x in inputs],
    ):
        assert fit_stacked(make(), other, targets, SEEDS) == [None] * 3
    weights = [np.zeros(len(rows)) for rows in FOLDS]
    assert fit_stacked(make(), inputs, targets, SEEDS, sample_weights=weights) == [None] * 3


def test_stacks_with_other_results_are_not_used(monkeypatch):
    class Wrong(_training.StackedModules):
        def backward(self, delta):
            super().backward(1.01 * delta)

    monkeypatch.setattr(_training, "StackedModules", Wrong)
    inputs, targets = [X[rows] for rows in FOLDS], [T[rows] for rows in FOLDS]
    assert fit_stacked(make(), inputs, targets, SEEDS) == [None] * 3


def test_warning_filters_are_not_changed():
    before = list(warnings.filters)
    scheduler = LRScheduler("StepLR", step_size=1)
    assert None not in fit_stacked(make(callbacks=[scheduler]), [X, X], [T, T], [0, 1])
    assert warnings.filters == before
