"""What a module computes, written down as steps that work on stacks of modules.

torch.fx does the writing. Where it finds nothing but linear layers, attention, norms, dropout and
elementwise functions, the same steps run on inputs of shape (K, B, ...), forward and back.
"""

import copy
import functools
import operator
import random
from dataclasses import dataclass

import numpy as np
import torch
from torch import fx, nn
from torch.nn import functional as F  # noqa: N812 (torch's own abbreviation)
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear

from ._attention import Attend, taken_apart
from ._layers import Add, BatchNorm, Elementwise, LayerNorm, Linear, NotStackableError, Rectify

_ELEMENTWISE = (
    nn.CELU,
    nn.ELU,
    nn.GELU,
    nn.Hardsigmoid,
    nn.Hardswish,
    nn.LeakyReLU,
    nn.LogSigmoid,
    nn.Mish,
    nn.ReLU6,
    nn.SELU,
    nn.Sigmoid,
    nn.SiLU,
    nn.Softplus,
    nn.Softsign,
    nn.Tanh,
)
_PLAIN = (int, float, str, bool, tuple, type(None))
_FUNCTIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    F.elu: F.elu,
    F.gelu: F.gelu,
    F.leaky_relu: F.leaky_relu,
    F.selu: F.selu,
    F.sigmoid: F.sigmoid,
    F.silu: F.silu,
    F.softplus: F.softplus,
    F.tanh: F.tanh,
    torch.sigmoid: torch.sigmoid,
    torch.tanh: torch.tanh,
}


def graphs_of(module):
    """Return what a module computes, by whether it is in training.

    Parameters
    ----------
    module : nn.Module
        The module; copies of it are traced, as a forward may count its calls.

    Returns
    -------
    dict of bool to fx.Graph
        A graph for training, and one for predictions.

    Raises
    ------
    NotStackableError
        If that cannot be written down, or may be another thing in the next call.
    """
    return {training: _trace(copy.deepcopy(module).train(training)) for training in (True, False)}


def _trace(module):
    training = module.training
    for _ in range(2):  # torch's own first trace imports packages that draw
        before = _state_of(module), _states_of_generators()
        try:
            graph = _Tracer().trace(module)
        # Whatever a forward does that cannot be written down, the plain path runs it.
        except Exception as error:
            raise NotStackableError(str(error)) from error
        if (_state_of(module), _states_of_generators()) == before:
            break
    else:
        raise NotStackableError("a forward that counts or draws, and may branch on that")
    if any(part.training is not training for part in module.modules()):
        raise NotStackableError("parts that are always, or never, in training")
    return graph


def settings_of(module):
    """Return the attributes of a module and its parts that are plain values, as a string.

    A module may draw them when it is made, and computes by them.
    """
    plain = [(name, value) for name, value in _attributes(module) if isinstance(value, _PLAIN)]
    return repr(plain)


def _state_of(module):
    """Return the attributes of a module and its parts: values, or of what is none who it is."""
    return [
        (name, value if isinstance(value, _PLAIN) else id(value))
        for name, value in _attributes(module)
    ]


def _attributes(module):
    return [item for part in module.modules() for item in vars(part).items()]


def _states_of_generators():
    numbers = np.random.get_state()  # noqa: NPY002 (what a forward may draw from)
    return torch.get_rng_state().tolist(), numbers[1].tolist(), numbers[2:], random.getstate()


class _Tracer(fx.Tracer):
    def is_leaf_module(self, module, path):
        return type(module) is not nn.Sequential and module.__module__.startswith("torch.nn.")

    def call_module(self, module, forward, args, kwargs):
        parts = taken_apart(module, self)
        if parts is not None:
            return parts(*args, **kwargs)
        return super().call_module(module, forward, args, kwargs)


@dataclass(frozen=True)
class _Line:
    """A step of a program: the numbers of its output and inputs, and whose gradient counts."""

    step: object
    at: int
    inputs: tuple[int, ...]
    learns: tuple[bool, ...]


