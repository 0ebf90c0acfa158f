"""Stacks of modules with the same architecture: batches of all go through in one pass."""

import math

import torch
from torch import nn

from ._attention import SelfAttention
from ._batches import ALIGNMENT
from ._graph import Program, get_layer_class, make_weightless_step, trace_graphs
from ._layers import Dropout, LayerStack, NotStackableError


class StackedModules:
    """K modules of the same class, run side by side.

    The outputs, gradients and dropout of each module are the same to the bit for any other
    modules in the stack, because each operation treats the K slices of its arrays in the same way.

    Parameters
    ----------
    modules : list of nn.Module
        The modules. They keep their weights until `unstack`.
    generators : list of torch.Generator, default=None
        The generator of each module's dropout; None is torch's global one.
    graphs : dict, default=None
        What `trace_graphs` returns for the modules; traced from the first one if not given.

    Attributes
    ----------
    weights : Parameter of shape (K, n_weights)
        The weights of every module; `backward` writes its ``grad``.

    Raises
    ------
    NotStackableError
        If the modules do something that is not supported in a stack.
    """

    def __init__(self, modules, generators=None, graphs=None):
        self.modules = modules
        self._generators = [None] * len(modules) if generators is None else generators
        self._stacks, self._real_rows = {}, {}
        if any(has_hooks(module) for module in modules):
            raise NotStackableError("hooks")
        graphs = graphs or trace_graphs(modules[0])
        self._programs = {mode: Program(graph, self._make_step) for mode, graph in graphs.items()}
        self._allocate()

    def _make_step(self, path, accumulate):
        """Return the step of the submodules at a path."""
        first = self.modules[0].get_submodule(path)
        if type(first) is nn.Dropout:
            return Dropout(first.p, self._generators, first.inplace)
        step = make_weightless_step(first)
        if step is None:
            kind = get_layer_class(first)
            if path not in self._stacks:
                self._stacks[path] = LayerStack([m.get_submodule(path) for m in self.modules])
            dropout = (Dropout(first.dropout, self._generators),) if kind is SelfAttention else ()
            step = kind(self._stacks[path], accumulate, *dropout)
        return step

    @torch.no_grad()
    def _allocate(self):
        """Copy all weights into one array, of which the layers get views."""
        self._slots, n_entries, ids = [], 0, []
        for path, stack in self._stacks.items():
            for name, weight in stack.layers[0].named_parameters(recurse=False):
                ids.append(id(weight))
                self._slots.append((path, name, n_entries, weight.shape))
                n_entries += ALIGNMENT * math.ceil(weight.numel() / ALIGNMENT)  # as in batches
        # Each weight must be in one layer; layers that share weights are not supported.
        if sorted(ids) != sorted(id(w) for w in self.modules[0].parameters()):
            raise NotStackableError("weights outside of the layers")
        self.weights = nn.Parameter(torch.zeros(len(self.modules), n_entries))
        self.weights.grad = torch.zeros(len(self.modules), n_entries)
        views = zip(self.split(self.weights.detach()), self.split(self.weights.grad), strict=True)
        for (path, name, *_), (weight, gradient) in zip(self._slots, views, strict=True):
            stack = self._stacks[path]
            stack.weights[name], stack.gradients[name] = weight, gradient
            torch.stack([getattr(layer, name) for layer in stack.layers], out=weight)

    def split(self, array):
        """Return views (K, ...) of an array of the shape of `weights`, one for each weight."""
        return [
            array[:, start : start + math.prod(shape)].view(len(array), *shape)
            for _, _, start, shape in self._slots
        ]

    def get_parameters(self, k):
        """Return the parameters of module k, in the order of `split`."""
        return [getattr(self.modules[k].get_submodule(p), name) for p, name, *_ in self._slots]

    def forward(self, X, training, sizes=None):
        """Return the outputs (K, B, ...) for inputs (K, B, ...).

        The first ``sizes[k]`` rows of net k are its batch, and the others are padding; None means
        no padding.
        """
        masked = training and sizes is not None
        real_rows = self._get_real_rows(sizes, X.shape[1]) if masked else None
        return self._programs[training].forward(X, training, real_rows)

    def _get_real_rows(self, sizes, width):
        """Return a mask of the rows that are not padding (K, width, 1), and counts (K, 1, 1)."""
        if (sizes, width) not in self._real_rows:
            counts = torch.as_tensor(sizes, dtype=torch.float32).view(-1, 1, 1)
            mask = (torch.arange(width)[:, None] < counts).to(torch.float32)
            self._real_rows[sizes, width] = mask, counts
        return self._real_rows[sizes, width]

    def backward(self, delta):
        """Write the gradients to ``weights.grad``, given that of the last output in training."""
        self._programs[True].backward(delta)

    @torch.no_grad()
    def unstack(self):
        """Write the weights and statistics back to the modules."""
        weights = self.split(self.weights.detach())
        for k in range(len(self.modules)):
            for parameter, values in zip(self.get_parameters(k), weights, strict=True):
                parameter.copy_(values[k])
        for stack in self._stacks.values():
            for name, values in stack.buffers.items():
                for layer, value in zip(stack.layers, values, strict=True):
                    getattr(layer, name).copy_(value)


def has_hooks(module):
    """Whether a module, its submodules or its weights have hooks, which may change results."""
    return any(
        value
        for owner in [*module.modules(), *module.parameters()]
        for name, value in vars(owner).items()
        if "hook" in name and isinstance(value, dict)
    ) or any(weight._backward_hooks for weight in module.parameters())
