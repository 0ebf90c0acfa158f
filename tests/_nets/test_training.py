import copy
import functools
import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("skorch")

from sklearn import config_context  # noqa: E402
from sklearn.base import clone  # noqa: E402
from skorch import (  # noqa: E402
    NeuralNet,
    NeuralNetBinaryClassifier,
    NeuralNetClassifier,
    NeuralNetRegressor,
)
from skorch.callbacks import (  # noqa: E402
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    Freezer,
    GradientNormClipping,
    LRScheduler,
)
from skorch.dataset import Dataset, ValidSplit  # noqa: E402
from skorch.helper import SliceDataset, SliceDict, predefined_split  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812

from sklearn_slr import SLRClassifier  # noqa: E402
from sklearn_slr._nets._training import _fit_soft_targets, split_targets, train  # noqa: E402

N, D, C = 60, 4, 3


class Net(nn.Module):
    def __init__(self, n_outputs=C, nonlinearity=None, n_inputs=D):
        super().__init__()
        self.linear = nn.Linear(n_inputs, n_outputs)
        self.nonlinearity = nonlinearity

    def forward(self, X):
        out = self.linear(X)
        return out if self.nonlinearity is None else self.nonlinearity(out)


class TwoInputs(Net):
    def forward(self, a, b):
        return super().forward(torch.cat([a, b], dim=1))


class Focal(nn.CrossEntropyLoss):
    def forward(self, input, target):
        losses = F.cross_entropy(input, target, weight=self.weight, reduction="none")
        losses = (1 - torch.exp(-losses)) ** 2 * losses
        return losses.mean() if self.reduction == "mean" else losses


class BinaryFocal(nn.BCEWithLogitsLoss):
    def forward(self, input, target):
        losses = F.binary_cross_entropy_with_logits(input, target, reduction="none")
        losses = (1 - torch.exp(-losses)) * losses
        return losses.mean() if self.reduction == "mean" else losses


class SoftCrossEntropy(nn.CrossEntropyLoss):
    accepts_soft_targets = True

    def forward(self, input, target):
        losses = -(target * F.log_softmax(input, dim=1)).sum(1)
        return losses.mean() if self.reduction == "mean" else losses


class IgnoresReduction(nn.CrossEntropyLoss):
    def forward(self, input, target):
        return F.cross_entropy(input, target)


class InnerCrossEntropy(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.CrossEntropyLoss()

    def forward(self, input, target):
        return self.inner(input, target)


class PositionDataset(torch.utils.data.Dataset):
    """A dataset with useless labels."""

    def __init__(self, X, label="none"):
        self.X, self.label = X, label

    def __len__(self):
        return len(self.X)

    def __getitem__(self, i):
        return self.X[i], self.label


class Recorder(Callback):
    """Keeps the labels that callbacks are shown."""

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.labels = {True: [], False: []}
        self.kinds = set()

    def on_batch_end(self, net, batch=None, training=False, **kwargs):
        self.labels[training].append(batch[1])

    def on_grad_computed(self, net, named_parameters, batch=None, **kwargs):
        self.kinds.add(type(batch[1]))


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, D)).astype(np.float32)
    return X, rng.dirichlet(np.ones(C), size=N)


def one_hot(y, n_classes=C):
    return np.eye(n_classes)[y]


def make(cls=NeuralNetClassifier, module=Net, **params):
    defaults = {
        "max_epochs": 3,
        "lr": 0.3,
        "batch_size": 16,
        "iterator_train__shuffle": True,
        "verbose": 0,
    }
    if issubclass(cls, NeuralNetClassifier):
        defaults["criterion"] = nn.CrossEntropyLoss
    return cls(module, **{**defaults, **params})


def seeded(fit, *args):
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    return fit(*args)


def train_softly(net, X, targets, weight=None):
    """Train as for soft targets, even if the targets are hard."""
    labels, soft_targets = split_targets(net, targets)
    weight = None if weight is None else torch.as_tensor(weight)
    _fit_soft_targets(net, X, (labels, soft_targets, weight), {})
    return net


