"""Modules of the same make as one: their weights stacked, batches of all go through at once.

torch.fx writes down what a module computes. Where that is nothing but linear layers, norms,
dropout and elementwise functions, the same graph runs on inputs of shape (K, B, ...), its layers
replaced by layers of K weights each.
"""

import copy
import operator
import types

import torch
from torch import fx, nn
from torch.nn import functional as F  # noqa: N812 (torch's own abbreviation)

_ELEMENTWISE = (
    nn.CELU,
    nn.Dropout,
    nn.ELU,
    nn.GELU,
    nn.Hardsigmoid,
    nn.Hardswish,
    nn.Identity,
    nn.LeakyReLU,
    nn.LogSigmoid,
    nn.Mish,
    nn.ReLU,
    nn.ReLU6,
    nn.SELU,
    nn.Sigmoid,
    nn.SiLU,
    nn.Softplus,
    nn.Softsign,
    nn.Tanh,
)
_FUNCTIONS = {
    F.elu,
    F.gelu,
    F.leaky_relu,
    F.relu,
    F.selu,
    F.sigmoid,
    F.silu,
    F.softplus,
    F.tanh,
    operator.add,
    torch.add,
    torch.relu,
    torch.sigmoid,
    torch.tanh,
}
_METHODS = {"add", "relu", "sigmoid", "tanh"}


class StackedModules:
    """K modules of the same class, run side by side.

    Parameters
    ----------
    modules : list of nn.Module
        The modules. They keep their weights until `unstack`.

    Raises
    ------
    NotStackableError
        If the modules do what is not known to work on stacks.
    """

    def __init__(self, modules):
        self.modules, self.layers, self._graphs = modules, {}, {}
        for training in (True, False):
            self._graphs[training] = self._trace(training)
        placed = sum(len(list(layer.parameters())) for layer in self.layers.values())
        if placed != len(list(modules[0].parameters())):
            raise NotStackableError("weights outside of the layers")

    def _trace(self, training):
        module = self.modules[0]
        was_training = module.training
        try:
            graph = _Tracer().trace(module.train(training))
        # Whatever a forward does that cannot be written down, the plain path runs it.
        except Exception as error:
            raise NotStackableError(str(error)) from error
        finally:
            module.train(was_training)
        root = nn.Module()
        for i, node in enumerate(graph.nodes):
            if node.op == "call_module":
                layer = self._layer(node.target)
                root.add_module(f"layer_{i}", layer)
                node.target = f"layer_{i}"
            elif not _runs_on_stacks(node):
                raise NotStackableError(f"{node.op} {node.target}")
        if sum(node.op == "placeholder" for node in graph.nodes) != 1:
            raise NotStackableError("several inputs")
        return _written(root, graph).train(training)

    def _layer(self, path):
        if path not in self.layers:
            parts = [module.get_submodule(path) for module in self.modules]
            self.layers[path] = _stack_layer(parts)
        return self.layers[path]

    def __call__(self, X, training):
        """Return the outputs (K, B, ...) for inputs (K, B, ...)."""
        graph = self._graphs[training]
        if graph.training is not training or any(
            layer.training is not training for layer in self.layers.values()
        ):
            graph.train(training)
        return graph(X)

    def parameters(self):
        """Return the stacked weights, in the order of `places`."""
        return [w for layer in self.layers.values() for w in layer.parameters()]

    def places(self, k):
        """Return the weights of module k, in the order of `parameters`."""
        return [
            getattr(self.modules[k].get_submodule(path), name)
            for path, layer in self.layers.items()
            for name, _ in layer.named_parameters()
        ]

    @torch.no_grad()
    def unstack(self):
        """Write the weights and statistics back to the modules."""
        for path, layer in self.layers.items():
            for k, module in enumerate(self.modules):
                state = module.get_submodule(path).state_dict()
                for name, value in layer.state_dict().items():
                    state[name].copy_(value[k])


class NotStackableError(Exception):
    """The modules do what is not known to work on stacks; train them one by one."""


class _Tracer(fx.Tracer):
    def is_leaf_module(self, module, path):
        return type(module) is not nn.Sequential and module.__module__.startswith("torch.nn.")


