"""Self-attention of stacked modules, and torch's encoder layers in terms of supported layers."""

import math

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 (torch's own abbreviation)

from ._layers import Layer, Linear, NotStackableError


class SelfAttention(Layer):
    """Self-attention of (K, B, T, D), without its output projection.

    Parameters
    ----------
    stack : LayerStack
        The ``nn.MultiheadAttention`` of every module.
    accumulate : bool
        As in `Layer`.
    dropout : Dropout
        The dropout of the attention weights.
    """

    def __init__(self, stack, accumulate, dropout):
        super().__init__(stack, accumulate)
        self.projection, self.dropout = Linear(stack, accumulate, "in_proj_"), dropout

    def forward(self, training, X):
        """Return the outputs of the heads (K, B, T, D)."""
        self.projected = self.projection.forward(training, X).requires_grad_(training)
        with torch.set_grad_enabled(training):
            self.out = self._attend(self.projected, training)
        return self.out.detach()

    def _attend(self, projected, training):
        n_models, n_rows, n_steps, width = projected.shape
        n_heads = self.stack.layers[0].num_heads
        shape = (n_models * n_rows, n_steps, 3, n_heads, -1)
        query, key, value = projected.view(shape).permute(2, 0, 3, 1, 4)
        factors = self.dropout.draw_factors((n_models, n_rows, n_heads, n_steps, n_steps), training)
        if factors is None:
            out = F.scaled_dot_product_attention(query, key, value)
        else:
            scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
            out = (scores.softmax(-1) * factors.flatten(0, 1)) @ value
        return out.transpose(1, 2).reshape(n_models, n_rows, n_steps, width // 3)

    def backward(self, delta, needs_input_grad):
        """Return the gradient of X."""
        (delta,) = torch.autograd.grad(self.out, self.projected, delta)
        return self.projection.backward(delta, needs_input_grad)


def get_traceable_forward(module, tracer):
    """Return a forward for a module of torch that consists of supported layers only.

    Parameters
    ----------
    module : nn.Module
        A submodule of the module that is traced.
    tracer : torch.fx.Tracer
        The tracer that records the layers.

    Returns
    -------
    callable or None
        A forward with the same arguments as the module's own; None if the module is neither
        attention nor an encoder.

    Raises
    ------
    NotStackableError
        When the forward is called with masks, or for attention to other inputs.
    """
    forwards = {
        nn.MultiheadAttention: _attention_forward,
        nn.TransformerEncoderLayer: _encoder_layer_forward,
        nn.TransformerEncoder: _encoder_forward,
    }
    forward = forwards.get(type(module))
    if forward is None:
        return None

    def traceable_forward(X, *others, **options):
        options.pop("need_weights", None)  # they are not returned
        if any(other is not X for other in others) or any(options.values()):
            raise NotStackableError("masks, or attention to other inputs")
        return forward(module, X, tracer)

    return traceable_forward


def _attention_forward(module, X, tracer):
    is_unusual = module.bias_k is not None or module.add_zero_attn
    if is_unusual or not (module._qkv_same_embed_dim and module.batch_first):
        raise NotStackableError("attention with unsupported options")
    heads = tracer.create_proxy("call_module", tracer.path_of_module(module), (X,), {})
    return module.out_proj(heads), None


def _encoder_layer_forward(module, X, tracer):
    def attend(X):
        return module.dropout1(module.self_attn(X, X, X)[0])

    def feed_forward(X):
        hidden = module.dropout(module.activation(module.linear1(X)))
        return module.dropout2(module.linear2(hidden))

    if module.norm_first:
        X = X + attend(module.norm1(X))
        return X + feed_forward(module.norm2(X))
    X = module.norm1(X + attend(X))
    return module.norm2(X + feed_forward(X))


def _encoder_forward(module, X, tracer):
    for layer in module.layers:
        X = layer(X)
    return X if module.norm is None else module.norm(X)
