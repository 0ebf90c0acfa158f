"""Train image nets on a CPU in channels-last order, in which convolutions are fastest.

Only the order of the weights in memory changes, not their values, and it is restored when training
ends. Results are equal up to rounding. Dropout after a convolution draws for the entries in
another order.
"""

import copy

import torch
from torch import nn

from ..utils._random import isolated_generators

# The number of rows on which outputs and gradients are compared.
_N_ROWS = 4


class ChannelsLast:
    """The order of a net's weights in memory while it trains.

    Parameters
    ----------
    net_class : type
        Class of the net. The order never changes if the class has its own training methods: they
        may use the weights in a way that needs the default order, such as `view`.
    """

    def __init__(self, net_class):
        names = ("fit_loop", "train_step", "train_step_single", "infer", "get_loss", "forward_iter")
        methods = [getattr(net_class, name) for name in names]
        self._may_change = all(map(_is_defined_by_skorch, methods))
        self._module = None

    def apply(self, net, X):
        """Change to channels last, if that gives the same results up to rounding.

        Parameters
        ----------
        net : skorch.NeuralNet
            A net before its first training step; at later steps nothing happens.
        X : object
            The inputs of that step.
        """
        if not self._may_change:
            return
        self._may_change = False
        if _is_image_net(net, X) and _gives_same_results(net.module_, X[:_N_ROWS]):
            self._module = net.module_.to(memory_format=torch.channels_last)

    def restore(self, net):
        """Restore the default order of the weights and of the optimizer's state."""
        if self._module is None:
            return
        self._module.to(memory_format=torch.contiguous_format)
        self._module = None
        for state in net.optimizer_.state.values():
            state.update(
                {k: v.contiguous() for k, v in state.items() if isinstance(v, torch.Tensor)}
            )


_OPTIMIZERS = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop)


def _is_defined_by_skorch(obj):
    """Whether a class or function is defined by skorch or by this package."""
    return obj.__module__.startswith(("skorch.", "sklearn_slr."))


def _is_image_net(net, X):
    return (
        net._modules == ["module"]
        and net._optimizers == ["optimizer"]
        and type(net.optimizer_) in _OPTIMIZERS
        and all(_is_defined_by_skorch(type(callback)) for _, callback in net.callbacks_)
        and isinstance(X, torch.Tensor)
        and X.ndim == 4
        and X.device.type == "cpu"
        and X.dtype == torch.float32
        and any(type(layer) is nn.Conv2d for layer in net.module_.modules())
        and all(weight.is_cpu and weight.is_contiguous() for weight in net.module_.parameters())
    )


def _gives_same_results(module, X):
    """Whether channels last gives the same outputs and gradients, and a training step works."""
    try:
        with isolated_generators(0), torch.enable_grad():
            plain, last = copy.deepcopy(module), copy.deepcopy(module)
            last.to(memory_format=torch.channels_last)
            last.train()(X)  # fails for a `view` that needs the default order
            last.load_state_dict(plain.state_dict())
            pairs = [[each.eval()(X) for each in (plain, last)]]
            for out in pairs[0]:
                out.square().mean().backward()
            weights = zip(plain.parameters(), last.parameters(), strict=True)
            pairs += [(a.grad, b.grad) for a, b in weights]
    # A module may do anything with its inputs. If it fails here, keep the default order.
    except Exception:
        return False
    return all(
        (a is None and b is None) or torch.allclose(a, b, rtol=1e-3, atol=1e-5) for a, b in pairs
    )
