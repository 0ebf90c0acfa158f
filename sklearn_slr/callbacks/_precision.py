"""Train a skorch net in half precision where that is safe."""

from collections.abc import MutableMapping
from typing import Any

import torch
from skorch.callbacks import Callback


class MixedPrecision(Callback):
    """Run the forward of a net in bfloat16, while it trains, where torch knows that to be safe.

    Convolutions and matrix products take numbers of 16 bits, norms and losses of 32: torch's
    autocast. Weights, gradients, moments and what the module returns stay float32, and so does
    every prediction, on validation rows too [1]_.

    See Also
    --------
    StochasticWeightAveraging : List it after this one; its statistics are then those of float32.

    Notes
    -----
    Worth its rounding where convolutions or wide matrix products take most of the time, on a GPU
    or on a CPU with instructions for bfloat16 (AVX-512 BF16, AMX). Small layers get slower. A net
    with this callback is trained by itself: folds do not share a pass.

    It works by hooks on the net's ``module_``, which go when training ends. A training that fails
    leaves them; the next one with this callback takes them away.

    References
    ----------
    .. [1] Micikevicius, Narang, Alben, Diamos, Elsen, Garcia, Ginsburg, Houston, Kuchaiev,
       Venkatesh, Wu: Mixed Precision Training, ICLR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from skorch import NeuralNetRegressor
    >>> from sklearn_slr.callbacks import MixedPrecision
    >>> X = np.linspace(-1, 1, 20, dtype=np.float32).reshape(-1, 1)
    >>> net = NeuralNetRegressor(
    ...     torch.nn.Linear, module__in_features=1, module__out_features=1, max_epochs=6,
    ...     train_split=None, verbose=0, callbacks=[MixedPrecision()],
    ... )
    >>> net.fit(X, 2 * X).predict(X).dtype
    dtype('float32')
    """

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Have the module run in mixed precision from now on.

        Parameters
        ----------
        net : skorch.NeuralNet
            The net.
        X, y : ignored
            What the net learns from.
        **kwargs : dict
            What else skorch tells.
        """
        _remove_hooks(net.module_)  # of a training that was broken off
        context = _Context()
        net.module_.register_forward_pre_hook(context.enter)
        net.module_.register_forward_hook(context.leave, always_call=True)

    def on_train_end(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Give the module back as it was.

        Parameters
        ----------
        net : skorch.NeuralNet
            The net.
        X, y : ignored
            What the net has learned from.
        **kwargs : dict
            What else skorch tells.
        """
        _remove_hooks(net.module_)


def _remove_hooks(module):
    """Take ours off a module, which may be a copy of the one that they were made for."""
    for hooks in (module._forward_pre_hooks, module._forward_hooks):
        ours = [k for k, hook in hooks.items() if isinstance(_owner(hook), _Context)]
        for k in ours:
            del hooks[k]
            module._forward_hooks_always_called.pop(k, None)


def _owner(hook):
    return getattr(hook, "__self__", None)


class _Context:
    """The autocast around each forward of a module in training."""

    def __init__(self):
        self.entered = []

    def enter(self, module, inputs):
        """Begin it; the module may call itself."""
        device = next((weight.device.type for weight in module.parameters()), "cpu")
        context = torch.autocast(device, torch.bfloat16, enabled=module.training)
        context.__enter__()
        self.entered.append(context)

    def leave(self, module, inputs, output):
        """End it, also after an error, and return outputs of single precision."""
        if self.entered:  # another hook may have failed before ours
            self.entered.pop().__exit__(None, None, None)
        return _as_single(output)


def _as_single(output):
    """Return outputs, in whatever tuples, lists and mappings they are, bfloat16 made float32."""
    if isinstance(output, torch.Tensor):
        return output.float() if output.dtype == torch.bfloat16 else output
    if isinstance(output, MutableMapping):
        for name in output:
            output[name] = _as_single(output[name])
    elif isinstance(output, tuple) and hasattr(output, "_fields"):
        return type(output)(*map(_as_single, output))
    elif type(output) in (list, tuple):
        return type(output)(map(_as_single, output))
    return output
