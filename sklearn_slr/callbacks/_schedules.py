"""Learning rate schedules over a whole training run, as skorch callbacks."""

from __future__ import annotations

import functools
import math
from typing import Literal

from skorch.callbacks import LRScheduler
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR


def cosine_with_warmup(
    max_epochs: int | None = None,
    *,
    warmup: float = 0.1,
    floor: float = 0.0,
    step_every: Literal["batch", "epoch"] = "batch",
) -> LRScheduler:
    """Return a callback: the learning rate rises linearly, then falls along a cosine.

    The first m = round(warmup * n) of n steps are the warm-up: step i = 0, 1, ... has the rate
    ``lr (i + 1) / m``. The others have ``lr (floor + (1 - floor) (1 + cos(pi t)) / 2)`` with
    t = (i - m) / (n - m) [1]_. The net's own `lr` is the rate at the peak.

    Parameters
    ----------
    max_epochs : int, default=None
        Number of epochs of the schedule; None is the net's `max_epochs`. Later steps stay at the
        floor.
    warmup : float in [0, 1), default=0.1
        Fraction of the steps used for the warm-up.
    floor : float in [0, 1], default=0.0
        Rate towards which the cosine falls, as a fraction of `lr`.
    step_every : {"batch", "epoch"}, default="batch"
        How often the rate changes. The batches of an epoch are counted when training begins, so
        folds of any size run through the whole schedule.

    Returns
    -------
    skorch.callbacks.LRScheduler
        The callback. It writes the rates into the history as ``event_lr``, and its
        ``simulate(steps, initial_lr)`` returns the rates of a run with that number of steps.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    See Also
    --------
    one_cycle : The one-cycle policy.

    References
    ----------
    .. [1] He, Zhang, Zhang, Zhang, Xie, Li: Bag of Tricks for Image Classification with
       Convolutional Neural Networks, CVPR 2019.

    Examples
    --------
    >>> from sklearn_slr.callbacks import cosine_with_warmup
    >>> schedule = cosine_with_warmup(warmup=0.25)
    >>> schedule.simulate(steps=8, initial_lr=1.0).round(2).tolist()
    [0.5, 1.0, 1.0, 0.93, 0.75, 0.5, 0.25, 0.07]
    """
    _check_fraction("warmup", warmup, below_one=True)
    _check_fraction("floor", floor)
    return RunSchedule(_cosine, max_epochs, step_every=step_every, warmup=warmup, floor=floor)


def one_cycle(
    max_epochs: int | None = None,
    *,
    warmup: float = 0.3,
    step_every: Literal["batch", "epoch"] = "batch",
) -> LRScheduler:
    """Return a callback: the one-cycle policy of learning rate and momentum.

    This is torch's ``OneCycleLR`` with its peak at the net's own `lr`. The rate goes from lr / 25
    up to lr along a cosine, then down to lr / 250000. The momentum, or Adam's first beta, goes
    from 0.95 to 0.85 and back if the optimizer has one [1]_.

    Parameters
    ----------
    max_epochs : int, default=None
        Number of epochs of the schedule; None is the net's `max_epochs`. Later steps are an error.
    warmup : float in [0, 1), default=0.3
        Fraction of the steps in which the rate rises, at least one step.
    step_every : {"batch", "epoch"}, default="batch"
        How often the rate changes. The batches of an epoch are counted when training begins, so
        folds of any size run through the whole schedule.

    Returns
    -------
    skorch.callbacks.LRScheduler
        The callback. It writes the rates into the history as ``event_lr``, and its
        ``simulate(steps, initial_lr)`` returns the rates of a run with that number of steps.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    See Also
    --------
    cosine_with_warmup : Linear warm-up, then a cosine.

    References
    ----------
    .. [1] Smith, Topin: Super-Convergence: Very Fast Training of Neural Networks Using Large
       Learning Rates, 2019.

    Examples
    --------
    >>> from sklearn_slr.callbacks import one_cycle
    >>> one_cycle(warmup=0.5).simulate(steps=6, initial_lr=1.0).round(2).tolist()
    [0.04, 0.52, 1.0, 0.75, 0.25, 0.0]
    """
    _check_fraction("warmup", warmup, below_one=True)
    return RunSchedule(_one_cycle, max_epochs, step_every=step_every, warmup=warmup)