class Program:
    """What a module computes, one step after the other.

    Parameters
    ----------
    graph : fx.Graph
        The graph of one module.
    make : callable
        ``make(path, adds)`` returns the step of a part of the module.
    """

    def __init__(self, graph, make):
        nodes = list(graph.nodes)
        numbers = {node: k for k, node in enumerate(nodes)}
        if [node.op for node in nodes].count("placeholder") != 1:
            raise NotStackableError("several inputs")
        if any(not node.users for node in nodes if node.op != "output"):
            raise NotStackableError("results that nobody uses")
        steps, seen = {}, set()
        for node in reversed(nodes):  # in the order of the way back
            if node.op == "call_module":
                steps[node] = make(node.target, node.target in seen)
                if steps[node].in_place and any(len(n.users) > 1 for n in node.all_input_nodes):
                    raise NotStackableError("an input that is written over, and used again")
                seen.add(node.target)
        self.lines, learning = [], set()
        for node in nodes:
            inputs = tuple(numbers[each] for each in node.all_input_nodes)
            if node.op == "placeholder":
                self.entry = numbers[node]
            elif node.op == "output":
                if not isinstance(node.args[0], fx.Node):
                    raise NotStackableError("several outputs")
                self.exit = inputs[0]
            else:
                step = steps[node] if node in steps else _step_of_function(node)
                if len(inputs) != (2 if isinstance(step, Add) and step.number is None else 1):
                    raise NotStackableError("an output used twice at once")
                learns = tuple(k in learning for k in inputs)
                if any(learns) or getattr(step, "stack", None) is not None:
                    learning.add(numbers[node])
                self.lines.append(_Line(step, numbers[node], inputs, learns))
                if isinstance(step, Rectify):
                    step.owns_input, step.owns_delta = _own_arrays(node, steps)
        self._last_use = {k: i for i, line in enumerate(self.lines) for k in line.inputs}

    def forward(self, X, training, known):
        values = {self.entry: X}
        for i, line in enumerate(self.lines):
            if isinstance(line.step, BatchNorm):
                line.step.known = known
            inputs = [values[k] for k in line.inputs]
            values[line.at] = line.step.forward(training, *inputs)
            for k in line.inputs:
                if self._last_use[k] == i:
                    del values[k]
        return values[self.exit]

    def backward(self, delta):
        deltas = {self.exit: delta}
        for line in reversed(self.lines):
            if line.at not in deltas:
                continue
            found = line.step.backward(deltas.pop(line.at), any(line.learns))
            for k, learns, own in zip(line.inputs, line.learns, found, strict=True):
                if learns:
                    deltas[k] = deltas[k] + own if k in deltas else own


def _own_arrays(node, steps):
    """Return whether linear layers make a step's input, and its gradient, for it alone."""

    def is_linear(each):
        return isinstance(steps.get(each), Linear)

    source, users = node.all_input_nodes[0], [*node.users]
    return is_linear(source) and len(source.users) == 1, len(users) == 1 and is_linear(users[0])


# What is known to do the same to (K, B, ...) as to each (B, ...)


def step_without_weights(module):
    """Return the step of a part that has no weights and draws nothing; None if it is none."""
    kind = type(module)
    if kind is nn.ReLU:
        return Rectify(module.inplace)
    if kind is nn.Identity:
        return Elementwise(_same)
    if kind in _ELEMENTWISE:
        function = copy.copy(module)
        in_place = getattr(module, "inplace", False)
        if in_place:
            function.inplace = False
        return Elementwise(function, in_place)
    if kind in (nn.Softmax, nn.LogSoftmax) and module.dim in (-1, 1):  # of outputs (B, C)
        return Elementwise(kind(dim=-1))
    if kind is nn.Flatten and (module.start_dim, module.end_dim) == (1, -1):
        return Elementwise(_flatten)
    return None


def kind_of_layer(module):
    """Return the class of steps of a part that has weights."""
    kind = type(module)
    if kind in (nn.Linear, NonDynamicallyQuantizableLinear):
        return Linear
    if kind is nn.MultiheadAttention:
        return Attend
    if kind is nn.LayerNorm and len(module.normalized_shape) == 1:
        return LayerNorm
    if kind is nn.BatchNorm1d and module.track_running_stats and module.momentum is not None:
        return BatchNorm
    raise NotStackableError(kind.__name__)


def _step_of_function(node):
    target, (first, *others), options = node.target, node.args or (None,), dict(node.kwargs)
    if node.op not in ("call_function", "call_method"):
        raise NotStackableError(f"{node.op} {target}")
    if target in (operator.add, torch.add, "add") and not options and len(others) == 1:
        numbers = [each for each in (first, *others) if not isinstance(each, fx.Node)]
        if not numbers or isinstance(numbers[0], (int, float)):
            return Add(*numbers)
    elif target in (F.relu, torch.relu, "relu") and not others and not any(options.values()):
        return Rectify()
    elif target in (F.softmax, F.log_softmax):
        dim = options["dim"] if "dim" in options else (*others, None)[0]
        if dim in (-1, 1):  # of outputs (B, C)
            return Elementwise(functools.partial(target, dim=-1))
    elif target is torch.flatten:
        if not options and tuple(others) in ((1,), (1, -1)):
            return Elementwise(_flatten)
    elif target in (torch.mean, "mean"):
        dim = options.pop("dim") if "dim" in options else (*others, None)[0]
        if not options and len(others) < 2 and isinstance(dim, int):
            return Elementwise(functools.partial(_mean, dim=dim))
    elif target is operator.getitem:
        place = others[0] if isinstance(others[0], tuple) else ()
        if len(place) == 2 and place[0] == slice(None) and isinstance(place[1], int):
            return Elementwise(lambda X: X[:, :, place[1]])
    elif target in _FUNCTIONS and not any(each is True for each in [*others, *options.values()]):
        function = _FUNCTIONS[target]
        return Elementwise(lambda X: function(X, *others, **options))
    raise NotStackableError(f"{node.op} {target}")


def _same(X):
    return X


def _mean(X, dim):
    """Return the mean over an axis of the (B, ...) of each module, which is not its first."""
    dim = dim % (X.ndim - 1) + 1
    if dim < 2:
        raise NotStackableError("a mean over rows")
    return X.mean(dim)


def _flatten(X):
    return X.flatten(2)
