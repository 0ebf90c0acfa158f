"""What stacked layers compute on batches of K nets, (K, B, ...), and the gradients of it.

Autograd writes down each operation and makes new arrays on the way back; small nets spend more
time on that than on arithmetic. For the layers that most nets are made of the way back is known,
and writes gradients where the optimizer looks for them. Of any other layer autograd is asked.
"""

import math

import torch


class NotStackableError(Exception):
    """The modules do what is not known to work on stacks; train them one by one."""


class Step:
    """One operation: forward, and backward from the gradient of what it last returned."""

    # Whether torch's own would write over its input.
    in_place = False

    def forward(self, training, *inputs):
        """Return the output (K, B, ...); where `training`, keep what `backward` needs."""
        raise NotStackableError(type(self).__name__)

    def backward(self, delta, wanted):
        """Return the gradient of every input, given that of the output.

        Where `wanted` is False, nobody looks at the gradients of inputs.
        """
        raise NotStackableError(type(self).__name__)


class Add(Step):
    """The sum of two outputs, or of one and a number."""

    def __init__(self, number=None):
        self.number = number

    def forward(self, training, *inputs):
        return torch.add(*inputs) if self.number is None else inputs[0] + self.number

    def backward(self, delta, wanted):
        return (delta, delta) if self.number is None else (delta,)


class Rectify(Step):
    """The positive part."""

    # Whether nobody else looks at the input, or at the gradient of the output.
    owns_input = owns_delta = False

    def __init__(self, in_place=False):
        self.in_place = in_place

    def forward(self, training, X):
        self.out = X.relu_() if self.owns_input else torch.relu(X)
        return self.out

    def backward(self, delta, wanted):
        backward = torch.ops.aten.threshold_backward
        if self.owns_delta:
            return (backward.grad_input(delta, self.out, 0, grad_input=delta),)
        return (backward(delta, self.out, 0),)


