"""Train image nets on a CPU with channels last, the order that convolutions are fastest in.

The weights' order in memory is another, their values are not; a net gets its own order back when
its training ends. Numbers come out the same up to rounding; dropout after a convolution is drawn
for the entries in another order.
"""

import copy

import torch
from torch import nn

from ..utils._random import isolated_generators

# Enough to tell whether the module still computes the same.
_N_ROWS = 4


class ImageLayout:
    """The order of a net's weights while it trains.

    Parameters
    ----------
    plain : bool
        Whether the net trains as skorch does, so that nothing but its module sees the weights.
    """

    def __init__(self, plain):
        self.is_open, self._changed = plain, None

    @classmethod
    def of(cls, net_class):
        """Return what is right for a class of nets."""
        return cls(all(_is_of_skorch(getattr(net_class, name)) for name in _METHODS))

    def choose(self, net, X):
        """Put channels last, if that is known to change nothing but the speed.

        Parameters
        ----------
        net : skorch.NeuralNet
            A net about to take its first step.
        X : object
            The batch of that step.
        """
        if not self.is_open:
            return
        self.is_open = False
        if _has_images(net, X) and _computes_the_same(net.module_, X[:_N_ROWS]):
            self._changed = net.module_.to(memory_format=torch.channels_last)

    def restore(self, net):
        """Give the weights and the optimizer's moments their own order back."""
        if self._changed is None:
            return
        self._changed.to(memory_format=torch.contiguous_format)
        self._changed = None
        for state in net.optimizer_.state.values():
            state.update(
                {k: v.contiguous() for k, v in state.items() if isinstance(v, torch.Tensor)}
            )


# What looks at weights: it may want them in their own order, as `view` and its kin do.
_METHODS = ("fit_loop", "train_step", "train_step_single", "infer", "get_loss", "forward_iter")
_OPTIMIZERS = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop)


def _is_of_skorch(thing):
    return thing.__module__.startswith(("skorch.", "sklearn_slr."))


def _has_images(net, X):
    return (
        net._modules == ["module"]
        and net._optimizers == ["optimizer"]
        and type(net.optimizer_) in _OPTIMIZERS
        and all(_is_of_skorch(type(callback)) for _, callback in net.callbacks_)
        and isinstance(X, torch.Tensor)
        and X.ndim == 4
        and X.device.type == "cpu"
        and X.dtype == torch.float32
        and any(type(part) is nn.Conv2d for part in net.module_.modules())
        and all(weight.is_cpu and weight.is_contiguous() for weight in net.module_.parameters())
    )


def _computes_the_same(module, X):
    """Whether outputs and gradients are those of the usual order, and a training step runs."""
    try:
        with isolated_generators(0), torch.enable_grad():
            plain, last = copy.deepcopy(module), copy.deepcopy(module)
            last.to(memory_format=torch.channels_last)
            last.train()(X)  # a view of rows in the usual order would fail
            last.load_state_dict(plain.state_dict())
            pairs = [[each.eval()(X) for each in (plain, last)]]
            for out in pairs[0]:
                out.square().mean().backward()
            weights = zip(plain.parameters(), last.parameters(), strict=True)
            pairs += [(a.grad, b.grad) for a, b in weights]
    # Whatever a module does with its inputs: as they are, it trains.
    except Exception:
        return False
    return all(
        (a is None and b is None) or torch.allclose(a, b, rtol=1e-3, atol=1e-5) for a, b in pairs
    )
