import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812

from sklearn_slr._nets.stacked._modules import (  # noqa: E402
    NotStackableError,
    StackedModules,
)

K, B, D, C = 3, 7, 4, 3


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


class Functions(nn.Module):
    """Calls supported functions and methods."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(D, D), nn.Linear(D, C)

    def forward(self, X):
        hidden = F.elu(self.first(X) + 0.5, 0.7).add(1) + X.tanh()
        return F.softmax(self.second(torch.flatten(hidden, 1).relu()), dim=-1)


class Kinks(nn.Module):
    """A ReLU whose input and gradient are used by another step."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = nn.Linear(D, D), nn.Linear(D, D), nn.Linear(D, C)

    def forward(self, X):
        hidden = self.second(self.first(X))
        return self.third(F.relu(hidden) + hidden)


class RectifiesRows(nn.Sequential):
    """Uses its inputs twice, so it must not overwrite them."""

    def __init__(self):
        super().__init__(nn.Linear(D, D), nn.Linear(D, C))

    def forward(self, X):
        return self[1](F.relu(X) + F.relu(self[0](X)))


MODULES = {
    "functions": Functions,
    "kinks": Kinks,
    "rectified_rows": RectifiesRows,
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


class Sequences(nn.Module):
    """Maps of rows of three tokens (B, 3, 4) to (B, C)."""

    def __init__(self, block, read=None):
        super().__init__()
        self.embed, self.block, self.head = nn.Linear(D, 8), block, nn.Linear(8, C)
        self.read = read

    def forward(self, X):
        X = self.block(self.embed(X))
        return self.head(X.mean(dim=1) if self.read is None else self.read(X))


class Attention(nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.attend = nn.MultiheadAttention(8, 2, batch_first=True, **options)
        self.norm = nn.LayerNorm(8)

    def forward(self, X):
        return self.norm(X + self.attend(X, X, X, need_weights=False)[0])


def encoder_layer(**options):
    return nn.TransformerEncoderLayer(8, 2, 6, **{"dropout": 0.0, "batch_first": True, **options})


SEQUENCES = {
    "tokens": lambda: Sequences(nn.Tanh()),
    "encoder_layer": lambda: Sequences(encoder_layer()),
    "norm_first": lambda: Sequences(encoder_layer(norm_first=True, activation="gelu")),
    "no_bias": lambda: Sequences(encoder_layer(bias=False), lambda X: X[:, 0]),
    "encoder": lambda: Sequences(
        nn.TransformerEncoder(encoder_layer(), 2, norm=nn.LayerNorm(8)), lambda X: X.mean(-2)
    ),
    "attention": lambda: Sequences(Attention(), lambda X: torch.mean(X, 1)),
    "attention_twice": lambda: Sequences(nn.Sequential(*[Attention()] * 2), lambda X: X[:, -1]),
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", [*MODULES, *SEQUENCES])
def test_stacks_equal_the_modules(name, training):
    make = {**MODULES, **SEQUENCES}[name]
    modules = [make().train(training) for _ in range(K)]
    X = torch.randn((K, B, D) if name in MODULES else (K, B, 3, D))
    stacked = StackedModules(modules)
    goal = torch.randn(K, B, 1)
    out = stacked.forward(X, training)
    if training:
        stacked.backward(goal.expand_as(out))
    gradients = stacked.split(stacked.weights.grad)
    for k, module in enumerate(modules):
        expected = module(X[k])
        torch.testing.assert_close(out[k], expected)
        (expected * goal[k]).sum().backward()
        for gradient, weight in zip(gradients, stacked.get_parameters(k), strict=True):
            if training:
                torch.testing.assert_close(gradient[k], weight.grad)
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


def test_dropout_is_used_in_training_only():
    modules = [nn.Sequential(nn.Dropout(0.5), nn.Linear(D, C)) for _ in range(K)]
    stacked, X = StackedModules(modules), torch.randn(K, B, D)
    assert not torch.equal(stacked.forward(X, True), stacked.forward(X, True))
    assert torch.equal(stacked.forward(X, False), stacked.forward(X, False))


def test_attention_uses_the_generator_of_each_module():
    modules = [Sequences(Attention(dropout=0.5)) for _ in range(K)]

    def outputs(chosen):
        generators = [torch.Generator().manual_seed(k) for k in chosen]
        stacked = StackedModules([modules[k] for k in chosen], generators)
        return [*stacked.forward(X[chosen], True)]

    X = torch.randn(K, B, 3, D)
    together, alone = outputs([0, 1, 2]), outputs([0]) + outputs([1, 2])
    assert all(torch.equal(a, b) for a, b in zip(together, alone, strict=True))
    rows = X[:1, :1].expand(1, 4000, 3, D)
    drawn = StackedModules(modules[:1], [torch.Generator().manual_seed(0)]).forward(rows, True)
    modules[0].train()
    torch.testing.assert_close(drawn.mean(1), modules[0](rows[0]).mean(0, True), rtol=0, atol=0.05)
    assert drawn.std(1).min() > 0.05


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


class Masked(Attention):
    def forward(self, X):
        return self.attend(X, X, X, attn_mask=torch.ones(3, 3).bool())[0]


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
        Masked,
        lambda: Sequences(Attention(add_zero_attn=True)),
        lambda: Sequences(nn.TransformerEncoderLayer(8, 2, 6)),  # batches second
        lambda: Sequences(nn.Tanh(), lambda X: X.mean((0, 1))),
        lambda: Sequences(nn.Tanh(), lambda X: X[0]),
        lambda: nn.Sequential(nn.Linear(D, C).double()),
        lambda: nn.Sequential(nn.Linear(D, 4), nn.PReLU()),
        lambda: nn.Sequential(nn.Conv1d(1, 2, 2), nn.Flatten()),
        lambda: nn.Sequential(nn.BatchNorm1d(D, momentum=None), nn.Linear(D, C)),
        lambda: nn.Sequential(nn.Linear(D, C), nn.Softmax(dim=0)),
    ],
)
def test_unsupported_modules_are_refused(make):
    modules = [make() for _ in range(K)]
    modes = [module.training for module in modules]
    with pytest.raises(NotStackableError):
        StackedModules(modules)
    assert [module.training for module in modules] == modes