def weights_of(net):
    return torch.cat([w.detach().cpu().flatten() for w in net.module_.state_dict().values()])


def assert_same_weights(a, b, atol=1e-5):
    torch.testing.assert_close(weights_of(a), weights_of(b), rtol=0, atol=atol)


def assert_same_history(a, b, *names):
    for name in names:
        np.testing.assert_allclose(a.history[:, name], b.history[:, name], rtol=0, atol=1e-5)


CRITERIA = {
    "cross_entropy": {},
    "class_weight": {"criterion__weight": torch.tensor([1.0, 5.0, 0.3])},
    "smoothing": {"criterion__label_smoothing": 0.2},
    "smoothing_and_class_weight": {
        "criterion__label_smoothing": 0.2,
        "criterion__weight": torch.tensor([1.0, 5.0, 0.3]),
    },
    "sum": {"criterion__reduction": "sum", "lr": 0.01},
    "nll": {"criterion": nn.NLLLoss, "module__nonlinearity": nn.Softmax(dim=1)},
    "nll_class_weight": {
        "criterion": nn.NLLLoss(weight=torch.tensor([1.0, 5.0, 0.3])),
        "module__nonlinearity": nn.Softmax(dim=1),
    },
    "focal": {"criterion": Focal},
    "focal_class_weight": {"criterion": Focal(weight=torch.tensor([1.0, 5.0, 0.3]))},
    "inherited_forward": {"criterion": type("Renamed", (nn.CrossEntropyLoss,), {})},
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CRITERIA)
def test_one_hot_rows_and_unit_weights_equal_hard_training(data, name, weighted):
    X, T = data
    y, net = T.argmax(axis=1), make(**CRITERIA[name])
    weight = np.ones(N) if weighted else None
    hard = seeded(clone(net).fit, X, y)
    soft = seeded(train_softly, clone(net), X, one_hot(y), weight)
    assert_same_weights(hard, soft)
    assert_same_history(hard, soft, "train_loss", "valid_loss", "valid_acc")
    np.testing.assert_allclose(hard.predict_proba(X), soft.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("criterion", [nn.BCEWithLogitsLoss, nn.BCELoss, BinaryFocal])
def test_binary_one_hot_rows_equal_hard_training(data, criterion, weighted):
    X, T = data
    y = (T[:, 0] > 0.4).astype(np.int64)
    nonlinearity = nn.Sigmoid() if criterion is nn.BCELoss else None
    net = make(
        NeuralNetBinaryClassifier,
        module__n_outputs=1,
        module__nonlinearity=nonlinearity,
        criterion=criterion,
    )
    weight = np.ones(N) if weighted else None
    hard = seeded(clone(net).fit, X, y.astype(np.float32))
    soft = seeded(train_softly, clone(net), X, one_hot(y, 2), weight)
    plain = seeded(train, clone(net), X, one_hot(y, 2), weight, {})
    assert_same_weights(hard, soft)
    assert_same_weights(hard, plain)
    assert_same_history(hard, soft, "train_loss", "valid_loss", "valid_acc")


@pytest.mark.parametrize("name", [*CRITERIA, "accepts_soft_targets", "kl"])
def test_unit_weights_equal_no_weights(data, name):
    X, T = data
    more = {
        "accepts_soft_targets": {"criterion": SoftCrossEntropy},
        "kl": {
            "criterion": nn.KLDivLoss,
            "criterion__reduction": "batchmean",
            "module__nonlinearity": nn.LogSoftmax(dim=1),
        },
    }
    net = make(**{**CRITERIA, **more}[name])
    unweighted = seeded(train, clone(net), X, T, None, {})
    weighted = seeded(train, clone(net), X, T, np.ones(N), {})
    assert_same_weights(weighted, unweighted)
    assert_same_history(weighted, unweighted, "train_loss", "valid_loss", "valid_acc")


@pytest.mark.parametrize(
    "params",
    [
        {"criterion": SoftCrossEntropy},
        {"criterion": SoftCrossEntropy()},
        {"criterion": functools.partial(SoftCrossEntropy, reduction="mean")},
        {"criterion": nn.KLDivLoss, "criterion__reduction": "batchmean"},
        {"criterion": nn.KLDivLoss(reduction="batchmean")},
        {"criterion": nn.KLDivLoss(reduction="batchmean", log_target=True)},
    ],
)
def test_criteria_for_soft_targets_train_as_soft_cross_entropy(data, params):
    X, T = data
    one_hot_T = one_hot(T.argmax(axis=1))
    log_proba = nn.LogSoftmax(dim=1)  # which a second log-softmax leaves as it is
    plain = make(module__nonlinearity=log_proba)
    net = make(module__nonlinearity=log_proba, **params)
    # They do not take labels, so one-hot rows are passed as rows.
    for targets, weight in ((T, None), (T, np.linspace(1, 2, N)), (one_hot_T, None)):
        expected = seeded(train, clone(plain), X, targets, weight, {})
        assert_same_weights(seeded(train, clone(net), X, targets, weight, {}), expected)


def by_hand(loss_of, X, T, weight=None, lr=0.3, epochs=3, batch_size=16):
    """Train Net on batches in order, by a loss of (output, rows, weights)."""
    torch.manual_seed(1)
    module, X, T = Net(), torch.as_tensor(X), torch.as_tensor(T, dtype=torch.float32)
    weight = torch.ones(len(X)) if weight is None else torch.as_tensor(weight, dtype=torch.float32)
    optimizer = torch.optim.SGD(module.parameters(), lr=lr)
    for _ in range(epochs):
        for start in range(0, len(X), batch_size):
            batch = slice(start, start + batch_size)
            optimizer.zero_grad()
            loss_of(module(X[batch]), T[batch], weight[batch]).backward()
            optimizer.step()
    return torch.cat([w.detach().flatten() for w in module.state_dict().values()])


def soft_cross_entropy(out, T, weight):
    losses = -(T * F.log_softmax(out, dim=1)).sum(1)
    return (losses * weight).sum() / weight.sum()


def weighted_cross_entropy(out, T, weight):
    class_weight = torch.tensor([1.0, 5.0, 0.3])
    losses = -(T * class_weight * F.log_softmax(out, dim=1)).sum(1)
    return (losses * weight).sum() / (weight * (T * class_weight).sum(1)).sum()


def expected_focal(out, T, weight):
    log_proba = F.log_softmax(out, dim=1)
    losses = (T * (1 - log_proba.exp()) ** 2 * -log_proba).sum(1)
    return (losses * weight).sum() / weight.sum()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("params", "loss_of"),
    [
        ({}, soft_cross_entropy),
        (CRITERIA["class_weight"], weighted_cross_entropy),
        (CRITERIA["nll"], soft_cross_entropy),
        (CRITERIA["focal"], expected_focal),
    ],
)
def test_soft_training_equals_a_loop_written_by_hand(data, params, loss_of, weighted):
    X, T = data
    weight = np.random.default_rng(1).uniform(0.1, 3, size=N) if weighted else None
    net = make(train_split=None, iterator_train__shuffle=False, **params)
    net = seeded(train, net, X, T, weight, {})
    expected = by_hand(loss_of, X, T, weight)
    torch.testing.assert_close(weights_of(net), expected, rtol=0, atol=1e-5)