class Drop(Step):
    """Dropout; each net's numbers come from its own generator, whatever nets are beside it."""

    def __init__(self, p, generators, in_place=False):
        self.in_place = in_place
        # Sixteen bits decide on an entry: torch's own draws take longer than small layers do.
        self.keep, self.generators = round((1 - p) * _LEVELS), generators

    def forward(self, training, X):
        self.noise = self.draw(X.shape, training)
        return X if self.noise is None else X * self.noise

    def draw(self, shape, training):
        """Return what entries are multiplied by, zero or more than one; None where it is one."""
        if not training or self.keep == _LEVELS:
            return None
        n_models, n_entries = shape[0], math.prod(shape[1:])
        words = torch.empty(n_models, -(-n_entries // 4), dtype=torch.int64)
        for own, generator in zip(words, self.generators, strict=True):
            own.random_(torch.iinfo(torch.int64).min, None, generator=generator)
        bits = words.view(torch.int16)[:, :n_entries].view(shape)
        noise = torch.lt(bits, self.keep - _LEVELS // 2).to(torch.float32)
        return noise.mul_(_LEVELS / max(self.keep, 1))

    def backward(self, delta, wanted):
        return (delta if self.noise is None else delta * self.noise,)


_LEVELS = 2**16


class Elementwise(Step):
    """Any function of one input that treats all entries, or all rows, alike."""

    def __init__(self, function, in_place=False):
        self.function, self.in_place = function, in_place

    def forward(self, training, X):
        if not training:
            return self.function(X)
        self.X = X.detach().requires_grad_()
        with torch.enable_grad():
            self.out = self.function(self.X)
        return self.out.detach()

    def backward(self, delta, wanted):
        return torch.autograd.grad(self.out, self.X, delta)


class Stack:
    """The weights and statistics of K layers of the same make.

    Parameters
    ----------
    parts : list of nn.Module
        The layers.

    Attributes
    ----------
    weights, gradients : dict of str to Tensor of shape (K, ...)
        Views of all weights and gradients; the stack's owner gives them their place.
    buffers : dict of str to Tensor of shape (K, ...)
        The statistics.
    """

    def __init__(self, parts):
        first = parts[0]
        if any(not w.requires_grad or w.dtype != torch.float32 for w in first.parameters()):
            raise NotStackableError("frozen weights, or not of single precision")
        self.parts, self.weights, self.gradients = parts, {}, {}
        self.buffers = {
            name: torch.stack([getattr(part, name) for part in parts]) for name in first._buffers
        }


class Layer(Step):
    """One use of a stack of layers.

    Parameters
    ----------
    stack : Stack
        Weights and statistics.
    adds : bool
        Whether the way back has been at this stack before, so that gradients add up.
    """

    def __init__(self, stack, adds):
        self.stack, self.adds = stack, adds

    def put(self, name, values, rows):
        """Hand the gradient of a weight over: the sum of values over rows."""
        place = self.stack.gradients[name]
        if self.adds:
            place.add_(values.sum(rows))
        else:
            torch.sum(values, rows, out=place)


class Linear(Layer):
    """Affine maps of the last axis."""

    def __init__(self, stack, adds, prefix=""):
        super().__init__(stack, adds)
        self.weight, self.bias = prefix + "weight", prefix + "bias"

    def forward(self, training, X):
        weight = self.stack.weights[self.weight].transpose(1, 2)
        self.shape, self.X = X.shape, X if X.ndim == 3 else X.flatten(1, -2)
        if self.bias in self.stack.weights:
            out = torch.baddbmm(self.stack.weights[self.bias].unsqueeze(1), self.X, weight)
        else:
            out = torch.bmm(self.X, weight)
        return out if X.ndim == 3 else out.view(*self.shape[:-1], -1)

    def backward(self, delta, wanted):
        delta, gradients = delta if delta.ndim == 3 else delta.flatten(1, -2), self.stack.gradients
        if self.adds:
            gradients[self.weight].baddbmm_(delta.transpose(1, 2), self.X)
        else:
            torch.bmm(delta.transpose(1, 2), self.X, out=gradients[self.weight])
        if self.bias in gradients:
            self.put(self.bias, delta, 1)
        if not wanted:
            return (None,)
        return (torch.bmm(delta, self.stack.weights[self.weight]).view(self.shape),)


class _Norm(Layer):
    """Entries less their mean over an axis, by their standard deviation; then an affine map."""

    axis: int
    # Of a batch that is filled up: which rows are its own (K, B, 1), and how many (K, 1, 1).
    known = None

    def mean(self, values):
        """Return the mean over the axis, of rows that only fill up a batch none."""
        if self.known is None:
            return values.mean(self.axis, keepdim=True)
        own, counts = self.known
        return (values * own).sum(self.axis, keepdim=True) / counts

    def normalize(self, X):
        """Return mean and variance; keep X of mean 0 and variance 1."""
        # In two passes: torch.var_mean is exact in one, and takes four times as long.
        mean = self.mean(X)
        self.normal = X - mean
        variance = self.mean(self.normal.square())
        self.factor = (variance + self.stack.parts[0].eps).rsqrt_()
        self.normal.mul_(self.factor)
        return mean, variance

    def scale(self, X):
        """Return the affine map of the last axis, where there is one."""
        weight, bias = (self.own(name, X.ndim) for name in ("weight", "bias"))
        if weight is None:
            return X
        return X * weight if bias is None else torch.addcmul(bias, X, weight)

    def own(self, name, ndim):
        """Return a weight in the shape of (K, 1, ..., D), or None."""
        weight = self.stack.weights.get(name)
        return None if weight is None else weight.view(len(weight), *[1] * (ndim - 2), -1)

    def backward(self, delta, wanted):
        rows, weight = [*range(1, delta.ndim - 1)], self.own("weight", delta.ndim)
        if weight is not None:
            self.put("weight", delta * self.normal, rows)
        if "bias" in self.stack.gradients:
            self.put("bias", delta, rows)
        if not wanted:
            return (None,)
        delta = delta if weight is None else delta * weight
        along = self.mean(delta * self.normal)
        found = torch.addcmul(delta, self.normal, along, value=-1)
        found.sub_(self.mean(delta)).mul_(self.factor)
        return (found if self.known is None else found.mul_(self.known[0]),)


class LayerNorm(_Norm):
    """Layer norms of the last axis."""

    axis = -1

    def forward(self, training, X):
        self.normalize(X)
        return self.scale(self.normal)


class BatchNorm(_Norm):
    """Batch norms of (K, B, D)."""

    axis = 1

    def forward(self, training, X):
        if X.ndim != 3:
            raise NotStackableError("batch norms of other than two dimensions")
        buffers, first = self.stack.buffers, self.stack.parts[0]
        mean, variance = buffers["running_mean"], buffers["running_var"]
        if not training:
            factor = (variance + first.eps).rsqrt().unsqueeze(1)
            return self.scale((X - mean.unsqueeze(1)).mul_(factor))
        count = torch.tensor(X.shape[1]) if self.known is None else self.known[1][:, 0]
        now, spread = self.normalize(X)
        buffers["num_batches_tracked"].add_(1)
        mean.lerp_(now[:, 0], first.momentum)
        variance.lerp_(spread[:, 0] * (count / (count - 1)), first.momentum)
        return self.scale(self.normal)
