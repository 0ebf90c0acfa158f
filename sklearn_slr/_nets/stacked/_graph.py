"""The operations of a module, as steps that work on stacks of modules.

torch.fx traces the forward of the module. If this consists of linear layers, attention, norms,
dropout and elementwise functions only, the same steps run forward and backward on inputs of shape
(K, B, ...).
"""

import copy
import functools
import operator
import random
from typing import Any

import numpy as np
import torch
from torch import fx, nn
from torch.nn import functional as F  # noqa: N812 (torch's own abbreviation)
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear

from ._attention import SelfAttention, get_traceable_forward
from ._layers import Add, BatchNorm, Elementwise, LayerNorm, Linear, NotStackableError, ReLU

_ELEMENTWISE_MODULES: tuple[type, ...] = (nn.CELU, nn.ELU, nn.GELU, nn.Hardsigmoid, nn.Hardswish)
_ELEMENTWISE_MODULES += (nn.Identity, nn.LeakyReLU, nn.LogSigmoid, nn.Mish, nn.ReLU6, nn.SELU)
_ELEMENTWISE_MODULES += (nn.Sigmoid, nn.SiLU, nn.Softplus, nn.Softsign, nn.Tanh)
_PLAIN_TYPES = (int, float, str, bool, tuple, type(None))


def trace_graphs(module):
    """Return the operations of a module, for training and for evaluation.

    Parameters
    ----------
    module : nn.Module
        The module. Copies of it are traced, because a forward may change the module.

    Returns
    -------
    dict of bool to fx.Graph
        The graph in training (True) and in evaluation (False).

    Raises
    ------
    NotStackableError
        If the forward cannot be traced, or may do something else in the next call.
    """
    return {training: _trace(copy.deepcopy(module).train(training)) for training in (True, False)}


def _trace(module):
    training = module.training
    for _ in range(2):  # torch's own first trace imports packages that draw random numbers
        before = _get_state(module), _get_generator_states()
        try:
            graph = _Tracer().trace(module)
        # A forward can do anything that cannot be traced; single fits run it as it is.
        except Exception as error:
            raise NotStackableError(str(error)) from error
        if (_get_state(module), _get_generator_states()) == before:
            break
    else:
        raise NotStackableError("a forward that changes the module or draws random numbers")
    if any(submodule.training is not training for submodule in module.modules()):
        raise NotStackableError("submodules that are always, or never, in training")
    return graph


def describe_settings(module):
    """Return all attributes of a module and its submodules that have plain values, as a string.

    Modules of the same class may differ in them, for example if they are drawn at random.
    """
    attributes = _list_attributes(module)
    return repr([(name, value) for name, value in attributes if isinstance(value, _PLAIN_TYPES)])


def _get_state(module):
    """Return the attributes of a module and its submodules; for objects, their identity."""
    return [
        (name, value if isinstance(value, _PLAIN_TYPES) else id(value))
        for name, value in _list_attributes(module)
    ]


def _list_attributes(module):
    return [item for submodule in module.modules() for item in vars(submodule).items()]


def _get_generator_states():
    state = np.random.get_state()  # noqa: NPY002 (a forward may draw from the global generator)
    return torch.get_rng_state().tolist(), state[1].tolist(), state[2:], random.getstate()


class _Tracer(fx.Tracer):
    def is_leaf_module(self, module, path):
        return type(module) is not nn.Sequential and module.__module__.startswith("torch.nn.")

    def call_module(self, module, forward, args, kwargs):
        traceable_forward = get_traceable_forward(module, self)
        if traceable_forward is not None:
            return traceable_forward(*args, **kwargs)
        return super().call_module(module, forward, args, kwargs)


class Program:
    """The steps that compute a module's output and gradients, in order.

    Parameters
    ----------
    graph : fx.Graph
        The graph of one module.
    make_step : callable
        ``make_step(path, accumulate)`` returns the step of the submodule at a path.
    """

    def __init__(self, graph, make_step):
        nodes = list(graph.nodes)
        steps, numbers = _make_steps(nodes, make_step), {node: k for k, node in enumerate(nodes)}
        # Tuples of a step, the numbers of its output and its inputs, and which inputs need a
        # gradient: those that depend on weights.
        self._steps, depends_on_weights = [], set()
        for node in nodes:
            inputs = tuple(numbers[source] for source in node.all_input_nodes)
            if node.op == "placeholder":
                self._input = numbers[node]
            elif node.op == "output":
                if not isinstance(node.args[0], fx.Node):
                    raise NotStackableError("several outputs")
                self._output = inputs[0]
            else:
                step = steps[node]
                if len(inputs) != (2 if isinstance(step, Add) and step.number is None else 1):
                    raise NotStackableError("a sum of an output with itself")
                needs_grad = tuple(k in depends_on_weights for k in inputs)
                if any(needs_grad) or getattr(step, "stack", None) is not None:
                    depends_on_weights.add(numbers[node])
                self._steps.append((step, numbers[node], inputs, needs_grad))
                if isinstance(step, ReLU):
                    step.owns_input, step.owns_delta = _can_overwrite(node, steps)
        self._last_use = {k: i for i, (_, _, inputs, _) in enumerate(self._steps) for k in inputs}

    def forward(self, X, training, real_rows):
        values = {self._input: X}
        for i, (step, output, inputs, _) in enumerate(self._steps):
            if isinstance(step, BatchNorm):
                step.real_rows = real_rows
            values[output] = step.forward(training, *(values[k] for k in inputs))
            for k in inputs:
                if self._last_use[k] == i:
                    del values[k]
        return values[self._output]

    def backward(self, delta):
        deltas = {self._output: delta}
        for step, output, inputs, needs_grad in reversed(self._steps):
            if output not in deltas:
                continue
            gradients = step.backward(deltas.pop(output), any(needs_grad))
            for k, needed, gradient in zip(inputs, needs_grad, gradients, strict=True):
                if needed:
                    deltas[k] = deltas[k] + gradient if k in deltas else gradient


