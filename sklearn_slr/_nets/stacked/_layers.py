"""Forward and backward computations of stacked layers, on batches (K, B, ...) of K nets.

Autograd records each operation and allocates new arrays in the backward pass. In small nets, this
takes longer than the arithmetic. The gradients of the most common layers are therefore computed
here, and written where the optimizer reads them. Other layers use autograd.

In the backward pass, ``delta`` is the gradient of the loss with respect to an output.
"""

import math

import torch


class NotStackableError(Exception):
    """The modules are not supported in a stack: train them one by one."""


class Step:
    """One operation: a forward pass, and the backward pass of its last forward pass."""

    # Whether torch's own module overwrites its input.
    in_place = False

    def forward(self, training, *inputs):
        """Return the output (K, B, ...); if `training`, keep what `backward` needs."""
        raise NotStackableError(type(self).__name__)

    def backward(self, delta, needs_input_grad):
        """Return the gradient of every input, given that of the output.

        If `needs_input_grad` is False, the gradients of inputs are not used and may be None.
        """
        raise NotStackableError(type(self).__name__)


class Add(Step):
    """The sum of two outputs, or of an output and a number."""

    def __init__(self, number=None):
        self.number = number

    def forward(self, training, *inputs):
        return torch.add(*inputs) if self.number is None else inputs[0] + self.number

    def backward(self, delta, needs_input_grad):
        return (delta, delta) if self.number is None else (delta,)


class ReLU(Step):
    """Rectified linear units."""

    # Whether no other step uses the input, or the gradient of the output: it may be overwritten.
    owns_input = owns_delta = False

    def __init__(self, in_place=False):
        self.in_place = in_place

    def forward(self, training, X):
        self.out = X.relu_() if self.owns_input else torch.relu(X)
        return self.out

    def backward(self, delta, needs_input_grad):
        backward = torch.ops.aten.threshold_backward
        if self.owns_delta:
            return (backward.grad_input(delta, self.out, 0, grad_input=delta),)
        return (backward(delta, self.out, 0),)


