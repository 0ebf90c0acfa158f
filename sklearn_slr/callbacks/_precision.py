"""Train a skorch net in mixed precision: bfloat16 where it is safe, float32 elsewhere."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import torch
from skorch.callbacks import Callback


class MixedPrecision(Callback):
    """Train a net in mixed precision with torch's autocast and bfloat16.

    In training, convolutions and matrix products use 16 bits, and norms and losses 32 bits.
    Weights, gradients, the optimizer's state and the outputs of the module stay float32, and so
    do all predictions, including those for validation [1]_.

    See Also
    --------
    StochasticWeightAveraging : List it after this callback, so that batch norm statistics are
        computed in float32.

    Notes
    -----
    Use it if convolutions or wide matrix products take most of the time, on a GPU or on a CPU with
    instructions for bfloat16 (AVX-512 BF16, AMX). Small layers get slower. A net with this
    callback is trained on its own, not in one pass with the nets of other folds.

    The callback adds hooks to the net's ``module_`` and removes them when training ends. If
    training fails, the hooks remain until the next training with this callback.

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
        """Add the hooks for mixed precision to the module.

        Parameters
        ----------
        net : skorch.NeuralNet
            The net.
        X, y : ignored
            The training data.
        **kwargs : dict
            Other arguments from skorch.
        """
        _remove_hooks(net.module_)  # of a training that failed
        hooks = _AutocastHooks()
        net.module_.register_forward_pre_hook(hooks.enter)
        net.module_.register_forward_hook(hooks.leave, always_call=True)

    def on_train_end(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Remove the hooks from the module.

        Parameters
        ----------
        net : skorch.NeuralNet
            The net.
        X, y : ignored
            The training data.
        **kwargs : dict
            Other arguments from skorch.
        """
        _remove_hooks(net.module_)


def _remove_hooks(module):
    """Remove the autocast hooks of a module, which may be a copy of the original module."""
    for hooks in (module._forward_pre_hooks, module._forward_hooks):
        owners = {key: getattr(hook, "__self__", None) for key, hook in hooks.items()}
        for key, owner in owners.items():
            if isinstance(owner, _AutocastHooks):
                del hooks[key]
                module._forward_hooks_always_called.pop(key, None)


class _AutocastHooks:
    """Hooks that put each forward of a module in training into an autocast context."""

    def __init__(self):
        # A stack, because a module may call itself.
        self.contexts = []

    def enter(self, module, inputs):
        """Enter the context."""
        device = next((weight.device.type for weight in module.parameters()), "cpu")
        context = torch.autocast(device, torch.bfloat16, enabled=module.training)
        context.__enter__()
        self.contexts.append(context)

    def leave(self, module, inputs, output):
        """Leave the context, even after an error, and return float32 outputs."""
        if self.contexts:  # empty if another hook failed before `enter`
            self.contexts.pop().__exit__(None, None, None)
        return _to_float32(output)


def _to_float32(output):
    """Convert bfloat16 tensors, also in tuples, lists and mappings, to float32."""
    if isinstance(output, torch.Tensor):
        return output.float() if output.dtype == torch.bfloat16 else output
    if isinstance(output, MutableMapping):
        for name in output:
            output[name] = _to_float32(output[name])
    elif isinstance(output, tuple) and hasattr(output, "_fields"):
        return type(output)(*map(_to_float32, output))
    elif type(output) in (list, tuple):
        return type(output)(map(_to_float32, output))
    return output