def _make_steps(nodes, make_step):
    """Return the step of each node of a graph that computes something."""
    if [node.op for node in nodes].count("placeholder") != 1:
        raise NotStackableError("several inputs")
    if any(not node.users for node in nodes if node.op != "output"):
        raise NotStackableError("results that are not used")
    steps, paths = {}, set()
    for node in reversed(nodes):  # in the order of the backward pass
        if node.op == "call_module":
            steps[node] = make_step(node.target, node.target in paths)
            paths.add(node.target)
            if steps[node].in_place and any(len(n.users) > 1 for n in node.all_input_nodes):
                raise NotStackableError("an input that is overwritten, and used again")
        elif node.op not in ("placeholder", "output"):
            steps[node] = _make_function_step(node)
    return steps


def _can_overwrite(node, steps):
    """Whether linear layers make a step's input, and its gradient, for this step alone."""

    def is_linear(other):
        return isinstance(steps.get(other), Linear)

    source, users = node.all_input_nodes[0], [*node.users]
    return is_linear(source) and len(source.users) == 1, len(users) == 1 and is_linear(users[0])


# Submodules that treat each (B, ...) of an input (K, B, ...) in the same way


def make_weightless_step(module):
    """Return the step of a submodule without weights and random draws; None if there is none."""
    kind = type(module)
    if kind is nn.ReLU:
        return ReLU(module.inplace)
    if kind in _ELEMENTWISE_MODULES:
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


def get_layer_class(module):
    """Return the class of the steps of a submodule with weights."""
    kind = type(module)
    if kind in (nn.Linear, NonDynamicallyQuantizableLinear):
        return Linear
    if kind is nn.MultiheadAttention:
        return SelfAttention
    if kind is nn.LayerNorm and len(module.normalized_shape) == 1:
        return LayerNorm
    if kind is nn.BatchNorm1d and module.track_running_stats and module.momentum is not None:
        return BatchNorm
    raise NotStackableError(kind.__name__)


def _flatten(X):
    return X.flatten(2)


# Functions and methods; the makers get the function, its arguments and its keyword arguments


def _make_function_step(node):
    """Return the step of a call of a function or method."""
    make = _FUNCTION_STEPS.get(node.target) if node.op.startswith("call_") else None
    step = None if make is None else make(node.target, node.args, dict(node.kwargs))
    if step is None:
        raise NotStackableError(f"{node.op} {node.target}")
    return step


def _make_add(function, args, options):
    numbers = [arg for arg in args if not isinstance(arg, fx.Node)]
    is_number = not numbers or isinstance(numbers[0], (int, float))
    return Add(*numbers) if is_number and len(args) == 2 and not options else None


def _make_relu(function, args, options):
    return ReLU() if len(args) < 2 and not any(options.values()) else None


def _make_softmax(function, args, options):
    dim = options["dim"] if "dim" in options else (*args[1:], None)[0]
    # Outputs are (B, C).
    return Elementwise(functools.partial(function, dim=-1)) if dim in (-1, 1) else None


def _make_flatten(function, args, options):
    return Elementwise(_flatten) if not options and args[1:] in ((1,), (1, -1)) else None


def _make_mean(function, args, options):
    dim = options.pop("dim") if "dim" in options else (*args[1:], None)[0]
    is_supported = not options and len(args) < 3 and isinstance(dim, int)
    return Elementwise(functools.partial(_mean, dim=dim)) if is_supported else None


def _mean(X, dim):
    """Return the mean over an axis of the (B, ...) of each module, except the first axis."""
    dim = dim % (X.ndim - 1) + 1
    if dim < 2:
        raise NotStackableError("a mean over rows")
    return X.mean(dim)


def _make_getitem(function, args, options):
    index = args[1] if isinstance(args[1], tuple) else ()
    if len(index) == 2 and index[0] == slice(None) and isinstance(index[1], int):
        return Elementwise(lambda X: X[:, :, index[1]])
    return None


def _make_elementwise(function, args, options):
    if any(value is True for value in [*args[1:], *options.values()]):  # in place
        return None
    function = getattr(torch, function) if isinstance(function, str) else function
    return Elementwise(lambda X: function(X, *args[1:], **options))


_ELEMENTWISE_FUNCTIONS: tuple[Any, ...] = (torch.sigmoid, "sigmoid", F.sigmoid, F.silu, F.elu)
_ELEMENTWISE_FUNCTIONS += (torch.tanh, "tanh", F.tanh, F.gelu, F.leaky_relu, F.selu, F.softplus)
_FUNCTION_STEPS: dict[Any, Any] = {
    **dict.fromkeys((operator.add, torch.add, "add"), _make_add),
    **dict.fromkeys((F.relu, torch.relu, "relu"), _make_relu),
    **dict.fromkeys((F.softmax, F.log_softmax), _make_softmax),
    torch.flatten: _make_flatten,
    **dict.fromkeys((torch.mean, "mean"), _make_mean),
    operator.getitem: _make_getitem,
    **dict.fromkeys(_ELEMENTWISE_FUNCTIONS, _make_elementwise),
}
