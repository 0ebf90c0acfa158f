import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("skorch")

from scipy import sparse  # noqa: E402
from skorch import NeuralNetClassifier  # noqa: E402
from skorch.callbacks import Callback  # noqa: E402
from skorch.dataset import Dataset  # noqa: E402
from skorch.helper import SliceDict  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.data import (  # noqa: E402
    DataLoader,
    RandomSampler,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
)

from sklearn_slr._nets import _training  # noqa: E402
from sklearn_slr._nets._batches import (  # noqa: E402
    IndexedSkorchDataset,
    MemoryLoader,
    to_memory_loader,
)
from sklearn_slr._nets._training import train  # noqa: E402
from sklearn_slr.soft_targets._fit import fit_targets  # noqa: E402

N, D, C = 53, 4, 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, D)).astype(np.float32)
Y = RNG.integers(C, size=N)
T = RNG.dirichlet(np.ones(C), size=N)


def loaded(loader):
    """Return all batches of a loader, and what the generator gives next."""
    torch.manual_seed(7)
    return [*loader, *loader], torch.rand(2)


def assert_same(got, expected):
    assert type(got) is type(expected)
    if isinstance(expected, torch.Tensor):
        torch.testing.assert_close(got, expected, rtol=0, atol=0, equal_nan=True)
        assert got.is_contiguous()
    elif isinstance(expected, dict):
        assert_same(list(got), list(expected))
        assert_same([*got.values()], [*expected.values()])
    elif isinstance(expected, list):
        assert len(got) == len(expected)
        for pair in zip(got, expected, strict=True):
            assert_same(*pair)
    else:
        assert got == expected


def assert_same_batches(dataset, **options):
    loader = to_memory_loader(DataLoader(dataset, **options))
    assert type(loader) is MemoryLoader
    (got, next_got), (expected, next_expected) = map(
        loaded, (loader, DataLoader(dataset, **options))
    )
    assert_same(got, expected)
    assert torch.equal(next_got, next_expected)
    assert len(loader) == len(DataLoader(dataset, **options))


def frame():
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame({"a": X[:, 0], "b": np.arange(N), "c": X[:, 1] > 0})


INPUTS = {
    "float32": X,
    "float64": X.astype(np.float64),
    "missing": np.where(X > 0, X, np.nan),
    "bool": X > 0,
    "vector": X[:, 0],
    "columns": np.asfortranarray(X),
    "images": RNG.normal(size=(N, 2, 3, 3)).astype(np.float32),
    "tensor": torch.as_tensor(X),
    "half": torch.as_tensor(X).half(),
    "dict": {"a": X, "b": X[:, 0]},
    "slice_dict": SliceDict(a=X, b=torch.as_tensor(Y)),
    "list": [X, X[:, 0]],
    "tuple": (X, torch.as_tensor(X)),
    "nested": [{"a": X}, [X, Y]],
}
LABELS = {
    "codes": Y,
    "numbers": X[:, :1],
    "vector": X[:, 0],
    "tensor": torch.as_tensor(Y),
    "none": None,
}


@pytest.mark.parametrize("name", INPUTS)
def test_batches_of_arrays_equal_those_of_torch(name):
    for shuffle in (False, True):
        assert_same_batches(Dataset(INPUTS[name], Y), batch_size=5, shuffle=shuffle)


@pytest.mark.parametrize("name", LABELS)
def test_labels_of_any_type_equal_those_of_torch(name):
    assert_same_batches(Dataset(X, LABELS[name]), batch_size=5, shuffle=True)


@pytest.mark.filterwarnings("ignore:The given NumPy array is not writ")
def test_batches_of_frames_equal_those_of_torch():
    assert_same_batches(Dataset(frame(), Y), batch_size=5, shuffle=True)


@pytest.mark.parametrize(
    "options",
    [
        {"shuffle": True, "drop_last": True},
        {"drop_last": True},
        {"batch_size": N},
        {"batch_size": 100, "shuffle": True},
        {"batch_size": 100, "drop_last": True},
        {"sampler": RandomSampler(range(N), replacement=True)},
        {"sampler": RandomSampler(range(N), num_samples=50)},
        {"sampler": WeightedRandomSampler(np.arange(N, dtype=float), 40)},
    ],
)
def test_options_of_loaders_are_used(options):
    assert_same_batches(Dataset(X, Y), **{"batch_size": 5, **options})


def test_a_generator_of_the_user_is_used_as_by_torch():
    drawn = []
    for change in (to_memory_loader, lambda loader: loader):
        generator = torch.Generator().manual_seed(3)
        loader = change(DataLoader(Dataset(X, Y), batch_size=5, shuffle=True, generator=generator))
        drawn.append([loaded(loader), torch.rand(2, generator=generator)])
    assert_same(drawn[0][0][0], drawn[1][0][0])
    assert torch.equal(drawn[0][1], drawn[1][1])


def test_subsets_and_row_indices_match_the_rows():
    rows = RNG.permutation(N)[:15]
    for dataset in (Dataset(X, Y), IndexedSkorchDataset(Dataset(X, Y), Y, replace_labels=False)):
        for indices in (rows, rows.tolist()):
            assert_same_batches(Subset(dataset, indices), batch_size=4, shuffle=True)
        assert_same_batches(Subset(Subset(dataset, rows), [3, 1, 8]), batch_size=2)


