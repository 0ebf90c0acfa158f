"""Train a skorch net in half precision where that is safe."""

from typing import Any, Self

import torch
from skorch.callbacks import Callback


class MixedPrecision(Callback):
    """Run the forward of a net in bfloat16, while it trains, where torch knows that to be safe.

    Convolutions and matrix products take numbers of 16 bits, norms and losses of 32: torch's
    autocast. Weights, gradients, moments and what the module returns stay float32, and so does
    every prediction, on validation rows too [1]_.

    Attributes
    ----------
    handles_ : list
        The hooks on the module while it trains; empty before and after.

    See Also
    --------
    StochasticWeightAveraging : Another way to train a net.

    Notes
    -----
    Worth its rounding where convolutions or wide matrix products take most of the time, on a GPU
    or on a CPU with instructions for bfloat16 (AVX-512 BF16, AMX). Small layers get slower. A net
    with this callback is trained by itself: folds do not share a pass.

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

    def initialize(self) -> Self:
        """Forget the hooks of an earlier module.

        Returns
        -------
        self
            The callback.
        """
        self.handles_: list[Any] = []
        return self

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
        self._remove()  # of a training that was broken off
        context = _Context()
        self.handles_ = [
            net.module_.register_forward_pre_hook(context.enter),
            net.module_.register_forward_hook(context.leave, always_call=True),
        ]

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
        self._remove()

    def _remove(self):
        for handle in self.handles_:
            handle.remove()
        self.handles_ = []


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
        self.entered.pop().__exit__(None, None, None)
        return _as_single(output)


def _as_single(output):
    """Return outputs, in whatever tuples, lists and dicts they are, with bfloat16 made float32."""
    if isinstance(output, torch.Tensor):
        return output.float() if output.dtype == torch.bfloat16 else output
    if type(output) is dict:
        return {name: _as_single(part) for name, part in output.items()}
    if type(output) in (list, tuple):
        return type(output)(_as_single(part) for part in output)
    return output