def _written(root, graph):
    """Return `root`, whose forward is what the graph writes down.

    fx.GraphModule does the same, but keeps the source of every module for as long as the process
    lives, and each pass over the folds makes two.
    """
    code = graph.python_code("self")
    names = dict(code.globals)
    # The source is fx's own, of nodes that `_runs_on_stacks` knows: no input reaches it.
    exec(code.src, names)  # nosec B102
    root.forward = types.MethodType(names["forward"], root)
    return root


def _runs_on_stacks(node):
    """Whether a node of a graph does the same to (K, B, ...) as to each (B, ...)."""
    if node.op == "placeholder":
        return True
    if node.op == "output":
        return isinstance(node.args[0], fx.Node)
    if node.op == "call_function" and node.target in (F.softmax, F.log_softmax):
        dim = node.kwargs["dim"] if "dim" in node.kwargs else (*node.args, None)[1]
        node.args, node.kwargs = node.args[:1], {"dim": -1}
        return dim in (-1, 1)  # of outputs (B, C)
    if node.op == "call_function" and node.target is torch.flatten:
        if node.kwargs or node.args[1:] not in ((1,), (1, -1)):
            return False
        node.args = (node.args[0], 2)
        return True
    return (node.op == "call_function" and node.target in _FUNCTIONS) or (
        node.op == "call_method" and node.target in _METHODS
    )


# Layers


def _stack_layer(parts):
    first = parts[0]
    if any(not w.requires_grad or w.dtype != torch.float32 for w in first.parameters()):
        raise NotStackableError("frozen weights, or not of single precision")
    if any(vars(first)[hooks] for hooks in _HOOKS if hooks in vars(first)):
        raise NotStackableError("hooks")
    kind = type(first)
    if kind in _ELEMENTWISE:
        return copy.deepcopy(first)
    if kind in (nn.Softmax, nn.LogSoftmax) and first.dim in (-1, 1):  # of outputs (B, C)
        return kind(dim=-1)
    if kind is nn.Flatten and (first.start_dim, first.end_dim) == (1, -1):
        return nn.Flatten(2)
    if kind is nn.Linear:
        return _Linear(parts)
    if kind is nn.LayerNorm and len(first.normalized_shape) == 1:
        return _LayerNorm(parts)
    if kind is nn.BatchNorm1d and first.track_running_stats and first.momentum is not None:
        return _BatchNorm(parts)
    raise NotStackableError(kind.__name__)


_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class _Stack(nn.Module):
    """The weights and statistics of K layers."""

    def __init__(self, parts):
        super().__init__()
        for name in parts[0]._parameters:
            own = [getattr(part, name) for part in parts]
            weight = None if own[0] is None else nn.Parameter(torch.stack(own).detach())
            self.register_parameter(name, weight)
        for name in parts[0]._buffers:
            self.register_buffer(name, torch.stack([getattr(part, name) for part in parts]))


class _Linear(_Stack):
    def forward(self, X):
        if X.ndim != 3:
            raise NotStackableError("linear layers of other than two dimensions")
        if self.bias is None:
            return torch.bmm(X, self.weight.transpose(1, 2))
        return torch.baddbmm(self.bias.unsqueeze(1), X, self.weight.transpose(1, 2))


class _LayerNorm(_Stack):
    def __init__(self, parts):
        super().__init__(parts)
        self.shape, self.eps = parts[0].normalized_shape, parts[0].eps

    def forward(self, X):
        X = F.layer_norm(X, self.shape, eps=self.eps)
        X = X if self.weight is None else X * self.weight.unsqueeze(1)
        return X if self.bias is None else X + self.bias.unsqueeze(1)


class _BatchNorm(_Stack):
    def __init__(self, parts):
        super().__init__(parts)
        self.momentum, self.eps = parts[0].momentum, parts[0].eps

    def forward(self, X):
        if X.ndim != 3:
            raise NotStackableError("batch norms of other than two dimensions")
        n_models, n_rows, n_features = X.shape
        if self.training:
            self.num_batches_tracked.add_(1)
        weight, bias = (None if w is None else w.flatten() for w in (self.weight, self.bias))
        flat = F.batch_norm(
            X.transpose(0, 1).reshape(n_rows, n_models * n_features),
            self.running_mean.view(-1),
            self.running_var.view(-1),
            weight,
            bias,
            self.training,
            self.momentum,
            self.eps,
        )
        return flat.view(n_rows, n_models, n_features).transpose(0, 1)