def test_soft_targets_match_their_samples_and_labels(data):
    X, T = data
    row_of = dict(zip(map(tuple, X.tolist()), T, strict=True))
    n_met = []

    class Watched(SoftCrossEntropy):
        def forward(self, input, target):
            self.last = target
            return super().forward(input, target)

    class Meets(Callback):
        def on_batch_end(self, net, batch=None, training=False, **kwargs):
            rows = net.criterion_.last
            expected = torch.as_tensor(np.array([row_of[tuple(x)] for x in batch[0].tolist()]))
            torch.testing.assert_close(rows, expected.float())
            assert batch[1].dtype == torch.int64
            assert torch.equal(batch[1], rows.argmax(1))
            n_met.append(len(rows))

    for inputs in (X, PositionDataset(X), SliceDataset(PositionDataset(X))):
        net = make(criterion=Watched, callbacks=[Meets()], iterator_train__drop_last=True)
        n_met.clear()
        train(net, inputs, T, None, {})
        assert sum(n_met) == 3 * (48 + 12)


def test_scores_and_callbacks_see_hard_labels(data):
    X, T = data
    y, recorder = T.argmax(axis=1), Recorder()
    callbacks = [
        ("recorder", recorder),
        ("cached", EpochScoring("balanced_accuracy", name="cached", lower_is_better=False)),
        (
            "again",
            EpochScoring(
                "balanced_accuracy", name="again", use_caching=False, lower_is_better=False
            ),
        ),
        ("train", EpochScoring("accuracy", name="train_acc", on_train=True, use_caching=False)),
        ("batch", BatchScoring("accuracy", name="batch_acc", lower_is_better=False)),
        ("auc", EpochScoring("roc_auc_ovr", name="auc", lower_is_better=False)),
        ("clip", GradientNormClipping(1.0)),
        ("schedule", LRScheduler("StepLR", step_size=1)),
        ("stop", EarlyStopping(monitor="valid_acc", lower_is_better=False, patience=20)),
    ]
    net = train(make(callbacks=callbacks), X, T, None, {})
    np.testing.assert_allclose(net.history[:, "cached"], net.history[:, "again"])
    np.testing.assert_allclose(net.history[:, "batch_acc"], net.history[:, "valid_acc"])
    valid = torch.cat(recorder.labels[False][:1])
    assert valid.dtype == torch.int64
    _, held_out = ValidSplit(5, stratified=True)(Dataset(X, y), y)
    np.testing.assert_array_equal(valid, y[held_out.indices])
    assert recorder.kinds == {torch.Tensor}
    assert net.history[-1, "valid_acc"] == np.mean(
        net.predict(X[held_out.indices]) == y[held_out.indices]
    )
    assert net.history[-1, "train_acc"] > 0
    assert net.history[-1, "event_lr"] < net.history[0, "event_lr"]