class Doubling(Dataset):
    def transform(self, X, y):
        return super().transform(2 * X, y)


class UsersLoader(DataLoader):
    pass


def first_of(items):
    return items[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: DataLoader(Doubling(X, Y)),
        lambda: DataLoader(TensorDataset(torch.as_tensor(X), torch.as_tensor(Y))),
        lambda: DataLoader(Subset(Doubling(X, Y), [1, 2])),
        lambda: UsersLoader(Dataset(X, Y)),
        lambda: DataLoader(Dataset(X, Y), collate_fn=first_of),
        lambda: DataLoader(Dataset(X, Y), num_workers=1),
        lambda: DataLoader(Dataset(X, Y), pin_memory=True),
        lambda: DataLoader(Dataset(X, Y), batch_size=None),
        lambda: DataLoader(Dataset(sparse.csr_matrix(X), Y)),
        lambda: DataLoader(Dataset(X[:, ::-1], Y)),
        lambda: DataLoader(Dataset(X.astype(object), Y)),
        lambda: DataLoader(Dataset(np.array(["a"] * N), Y)),
        lambda: DataLoader(Dataset(np.asmatrix(X), Y)),
        lambda: DataLoader(Dataset(X[:, 0].tolist(), Y)),
        lambda: DataLoader(Dataset([f"{i}.png" for i in range(N)], length=N)),
        lambda: DataLoader(Dataset(X, Y, length=N - 1)),
        lambda: DataLoader(Dataset(X[:0], Y[:0])),
        lambda: [(X, Y)],
    ],
)
@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_other_loaders_are_left_unchanged(make):
    loader = make()
    kind = type(loader)
    assert to_memory_loader(loader) is loader
    assert type(loader) is kind


def test_batches_are_copies():
    kept = X.copy()
    for batch, _ in to_memory_loader(DataLoader(Dataset(kept, Y), batch_size=5)):
        batch.zero_()
    np.testing.assert_array_equal(kept, X)


# Nets


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(D, 8), nn.Dropout(0.3), nn.ReLU(), nn.Linear(8, C))

    def forward(self, X):
        return self.layers(X)


class OwnIterator(NeuralNetClassifier):
    def get_iterator(self, dataset, training=False):
        return super().get_iterator(dataset, training=training)


class OwnDataset(NeuralNetClassifier):
    def get_dataset(self, X, y=None):
        return super().get_dataset(X, y)


class Loaders(Callback):
    """Keeps the types of the loaders that a net makes."""

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.kinds = [type(net.get_iterator(net.get_dataset(X, y), training=t)) for t in (0, 1)]


def make(kind=NeuralNetClassifier, **params):
    return kind(
        Net,
        criterion=nn.CrossEntropyLoss,
        batch_size=5,
        max_epochs=3,
        lr=0.3,
        iterator_train__shuffle=True,
        verbose=0,
        **params,
    )


def trained(net, targets, X=X):
    torch.manual_seed(1)
    net = train(net, X, targets, None, {})
    return [*net.module_.state_dict().values()], net.history, torch.rand(2)


@pytest.mark.parametrize("kind", ["soft", "hard"])
def test_nets_are_equal_to_the_bit(kind, monkeypatch):
    targets = T if kind == "soft" else np.eye(C)[Y]
    weights, history, next_number = trained(make(), targets)
    monkeypatch.setattr(_training, "to_memory_loader", lambda loader: loader)
    plain_weights, plain_history, plain_next_number = trained(make(), targets)
    for got, expected in zip(weights, plain_weights, strict=True):
        assert torch.equal(got, expected)
    assert torch.equal(next_number, plain_next_number)
    for name in ("train_loss", "valid_loss", "valid_acc", "train_batch_count"):
        assert history[:, name] == plain_history[:, name]


@pytest.mark.parametrize("targets", [T, np.eye(C)[Y]])
def test_nets_with_skorch_loading_use_memory_loaders(targets):
    for net, expected in (
        (make(), MemoryLoader),
        (make(OwnIterator), DataLoader),
        (make(OwnDataset), DataLoader),
        (make(iterator_train=UsersLoader, iterator_valid=UsersLoader), UsersLoader),
    ):
        watch = Loaders()
        train(net.set_params(callbacks=[watch]), X, targets, None, {})
        assert watch.kinds == 2 * [expected]


def test_predictions_use_memory_loaders_and_are_equal(monkeypatch):
    kinds = []

    class Watched(NeuralNetClassifier):
        def forward_iter(self, X, training=False, device="cpu"):
            kinds.append(type(self.get_iterator(self.get_dataset(X))))
            return super().forward_iter(X, training=training, device=device)

    fitted = fit_targets(make(Watched, callbacks__valid_acc=None), X, T)
    kinds.clear()
    got = fitted.predict(X)
    assert kinds == [MemoryLoader]
    assert type(fitted.model) is Watched
    expected = fitted.model.predict_proba(X).astype(np.float64)
    np.testing.assert_array_equal(got, expected / expected.sum(axis=1, keepdims=True))
    assert kinds == [MemoryLoader, DataLoader]


def test_fitted_nets_have_no_loader():
    net = make()
    trained(net, np.eye(C)[Y])
    assert type(net) is NeuralNetClassifier
    assert b"sklearn_slr" not in pickle.dumps(make().fit(X, Y))