class Dropout(Step):
    """Dropout; each net draws from its own generator, so the other nets do not affect it."""

    def __init__(self, p, generators, in_place=False):
        self.in_place = in_place
        # Each entry uses 16 random bits: torch's own draws take longer than small layers do.
        self.n_kept_levels, self.generators = round((1 - p) * _N_LEVELS), generators

    def forward(self, training, X):
        self.factors = self.draw_factors(X.shape, training)
        return X if self.factors is None else X * self.factors

    def draw_factors(self, shape, training):
        """Return the factor of each entry, 0 or 1 / (1 - p); None if all are 1."""
        if not training or self.n_kept_levels == _N_LEVELS:
            return None
        n_models, n_entries = shape[0], math.prod(shape[1:])
        words = torch.empty(n_models, -(-n_entries // 4), dtype=torch.int64)
        for model_words, generator in zip(words, self.generators, strict=True):
            model_words.random_(torch.iinfo(torch.int64).min, None, generator=generator)
        bits = words.view(torch.int16)[:, :n_entries].view(shape)
        kept = torch.lt(bits, self.n_kept_levels - _N_LEVELS // 2).to(torch.float32)
        return kept.mul_(_N_LEVELS / max(self.n_kept_levels, 1))

    def backward(self, delta, needs_input_grad):
        return (delta if self.factors is None else delta * self.factors,)


_N_LEVELS = 2**16


class Elementwise(Step):
    """Any function of one input that treats all entries, or all rows, in the same way."""

    def __init__(self, function, in_place=False):
        self.function, self.in_place = function, in_place

    def forward(self, training, X):
        if not training:
            return self.function(X)
        self.X = X.detach().requires_grad_()
        with torch.enable_grad():
            self.out = self.function(self.X)
        return self.out.detach()

    def backward(self, delta, needs_input_grad):
        return torch.autograd.grad(self.out, self.X, delta)


class LayerStack:
    """The weights and statistics of K layers with the same architecture.

    Parameters
    ----------
    layers : list of nn.Module
        The layers.

    Attributes
    ----------
    weights, gradients : dict of str to Tensor of shape (K, ...)
        Views into the arrays of all weights and gradients, set by `StackedModules`.
    buffers : dict of str to Tensor of shape (K, ...)
        The statistics.
    """

    def __init__(self, layers):
        first = layers[0]
        if any(not w.requires_grad or w.dtype != torch.float32 for w in first.parameters()):
            raise NotStackableError("weights that are frozen or not float32")
        self.layers, self.weights, self.gradients = layers, {}, {}
        self.buffers = {
            name: torch.stack([getattr(layer, name) for layer in layers]) for name in first._buffers
        }


class Layer(Step):
    """One use of a stack of layers; a module may use the same layers several times.

    Parameters
    ----------
    stack : LayerStack
        Weights and statistics.
    accumulate : bool
        Whether to add gradients to those of another use, which comes earlier in the backward pass.
    """

    def __init__(self, stack, accumulate):
        self.stack, self.accumulate = stack, accumulate

    def write_gradient(self, name, values, axes):
        """Write the gradient of a weight: the sum of values over axes."""
        gradient = self.stack.gradients[name]
        if self.accumulate:
            gradient.add_(values.sum(axes))
        else:
            torch.sum(values, axes, out=gradient)


class Linear(Layer):
    """Affine maps of the last axis."""

    def __init__(self, stack, accumulate, prefix=""):
        super().__init__(stack, accumulate)
        self.weight, self.bias = prefix + "weight", prefix + "bias"

    def forward(self, training, X):
        weight = self.stack.weights[self.weight].transpose(1, 2)
        self.shape, self.X = X.shape, X if X.ndim == 3 else X.flatten(1, -2)
        if self.bias in self.stack.weights:
            out = torch.baddbmm(self.stack.weights[self.bias].unsqueeze(1), self.X, weight)
        else:
            out = torch.bmm(self.X, weight)
        return out if X.ndim == 3 else out.view(*self.shape[:-1], -1)

    def backward(self, delta, needs_input_grad):
        delta, gradients = delta if delta.ndim == 3 else delta.flatten(1, -2), self.stack.gradients
        if self.accumulate:
            gradients[self.weight].baddbmm_(delta.transpose(1, 2), self.X)
        else:
            torch.bmm(delta.transpose(1, 2), self.X, out=gradients[self.weight])
        if self.bias in gradients:
            self.write_gradient(self.bias, delta, 1)
        if not needs_input_grad:
            return (None,)
        return (torch.bmm(delta, self.stack.weights[self.weight]).view(self.shape),)


class _Norm(Layer):
    """Standardisation along an axis, then an affine map of the last axis."""

    axis: int
    # For padded batches: a mask of the rows that are not padding (K, B, 1), and their number
    # (K, 1, 1). None if there is no padding.
    real_rows = None

    def compute_mean(self, values):
        """Return the mean over the axis, without the rows that are padding."""
        if self.real_rows is None:
            return values.mean(self.axis, keepdim=True)
        mask, counts = self.real_rows
        return (values * mask).sum(self.axis, keepdim=True) / counts

    def standardize(self, X):
        """Return mean and variance; keep X with mean 0 and variance 1."""
        # In two passes: torch.var_mean is exact in one pass, but takes four times as long.
        mean = self.compute_mean(X)
        self.standardized = X - mean
        variance = self.compute_mean(self.standardized.square())
        self.inverse_std = (variance + self.stack.layers[0].eps).rsqrt_()
        self.standardized.mul_(self.inverse_std)
        return mean, variance

    def apply_affine(self, X):
        """Return the affine map of the last axis, or X if the layers have no weights."""
        weight, bias = (self.get_weight(name, X.ndim) for name in ("weight", "bias"))
        if weight is None:
            return X
        return X * weight if bias is None else torch.addcmul(bias, X, weight)

    def get_weight(self, name, ndim):
        """Return a weight in the shape (K, 1, ..., D), or None."""
        weight = self.stack.weights.get(name)
        return None if weight is None else weight.view(len(weight), *[1] * (ndim - 2), -1)

    def backward(self, delta, needs_input_grad):
        axes, weight = [*range(1, delta.ndim - 1)], self.get_weight("weight", delta.ndim)
        if weight is not None:
            self.write_gradient("weight", delta * self.standardized, axes)
        if "bias" in self.stack.gradients:
            self.write_gradient("bias", delta, axes)
        if not needs_input_grad:
            return (None,)
        delta = delta if weight is None else delta * weight
        projection = self.compute_mean(delta * self.standardized)
        gradient = torch.addcmul(delta, self.standardized, projection, value=-1)
        gradient.sub_(self.compute_mean(delta)).mul_(self.inverse_std)
        return (gradient if self.real_rows is None else gradient.mul_(self.real_rows[0]),)


class LayerNorm(_Norm):
    """Layer norms of the last axis."""

    axis = -1

    def forward(self, training, X):
        self.standardize(X)
        return self.apply_affine(self.standardized)


class BatchNorm(_Norm):
    """Batch norms of (K, B, D)."""

    axis = 1

    def forward(self, training, X):
        if X.ndim != 3:
            raise NotStackableError("batch norm of inputs that are not (n_samples, n_features)")
        buffers, first = self.stack.buffers, self.stack.layers[0]
        running_mean, running_var = buffers["running_mean"], buffers["running_var"]
        if not training:
            inverse_std = (running_var + first.eps).rsqrt().unsqueeze(1)
            return self.apply_affine((X - running_mean.unsqueeze(1)).mul_(inverse_std))
        count = torch.tensor(X.shape[1]) if self.real_rows is None else self.real_rows[1][:, 0]
        mean, variance = self.standardize(X)
        buffers["num_batches_tracked"].add_(1)
        running_mean.lerp_(mean[:, 0], first.momentum)
        running_var.lerp_(variance[:, 0] * (count / (count - 1)), first.momentum)
        return self.apply_affine(self.standardized)