def test_early_stopping_stops(data):
    X, T = data
    stop = EarlyStopping(patience=2, threshold=10.0, sink=lambda *_: None)
    net = train(make(max_epochs=20, callbacks=[stop]), X, T, None, {})
    assert len(net.history) == 3


def test_checkpoints_pickle_the_original_class(data, tmp_path):
    X, T = data
    checkpoint = Checkpoint(f_pickle="net.pkl", dirname=str(tmp_path), monitor=None)
    net = train(make(callbacks=[checkpoint]), X, T, None, {})
    saved = pickle.loads((tmp_path / "net.pkl").read_bytes())
    assert type(saved) is NeuralNetClassifier
    np.testing.assert_allclose(saved.predict_proba(X), net.predict_proba(X), atol=1e-6)


def test_predefined_split_keeps_its_own_labels(data):
    X, T = data
    y = T.argmax(axis=1)
    split = predefined_split(Dataset(X[:20], y[:20]))
    for criterion in (nn.CrossEntropyLoss, SoftCrossEntropy):
        net = train(make(criterion=criterion, train_split=split), X, T, None, {})
        expected = F.cross_entropy(
            torch.as_tensor(net.forward(X[:20])), torch.as_tensor(y[:20])
        ).item()
        assert net.history[-1, "valid_loss"] == pytest.approx(expected, abs=1e-5)
        assert net.history[-1, "valid_acc"] == np.mean(net.predict(X[:20]) == y[:20])


def test_all_types_of_inputs_train_in_the_same_way(data):
    X, T = data
    expected = seeded(train, make(), X, T, None, {})
    dataset = PositionDataset(X)
    for other in (
        torch.as_tensor(X),
        dataset,
        Dataset(X, np.zeros(N, dtype=np.int64)),
        torch.utils.data.Subset(dataset, np.arange(N)),
        SliceDataset(dataset),
    ):
        assert_same_weights(seeded(train, make(), other, T, None, {}), expected)
    for both in ({"a": X[:, :2], "b": X[:, 2:]}, SliceDict(a=X[:, :2], b=X[:, 2:])):
        assert_same_weights(seeded(train, make(module=TwoInputs), both, T, None, {}), expected)