class RunSchedule(LRScheduler):
    """skorch's scheduler, for policies that need the total number of steps.

    The number is known when the first epoch begins, so the policy is created then.
    """

    def __init__(self, policy, max_epochs=None, step_every="batch", **kwargs):
        if step_every not in ("batch", "epoch"):
            raise ValueError(f"Got step_every={step_every!r}, expected 'batch' or 'epoch'.")
        super().__init__(policy, step_every=step_every, **kwargs)
        self.max_epochs = max_epochs

    @property
    def kwargs(self):
        return {name: value for name, value in super().kwargs.items() if name != "max_epochs"}

    def simulate(self, steps, initial_lr, step_args=None):
        scheduler = LRScheduler(self.policy, total_steps=steps, **self.kwargs)
        return scheduler.simulate(steps, initial_lr, step_args)

    def initialize(self):
        _check_fraction("warmup", self.kwargs.get("warmup", 0.0), below_one=True)
        _check_fraction("floor", self.kwargs.get("floor", 0.0))
        return super().initialize()

    def on_train_begin(self, net, **kwargs):
        self.lr_scheduler_, self.rates_ = None, None

    def on_epoch_begin(self, net, dataset_train=None, **kwargs):
        if self.lr_scheduler_ is not None:
            return
        n_steps = net.max_epochs if self.max_epochs is None else self.max_epochs
        if self.step_every == "batch":
            n_steps *= _count_batches(net.get_iterator(dataset_train, training=True))
        groups = net.optimizer_.param_groups
        self.rates_ = [group["lr"] for group in groups]
        for group in groups:
            group.pop("initial_lr", None)  # of an earlier run, which torch would continue
        self.lr_scheduler_ = self.policy_(net.optimizer_, n_steps, **self.kwargs)

    def on_train_end(self, net, **kwargs):
        # partial_fit may continue training, in a new cycle.
        for group, rate in zip(net.optimizer_.param_groups, self.rates_ or [], strict=False):
            group["lr"] = rate


def _count_batches(iterator):
    try:
        return len(iterator)
    except TypeError as error:
        raise TypeError(
            f"The training data have no length ({error}), so the batches of an epoch cannot be "
            "counted: use step_every='epoch'."
        ) from error


def _cosine(optimizer, total_steps, warmup, floor):
    factor = functools.partial(cosine_factor, n_steps=total_steps, warmup=warmup, floor=floor)
    return LambdaLR(optimizer, factor)


def cosine_factor(step, *, n_steps, warmup, floor):
    """Return the factor of a step's learning rate: linear warm-up, then cosine."""
    n_warmup = round(warmup * n_steps)
    if step < n_warmup:
        return (step + 1) / n_warmup
    progress = min(1.0, (step - n_warmup) / max(1, n_steps - n_warmup))
    return floor + (1 - floor) * (1 + math.cos(math.pi * progress)) / 2


def _one_cycle(optimizer, total_steps, warmup):
    total_steps = max(2, total_steps)
    # torch divides by the number of steps before the peak, which must not be 0.
    warmup = max(warmup, (1 + 1e-6) / total_steps)
    return OneCycleLR(
        optimizer,
        [group["lr"] for group in optimizer.param_groups],
        total_steps=total_steps,
        pct_start=warmup,
        cycle_momentum=all(
            "betas" in group or group.get("momentum") for group in optimizer.param_groups
        ),
    )


def _check_fraction(name, value, *, below_one=False):
    if not 0 <= value <= 1 or (below_one and value == 1):
        bound = "< 1" if below_one else "<= 1"
        raise ValueError(f"Got {name}={value!r}, expected a fraction, 0 <= {name} {bound}.")
