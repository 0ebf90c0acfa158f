"""Self-attention of stacked modules, and torch's encoder blocks in the parts that stacks know."""

import math

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 (torch's own abbreviation)

from ._layers import Layer, Linear, NotStackableError


class Attend(Layer):
    """Self-attention of (K, B, T, D), without the map of its output.

    Parameters
    ----------
    stack : Stack
        The ``nn.MultiheadAttention`` of every module.
    adds : bool
        As in `Layer`.
    drop : Drop
        The dropout of its weights.
    """

    def __init__(self, stack, adds, drop):
        super().__init__(stack, adds)
        self.project, self.drop = Linear(stack, adds, "in_proj_"), drop

    def forward(self, training, X):
        """Return the heads' outputs (K, B, T, D)."""
        self.projected = self.project.forward(training, X).requires_grad_(training)
        with torch.set_grad_enabled(training):
            self.out = self._attend(self.projected, training)
        return self.out.detach()

    def _attend(self, projected, training):
        n_models, n_rows, n_steps, width = projected.shape
        n_heads = self.stack.parts[0].num_heads
        shape = (n_models * n_rows, n_steps, 3, n_heads, -1)
        query, key, value = projected.view(shape).permute(2, 0, 3, 1, 4)
        noise = self.drop.draw((n_models, n_rows, n_heads, n_steps, n_steps), training)
        if noise is None:
            out = F.scaled_dot_product_attention(query, key, value)
        else:
            scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
            out = (scores.softmax(-1) * noise.flatten(0, 1)) @ value
        return out.transpose(1, 2).reshape(n_models, n_rows, n_steps, width // 3)

    def backward(self, delta, wanted):
        """Return the gradient of X."""
        (delta,) = torch.autograd.grad(self.out, self.projected, delta)
        return self.project.backward(delta, wanted)


def taken_apart(module, tracer):
    """Return the forward of a module of torch's own, in parts; None for modules of other kinds.

    Parameters
    ----------
    module : nn.Module
        A part of the module that is traced.
    tracer : torch.fx.Tracer
        Who writes the parts down.

    Returns
    -------
    callable or None
        Its forward, for the arguments of the module's own.

    Raises
    ------
    NotStackableError
        If the module does what the parts do not: attention to other inputs, or masks.
    """
    forwards = {
        nn.MultiheadAttention: _attention,
        nn.TransformerEncoderLayer: _encoder_layer,
        nn.TransformerEncoder: _encoder,
    }
    forward = forwards.get(type(module))
    if forward is None:
        return None

    def call(X, *others, **options):
        options.pop("need_weights", None)  # nobody gets them
        if any(each is not X for each in others) or any(options.values()):
            raise NotStackableError("masks, or attention to other inputs")
        return forward(module, X, tracer)

    return call


def _attention(module, X, tracer):
    odd = module.bias_k is not None or module.add_zero_attn or not module._qkv_same_embed_dim
    if odd or not module.batch_first:
        raise NotStackableError("attention of a rare kind")
    heads = tracer.create_proxy("call_module", tracer.path_of_module(module), (X,), {})
    return module.out_proj(heads), None


def _encoder_layer(module, X, tracer):
    def attend(X):
        return module.dropout1(module.self_attn(X, X, X)[0])

    def feed(X):
        hidden = module.dropout(module.activation(module.linear1(X)))
        return module.dropout2(module.linear2(hidden))

    if module.norm_first:
        X = X + attend(module.norm1(X))
        return X + feed(module.norm2(X))
    X = module.norm1(X + attend(X))
    return module.norm2(X + feed(X))


def _encoder(module, X, tracer):
    for layer in module.layers:
        X = layer(X)
    return X if module.norm is None else module.norm(X)