def test_labels_of_a_torch_dataset_are_ignored(data):
    X, T = data
    y = T.argmax(axis=1)
    expected = seeded(make().fit, X, y)
    got = seeded(train, make(), PositionDataset(X), one_hot(y), None, {})
    assert_same_weights(got, expected)
    assert_same_history(got, expected, "valid_acc", "valid_loss")
    target = X[:, 0]
    plain = seeded(train, make(NeuralNetRegressor, module__n_outputs=1), X, target, None, {})
    dataset = PositionDataset(X, label=np.float32(7))
    other = seeded(train, make(NeuralNetRegressor, module__n_outputs=1), dataset, target, None, {})
    assert_same_weights(plain, other)
    with pytest.raises(ValueError, match="60 samples, and 50 targets"):
        train(make(), dataset, T[:50], None, {})


def tensor_collate(items):
    X, y = zip(*items, strict=True)
    return torch.as_tensor(np.stack(X)), torch.tensor(y)


def test_collate_functions_and_workers(data):
    X, T = data
    expected = seeded(train, make(), X, T, None, {})
    for params in (
        {
            "iterator_train__collate_fn": tensor_collate,
            "iterator_valid__collate_fn": tensor_collate,
        },
        {"iterator_train__num_workers": 1},
    ):
        assert_same_weights(seeded(train, make(max_epochs=3, **params), X, T, None, {}), expected)


class Penalised(NeuralNetClassifier):
    def get_loss(self, y_pred, y_true, *args, **kwargs):
        assert y_true.dtype == torch.int64
        penalty = sum((w**2).sum() for w in self.module_.parameters())
        return super().get_loss(y_pred, y_true, *args, **kwargs) + 0.1 * penalty


class TakesTheMean(NeuralNetClassifier):
    def get_loss(self, y_pred, y_true, *args, **kwargs):
        return super().get_loss(y_pred, y_true, *args, **kwargs).mean()


class OwnLoss(NeuralNetClassifier):
    def get_loss(self, y_pred, y_true, *args, **kwargs):
        return F.cross_entropy(y_pred, y_true)


class Mixes(NeuralNetClassifier):
    def get_loss(self, y_pred, y_true, *args, **kwargs):
        return super().get_loss(y_pred, y_true.flip(0), *args, **kwargs)


class FirstOfTwo(NeuralNetClassifier):
    def get_loss(self, y_pred, y_true, *args, **kwargs):
        return super().get_loss(y_pred[0], y_true, *args, **kwargs)


class TwoOutputs(Net):
    def forward(self, X):
        out = super().forward(X)
        return out, X


def test_custom_get_loss_runs(data):
    X, T = data
    y = T.argmax(axis=1)
    hard = seeded(make(Penalised).fit, X, y)
    assert_same_weights(seeded(train_softly, make(Penalised), X, one_hot(y)), hard)
    expected = seeded(train, make(), X, T, None, {})
    mean = make(TakesTheMean, criterion__reduction="none")
    assert_same_weights(seeded(train, mean, X, T, None, {}), expected)
    two = make(FirstOfTwo, module=TwoOutputs)
    assert_same_weights(seeded(train, two, X, T, None, {}), expected)
    # For torch's own criteria, the first output is the prediction, as in predict.
    assert_same_weights(seeded(train, make(module=TwoOutputs), X, T, None, {}), expected)
    weight = np.linspace(0.5, 2, N)
    weighted = make(train_split=None, batch_size=-1)
    mean = make(TakesTheMean, criterion__reduction="none", train_split=None, batch_size=-1)
    expected = seeded(train, weighted, X, T, weight, {})
    assert_same_weights(seeded(train, mean, X, T, weight, {}), expected)


