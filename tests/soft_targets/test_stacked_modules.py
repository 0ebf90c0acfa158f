import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812

from sklearn_slr.soft_targets._stacked_modules import (  # noqa: E402
    NotStackableError,
    StackedModules,
)

K, B, D, C = 3, 7, 4, 3


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(D, D), nn.Linear(D, C, bias=False)
        self.shared = nn.Tanh()

    def forward(self, X):
        hidden = self.shared(F.relu(self.first(X)) + X)
        return F.log_softmax(self.shared(self.second(hidden)), dim=1)


class Twice(nn.Module):
    """Uses one layer two times."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(D, D), nn.GELU())

    def forward(self, X):
        return self.inner(self.inner(X)).sigmoid()


MODULES = {
    "mlp": lambda: nn.Sequential(nn.Linear(D, 8), nn.ReLU(), nn.Linear(8, C)),
    "softmax": lambda: nn.Sequential(nn.Linear(D, C), nn.Softmax(dim=1)),
    "norms": lambda: nn.Sequential(
        nn.Linear(D, 8), nn.BatchNorm1d(8), nn.SiLU(), nn.LayerNorm(8), nn.Linear(8, C)
    ),
    "plain_norms": lambda: nn.Sequential(
        nn.Linear(D, 8), nn.BatchNorm1d(8, affine=False), nn.LayerNorm(8, bias=False)
    ),
    "nested": lambda: nn.Sequential(nn.Sequential(nn.Linear(D, 5), nn.ELU()), nn.Linear(5, C)),
    "residual": Residual,
    "twice": Twice,
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", MODULES)
def test_stacks_compute_what_the_modules_do(name, training):
    modules = [MODULES[name]().train(training) for _ in range(K)]
    stacked, X = StackedModules(modules), torch.randn(K, B, D)
    goal = torch.randn(K, B, 1)
    out = stacked.forward(X, training)
    if training:
        stacked.backward(goal.expand_as(out))
    gradients = stacked.split(stacked.weights.grad)
    for k, module in enumerate(modules):
        expected = module(X[k])
        torch.testing.assert_close(out[k], expected)
        (expected * goal[k]).sum().backward()
        for whole, part in zip(gradients, stacked.places(k), strict=True):
            if training:
                torch.testing.assert_close(whole[k], part.grad)
    statistics = [{name: b.clone() for name, b in module.named_buffers()} for module in modules]
    stacked.unstack()
    for module, expected in zip(modules, statistics, strict=True):
        for path, buffer in module.named_buffers():
            torch.testing.assert_close(buffer, expected[path])


def test_inputs_are_flattened_row_by_row():
    modules = [nn.Sequential(nn.Flatten(), nn.Linear(6, C)) for _ in range(K)]
    X = torch.randn(K, B, 2, 3)
    out = StackedModules(modules).forward(X, False)
    for k in range(K):
        torch.testing.assert_close(out[k], modules[k](X[k]))


def test_modules_keep_their_weights_until_unstacked():
    modules = [MODULES["mlp"]() for _ in range(K)]
    before = [module[0].weight.clone() for module in modules]
    stacked = StackedModules(modules)
    with torch.no_grad():
        stacked.weights.add_(1)
    assert all(torch.equal(m[0].weight, w) for m, w in zip(modules, before, strict=True))
    stacked.unstack()
    assert all(torch.equal(m[0].weight, w + 1) for m, w in zip(modules, before, strict=True))


def test_dropout_follows_the_mode():
    modules = [nn.Sequential(nn.Dropout(0.5), nn.Linear(D, C)) for _ in range(K)]
    stacked, X = StackedModules(modules), torch.randn(K, B, D)
    assert not torch.equal(stacked.forward(X, True), stacked.forward(X, True))
    assert torch.equal(stacked.forward(X, False), stacked.forward(X, False))


class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(D, C)

    def forward(self, X):
        return self.linear(X) if X.sum() > 0 else self.linear(-X)


class OwnWeight(Branches):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(D))

    def forward(self, X):
        return self.linear(X * self.scale)


class Mixes(Branches):
    def forward(self, X):
        return self.linear(X - X.mean(0))


class TwoInputs(Branches):
    def forward(self, X, Z):
        return self.linear(X + Z)


class TwoOutputs(Branches):
    def forward(self, X):
        return self.linear(X), X


def frozen():
    module = nn.Sequential(nn.Linear(D, 5), nn.Linear(5, C))
    module[0].weight.requires_grad = False
    return module


def hooked():
    module = nn.Sequential(nn.Linear(D, C))
    module[0].register_forward_hook(lambda *_: None)
    return module


@pytest.mark.parametrize(
    "make",
    [
        Branches,
        OwnWeight,
        Mixes,
        TwoInputs,
        TwoOutputs,
        frozen,
        hooked,
        lambda: nn.Sequential(nn.Linear(D, C).double()),
        lambda: nn.Sequential(nn.Linear(D, 4), nn.PReLU()),
        lambda: nn.Sequential(nn.Conv1d(1, 2, 2), nn.Flatten()),
        lambda: nn.Sequential(nn.BatchNorm1d(D, momentum=None), nn.Linear(D, C)),
        lambda: nn.Sequential(nn.Linear(D, C), nn.Softmax(dim=0)),
    ],
)
def test_what_is_not_known_is_refused(make):
    modules = [make() for _ in range(K)]
    modes = [module.training for module in modules]
    with pytest.raises(NotStackableError):
        StackedModules(modules)
    assert [module.training for module in modules] == modes
