"""Modules of the same make as one: their weights stacked, batches of all go through at once.

torch.fx writes down what a module computes. Where that is nothing but linear layers, norms,
dropout and elementwise functions, the same steps run on inputs of shape (K, B, ...), forward and
back.
"""

import copy
import functools
import math
import operator
import random
from dataclasses import dataclass

import numpy as np
import torch
from torch import fx, nn
from torch.nn import functional as F  # noqa: N812 (torch's own abbreviation)
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear

from ._stacked_attention import Attend, taken_apart
from ._stacked_batches import ALIGNED
from ._stacked_layers import (
    Add,
    BatchNorm,
    Drop,
    Elementwise,
    LayerNorm,
    Linear,
    NotStackableError,
    Rectify,
    Stack,
)

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


class StackedModules:
    """K modules of the same class, run side by side.

    Every module's outputs, gradients and dropout are the same to the bit whichever others are
    beside it, as each operation treats the K parts of its arrays alike.

    Parameters
    ----------
    modules : list of nn.Module
        The modules. They keep their weights until `unstack`.
    generators : list of torch.Generator, default=None
        Where each module's dropout draws from; None is torch's global one.

    Attributes
    ----------
    weights : Parameter of shape (K, n_weights)
        The weights of every module; its ``grad`` is what `backward` writes.

    Raises
    ------
    NotStackableError
        If the modules do what is not known to work on stacks.
    """

    def __init__(self, modules, generators=None):
        self.modules = modules
        self._generators = [None] * len(modules) if generators is None else generators
        self._stacks, self._known = {}, {}
        if any(is_watched(module) for module in modules):
            raise NotStackableError("hooks")
        self._programs = {training: self._trace(training) for training in (True, False)}
        self._allocate()

    def _trace(self, training):
        """Write down what the modules compute, on a copy: a forward may count its calls."""
        module = copy.deepcopy(self.modules[0]).train(training)
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
        return _Program(graph, self._step)

    def _step(self, path, adds):
        """Return the step of a part of the modules."""
        first = self.modules[0].get_submodule(path)
        if type(first) is nn.Dropout:
            return Drop(first.p, self._generators, first.inplace)
        step = _step_without_weights(first)
        if step is None:
            kind = _kind_of_layer(first)
            if path not in self._stacks:
                self._stacks[path] = Stack([m.get_submodule(path) for m in self.modules])
            drop = (Drop(first.dropout, self._generators),) if kind is Attend else ()
            step = kind(self._stacks[path], adds, *drop)
        return step

    @torch.no_grad()
    def _allocate(self):
        """Give all weights their place in one array."""
        slots, end, own = [], 0, []
        for path, stack in self._stacks.items():
            for name, weight in stack.parts[0].named_parameters(recurse=False):
                own.append(id(weight))
                slots.append((path, name, end, weight.shape))
                end += ALIGNED * math.ceil(weight.numel() / ALIGNED)  # where vectors begin
        # As many, and each once: two layers may share their weights.
        if sorted(own) != sorted(id(w) for w in self.modules[0].parameters()):
            raise NotStackableError("weights outside of the layers")
        self._slots = slots
        self.weights = nn.Parameter(torch.zeros(len(self.modules), end))
        self.weights.grad = torch.zeros(len(self.modules), end)
        views = zip(self.split(self.weights.detach()), self.split(self.weights.grad), strict=True)
        for (path, name, *_), (weight, gradient) in zip(slots, views, strict=True):
            stack = self._stacks[path]
            stack.weights[name], stack.gradients[name] = weight, gradient
            torch.stack([getattr(part, name) for part in stack.parts], out=weight)

    def split(self, whole):
        """Return the layers' parts (K, ...) of an array of the shape of `weights`."""
        return [
            whole[:, start : start + math.prod(shape)].view(len(whole), *shape)
            for _, _, start, shape in self._slots
        ]

    def places(self, k):
        """Return the weights of module k itself, in the order of `split`."""
        return [getattr(self.modules[k].get_submodule(p), name) for p, name, *_ in self._slots]

    def forward(self, X, training, sizes=None):
        """Return the outputs (K, B, ...) for inputs (K, B, ...).

        Of the rows of net k the first ``sizes[k]`` are a batch, and the others fill it up; None
        says that none does.
        """
        known = None if sizes is None or not training else self._known_rows(sizes, X.shape[1])
        return self._programs[training].forward(X, training, known)

    def _known_rows(self, sizes, width):
        """Return which rows are a batch's own (K, width, 1), and how many (K, 1, 1)."""
        if (sizes, width) not in self._known:
            counts = torch.as_tensor(sizes, dtype=torch.float32).view(-1, 1, 1)
            own = (torch.arange(width)[:, None] < counts).to(torch.float32)
            self._known[sizes, width] = own, counts
        return self._known[sizes, width]

    def backward(self, delta):
        """Write the gradients to ``weights.grad``, given that of the last output in training."""
        self._programs[True].backward(delta)

    @torch.no_grad()
    def unstack(self):
        """Write the weights and statistics back to the modules."""
        weights = self.split(self.weights.detach())
        for k in range(len(self.modules)):
            for own, whole in zip(self.places(k), weights, strict=True):
                own.copy_(whole[k])
        for stack in self._stacks.values():
            for name, values in stack.buffers.items():
                for part, value in zip(stack.parts, values, strict=True):
                    getattr(part, name).copy_(value)


def is_watched(module):
    """Whether hooks of a module, its parts or its weights would see or change what is computed."""
    return any(
        value
        for part in [*module.modules(), *module.parameters()]
        for name, value in vars(part).items()
        if "hook" in name and isinstance(value, dict)
    ) or any(weight._backward_hooks for weight in module.parameters())


def _state_of(module):
    """Return the attributes of a module and its parts: values, or of what is none who it is."""
    plain = (int, float, str, bool, tuple, type(None))
    return [
        (name, value if isinstance(value, plain) else id(value))
        for part in module.modules()
        for name, value in vars(part).items()
    ]


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


class _Program:
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


# What is known to do the same to (K, B, ...) as to each (B, ...)


def _step_without_weights(module):
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


def _kind_of_layer(module):
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