class Shuffles(NeuralNetClassifier):
    def get_split_datasets(self, X, y=None, **fit_params):
        return super().get_split_datasets(X, y[::-1].copy(), **fit_params)


@pytest.mark.parametrize(
    ("net", "match"),
    [
        (make(OwnLoss), r"OwnLoss.get_loss did not call self.criterion_"),
        (make(Mixes), r"Mixes.get_loss calls self.criterion_ on other labels"),
        (make(Shuffles), r"Shuffles changes y"),
        (make(criterion=IgnoresReduction), r"IgnoresReduction reduces with reduction='none'"),
        (make(criterion=InnerCrossEntropy), r"InnerCrossEntropy has no attribute reduction"),
        (make(criterion=lambda: F.cross_entropy), r"expected an nn.Module"),
    ],
)
def test_unsupported_nets_raise_and_stay_unchanged(data, net, match):
    X, T = data
    net, kind = clone(net), type(net)
    with pytest.raises(TypeError, match=match):
        train(net, X, T, None, {})
    assert type(net) is kind
    assert "forward" not in vars(net.criterion_)
    # Hard labels are supported.
    train(clone(net), X, one_hot(T.argmax(axis=1)), None, {})


def test_number_of_outputs_is_checked(data):
    X, T = data
    with pytest.raises(ValueError, match=r"shape \(16, 5\) for 16 samples and 3 classes"):
        train(make(module__n_outputs=5), X, T, None, {})
    binary = make(NeuralNetBinaryClassifier, module__n_outputs=1)
    for targets in (T, one_hot(T.argmax(axis=1))):
        with pytest.raises(ValueError, match=r"targets of 3 classes .* expected 2 classes: use"):
            train(clone(binary), X, targets, None, {})


@pytest.mark.parametrize("kind", ["classifier", "class_weight", "focal", "regressor", "binary"])
def test_integer_weights_equal_repeated_rows(data, kind):
    X, T = data
    counts = np.random.default_rng(2).integers(1, 4, size=N)
    full = {"batch_size": -1, "train_split": None, "max_epochs": 10}
    if kind == "regressor":
        net, targets = make(NeuralNetRegressor, module__n_outputs=1, **full), X[:, 0] * 2 - X[:, 1]
    elif kind == "binary":
        net = make(NeuralNetBinaryClassifier, module__n_outputs=1, **full)
        targets = np.column_stack([T[:, 0], 1 - T[:, 0]])
    else:
        net, targets = make(**full, **CRITERIA.get(kind, {})), T
    weighted = seeded(train, clone(net), X, targets, counts.astype(float), {})
    rows = np.repeat(np.arange(N), counts)
    repeated = seeded(train, clone(net), X[rows], targets[rows], None, {})
    assert_same_weights(weighted, repeated)


def test_regression_equals_plain_training_on_a_column(data):
    X, _ = data
    y, net = X[:, 0].astype(np.float64), make(NeuralNetRegressor, module__n_outputs=1)
    plain = seeded(clone(net).fit, X, y.astype(np.float32)[:, None])
    assert_same_weights(seeded(train, clone(net), X, y, None, {}), plain, atol=0)
    assert_same_weights(seeded(train, clone(net), X, y, np.ones(N), {}), plain)
    huber = clone(net).set_params(criterion=nn.SmoothL1Loss, criterion__reduction="sum", lr=0.01)
    plain = seeded(clone(huber).fit, X, y.astype(np.float32)[:, None])
    assert_same_weights(seeded(train, clone(huber), X, y, np.ones(N), {}), plain)


def test_plain_neural_net_learns_rows(data):
    X, T = data
    net = make(NeuralNet, criterion=nn.CrossEntropyLoss, train_split=None)
    classifier = make(train_split=None)
    expected = seeded(train, classifier, X, T, None, {})
    assert_same_weights(seeded(train, net, X, T, None, {}), expected)


