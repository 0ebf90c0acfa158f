"""Modules of the same make as one: their weights stacked, batches of all go through at once."""

import math

import torch
from torch import nn

from ._attention import Attend
from ._batches import ALIGNED
from ._graph import Program, graphs_of, kind_of_layer, step_without_weights
from ._layers import Drop, NotStackableError, Stack


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
    graphs : dict, default=None
        What `graphs_of` found one of them to compute; looked up if it is not given.

    Attributes
    ----------
    weights : Parameter of shape (K, n_weights)
        The weights of every module; its ``grad`` is what `backward` writes.

    Raises
    ------
    NotStackableError
        If the modules do what is not known to work on stacks.
    """

    def __init__(self, modules, generators=None, graphs=None):
        self.modules = modules
        self._generators = [None] * len(modules) if generators is None else generators
        self._stacks, self._known = {}, {}
        if any(is_watched(module) for module in modules):
            raise NotStackableError("hooks")
        graphs = graphs or graphs_of(modules[0])
        self._programs = {training: Program(graphs[training], self._step) for training in graphs}
        self._allocate()

    def _step(self, path, adds):
        """Return the step of a part of the modules."""
        first = self.modules[0].get_submodule(path)
        if type(first) is nn.Dropout:
            return Drop(first.p, self._generators, first.inplace)
        step = step_without_weights(first)
        if step is None:
            kind = kind_of_layer(first)
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