def test_module_instances_get_new_weights(data):
    X, T = data
    module = nn.Sequential(nn.Linear(D, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, C))
    net = make(module=module)
    untouched = copy.deepcopy(module.state_dict())
    first = seeded(train, clone(net), X, T, None, {})
    trained = make(module=first.module_, lr=0.3)
    second = seeded(train, trained, X, T, None, {})
    assert_same_weights(first, second, atol=0)
    assert second.module_ is not first.module_
    for name, value in module.state_dict().items():
        assert torch.equal(value, untouched[name])
    torch.manual_seed(2)
    other = train(clone(net), X, T, None, {})
    assert not torch.allclose(weights_of(first), weights_of(other))


@pytest.mark.parametrize("how", ["free", "frozen by the user", "frozen by skorch"])
def test_arguments_of_the_module_keep_their_weights_as_in_plain_skorch(data, how):
    X, T = data
    body = Scaled()  # as a pre-trained body: weights that no reset gives
    with torch.no_grad():
        body.scale.mul_(3)
    body.requires_grad_(how != "frozen by the user")
    given = copy.deepcopy(body.state_dict())
    callbacks = [Freezer("body.*")] if how == "frozen by skorch" else []
    net = make(module=Pretrained, module__body=body, callbacks=callbacks, max_epochs=1, lr=1e-5)
    ours = seeded(train, clone(net), X, one_hot(T.argmax(axis=1)), None, {})
    plain = seeded(clone(net).fit, X, T.argmax(axis=1))
    assert_same_weights(ours, plain, atol=0)
    again = seeded(train, clone(net), X, one_hot(T.argmax(axis=1)), None, {})
    assert_same_weights(ours, again, atol=0)  # the first fit has not trained the user's body
    for name, value in body.state_dict().items():
        assert torch.equal(value, given[name])
    torch.testing.assert_close(ours.module_.body.scale, given["scale"], atol=1e-3, rtol=0)


class Pretrained(nn.Module):
    def __init__(self, body):
        super().__init__()
        self.body = body
        self.head = nn.Linear(C, C)

    def forward(self, X):
        return self.head(self.body(X))


class Probabilities(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(D, C)

    def forward(self, X):
        return self.layer(X).softmax(dim=-1)


@pytest.mark.parametrize("stack_folds", [True, False])
def test_probabilities_for_a_loss_of_logits_are_a_warning(data, stack_folds):
    X, T = data
    net = make(module=Probabilities, max_epochs=1)
    slr = SLRClassifier(
        net, n_rounds=1, cv=2, stack_folds=stack_folds, random_state=0, refinement="average"
    )
    with pytest.warns(UserWarning, match="returns probabilities, but nn.CrossEntropyLoss expects"):
        slr.fit(X, T.argmax(axis=1))


def test_inputs_that_nets_do_not_take_say_what_to_pass(data):
    X, T = data
    slr = SLRClassifier(make(), n_rounds=1, cv=2, refinement="average")
    with pytest.raises(RuntimeError, match=r"X is float64, .*pass X\.astype\(np\.float32\)"):
        slr.fit(X.astype(np.float64), T.argmax(axis=1))
    frame = pytest.importorskip("pandas").DataFrame(X)
    with pytest.raises(TypeError, match=r"X is a DataFrame, .*X\.to_numpy\(dtype=np\.float32\)"):
        slr.fit(frame, T.argmax(axis=1))


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(D))
        self.linear = nn.Linear(D, C)

    def forward(self, X):
        return self.linear(X * self.scale)


def test_module_instances_without_reset_are_refused(data):
    X, T = data
    with pytest.raises(TypeError, match=r"'Scaled' \(Scaled\) has weights but no .*module=Scaled"):
        train(make(module=Scaled()), X, T, None, {})
    with pytest.raises(TypeError, match=r"instance module=Sequential.* module '0' \(Scaled\)"):
        train(make(module=nn.Sequential(Scaled())), X, one_hot(T.argmax(axis=1)), None, {})
    train(make(module=Scaled), X, T, None, {})
    frozen = Scaled()
    frozen.scale.requires_grad = False
    frozen.scale.mul_(3)
    net = train(make(module=frozen), X, T, None, {})
    assert torch.equal(net.module_.scale, torch.full((D,), 3.0))


def test_fitted_net_has_the_original_class_and_attributes(data):
    X, T = data
    net = train(make(), X, T, np.ones(N), {})
    assert type(net) is NeuralNetClassifier
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))
    assert "sklearn_slr" not in str(pickle.dumps(net))
    assert not clone(net).initialized_
    assert not any("slr" in name for name in [*vars(net), *vars(net.criterion_)])
    refit = seeded(net.fit, X, T.argmax(axis=1))
    assert_same_weights(refit, seeded(make().fit, X, T.argmax(axis=1)), atol=0)


class Copies(Callback):
    def on_epoch_end(self, net, **kwargs):
        self.copies = [copy.deepcopy(net), copy.copy(net), clone(net)]


def test_copies_made_during_training_have_the_original_class(data):
    X, T = data
    callback = Copies()
    train(make(callbacks=[callback], max_epochs=1), X, T, None, {})
    assert [type(net) for net in callback.copies] == 3 * [NeuralNetClassifier]


def test_classes_are_the_columns(data):
    X, T = data
    T = T.copy()
    T[:, 2] = 0.1 * T.min(axis=1)
    T /= T.sum(axis=1, keepdims=True)
    assert set(T.argmax(axis=1)) == {0, 1}
    for targets in (T, one_hot(T.argmax(axis=1))):
        net = train(make(), X, targets, None, {})
        np.testing.assert_array_equal(net.classes_, [0, 1, 2])
        assert net.predict_proba(X).shape == (N, 3)


def test_hard_targets_are_plain_training(data, monkeypatch):
    X, T = data
    monkeypatch.setattr("sklearn_slr._nets._training._fit_soft_targets", None)
    y = T.argmax(axis=1)
    got = seeded(train, make(), X, one_hot(y), None, {})
    assert_same_weights(got, seeded(make().fit, X, y), atol=0)


def test_fit_params_reach_the_net(data):
    X, T = data

    class Counted(Net):
        seen = []

        def forward(self, X, flag=None):
            self.seen.append(flag)
            return super().forward(X)

    for targets in (T, one_hot(T.argmax(axis=1))):
        Counted.seen.clear()
        train(make(module=Counted, train_split=None), X, targets, None, {"flag": 7})
        assert set(Counted.seen) == {7}


def test_masked_outputs_are_ignored_if_their_class_has_probability_zero(data):
    X, T = data

    class Masked(Net):
        def forward(self, X):
            return super().forward(X).index_fill(1, torch.tensor([2]), -torch.inf)

    T = T.copy()
    T[:, 2] = 0
    T /= T.sum(axis=1, keepdims=True)
    net = make(module=Masked, train_split=None, iterator_train__shuffle=False)
    net = seeded(train, net, X, T, None, {})
    expected = by_hand(lambda out, T, w: soft_cross_entropy(out[:, :2], T[:, :2], w), X, T)
    torch.testing.assert_close(weights_of(net), expected, rtol=0, atol=1e-5)


def test_interrupted_training_restores_the_class(data):
    X, T = data

    class Breaks(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise RuntimeError("broken")

    net = make(callbacks=[Breaks()])
    with pytest.raises(RuntimeError, match="broken"):
        train(net, X, T, None, {})
    assert type(net) is NeuralNetClassifier


def test_metadata_routing(data):
    X, T = data
    expected = seeded(train, make(), X, T, np.ones(N), {})
    with config_context(enable_metadata_routing=True):
        assert_same_weights(seeded(train, make(), X, T, np.ones(N), {}), expected)


def test_criterion_keeps_its_own_forward(data):
    X, T = data

    class Hooked(NeuralNetClassifier):
        def initialize_criterion(self):
            super().initialize_criterion()
            self.criterion_.forward = self.own_forward = self.criterion_.forward
            return self

    net = seeded(train, make(Hooked), X, T, None, {})
    assert_same_weights(net, seeded(train, make(), X, T, None, {}))
    assert vars(net.criterion_)["forward"] is net.own_forward
