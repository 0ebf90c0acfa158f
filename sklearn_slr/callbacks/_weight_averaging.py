"""Stochastic weight averaging of a skorch net."""

from __future__ import annotations

import warnings
from numbers import Integral
from typing import Any, Self

import torch
from skorch.callbacks import Callback
from skorch.dataset import unpack_data
from torch import nn
from torch.optim.swa_utils import AveragedModel, update_bn


class StochasticWeightAveraging(Callback):
    """Predict with the mean of the weights of the last epochs.

    From `start` on, the weights at the end of each epoch are averaged [1]_. When training ends,
    the module gets the mean weights, and its batch norm statistics are recomputed in one pass over
    the training data, in the same batches as in training.

    Parameters
    ----------
    start : float in [0, 1) or int, default=0.75
        When averaging begins: after a fraction of the net's `max_epochs`, rounded down, or after
        a number of epochs.
    lr : float, default=None
        Learning rate of the averaged epochs. None keeps the rate of the net and its schedule. If
        a number is given, no other callback may change the rate within these epochs: a schedule
        must have ``step_every="epoch"`` and be listed before this callback. If the history has
        the schedule's ``event_lr``, it gets this rate for the averaged epochs.

    Attributes
    ----------
    n_averaged_ : int
        Number of epochs whose weights were averaged.

    See Also
    --------
    cosine_with_warmup : A schedule for the epochs before the averaging.

    Notes
    -----
    The history and the scores of an epoch are those of the weights of that epoch, not of the mean.
    Callbacks that load weights when training ends, such as ``Checkpoint(load_best=True)``, undo
    the averaging. Only the net's ``module_`` is averaged. Any inputs that the net takes are
    supported. For the batch norm statistics, the module is called without the ``fit_params``.

    References
    ----------
    .. [1] Izmailov, Podoprikhin, Garipov, Vetrov, Wilson: Averaging Weights Leads to Wider Optima
       and Better Generalization, UAI 2018.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from skorch import NeuralNetRegressor
    >>> from sklearn_slr.callbacks import StochasticWeightAveraging
    >>> X = np.linspace(-1, 1, 20, dtype=np.float32).reshape(-1, 1)
    >>> swa = StochasticWeightAveraging(start=0.5)
    >>> net = NeuralNetRegressor(
    ...     torch.nn.Linear, module__in_features=1, module__out_features=1, max_epochs=6,
    ...     train_split=None, verbose=0, callbacks=[("swa", swa)],
    ... )
    >>> dict(net.fit(X, 2 * X).callbacks_)["swa"].n_averaged_
    3
    """

    def __init__(self, start: float = 0.75, lr: float | None = None) -> None:
        self.start = start
        self.lr = lr

    def initialize(self) -> Self:
        """Check the parameters.

        Returns
        -------
        self
            The callback.
        """
        is_fraction = isinstance(self.start, float) and 0 <= self.start < 1
        if not (is_fraction or (isinstance(self.start, Integral) and self.start >= 0)):
            raise ValueError(
                f"Got start={self.start!r}, expected a float in [0, 1), a fraction of the epochs, "
                "or an int >= 0, a number of epochs."
            )
        self._reset()
        return self

    def _reset(self):
        self.n_epochs_, self.n_averaged_ = 0, 0
        self.averaged_ = self.dataset_ = self.rates_ = None
        self.has_warned_ = False

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Reset the counts of epochs.

        Parameters
        ----------
        net : skorch.NeuralNet
            The net.
        X, y : ignored
            The training data.
        **kwargs : dict
            Other arguments from skorch.
        """
        self._reset()
        self.rates_ = [group["lr"] for group in net.optimizer_.param_groups]
        if isinstance(self.start, Integral) and self.start >= net.max_epochs:
            raise ValueError(
                f"Got start={self.start} epochs, but the net trains for max_epochs="
                f"{net.max_epochs}: use a smaller number, or a fraction such as 0.75."
            )

    def on_epoch_begin(
        self, net: Any, dataset_train: Any = None, dataset_valid: Any = None, **kwargs: Any
    ) -> None:
        """Set the learning rate of an averaged epoch.

        Parameters
        ----------
        net : skorch.NeuralNet
            The net.
        dataset_train, dataset_valid : ignored
            The data of the epoch.
        **kwargs : dict
            Other arguments from skorch.
        """
        if self.lr is None or not self._is_averaging(net):
            return
        for group in net.optimizer_.param_groups:
            group["lr"] = self.lr

    def on_batch_begin(
        self, net: Any, batch: Any = None, training: bool = False, **kwargs: Any
    ) -> None:
        """Warn, once, if another callback has changed the learning rate.

        Parameters
        ----------
        net : skorch.NeuralNet
            The net.
        batch : ignored
            The batch.
        training : bool, default=False
            Whether the net learns from the batch.
        **kwargs : dict
            Other arguments from skorch.
        """
        if not training or self.lr is None or self.has_warned_ or not self._is_averaging(net):
            return
        rates = {group["lr"] for group in net.optimizer_.param_groups}
        if rates != {self.lr}:
            self.has_warned_ = True
            warnings.warn(
                f"Expected lr={self.lr} in the averaged epochs, but another callback has set "
                f"{sorted(rates)}: give the schedule step_every='epoch' and list it before this "
                "callback, or set lr=None.",
                UserWarning,
            )

    def on_epoch_end(
        self, net: Any, dataset_train: Any = None, dataset_valid: Any = None, **kwargs: Any
    ) -> None:
        """Add the weights to the mean.

        Parameters
        ----------
        net : skorch.NeuralNet
            The net.
        dataset_train : torch Dataset
            The training data of the epoch.
        dataset_valid : ignored
            The validation data of the epoch.
        **kwargs : dict
            Other arguments from skorch.
        """
        if self._is_averaging(net):
            if self.lr is not None and "event_lr" in net.history[-1]:
                net.history.record("event_lr", self.lr)
            if self.averaged_ is None:
                self.averaged_ = AveragedModel(net.module_)
            self.averaged_.update_parameters(net.module_)
            self.n_averaged_ += 1
            self.dataset_ = dataset_train
        self.n_epochs_ += 1

    def on_train_end(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Set the module's weights to their mean.

        Parameters
        ----------
        net : skorch.NeuralNet
            The net.
        X, y : ignored
            The training data.
        **kwargs : dict
            Other arguments from skorch.
        """
        averaged, dataset, rates = self.averaged_, self.dataset_, self.rates_
        self.averaged_ = self.dataset_ = self.rates_ = None
        if self.lr is not None:  # partial_fit may continue training, at the original rate
            for group, rate in zip(net.optimizer_.param_groups, rates, strict=True):
                group["lr"] = rate
        if averaged is None:
            warnings.warn(
                f"Training ended after {self.n_epochs_} epochs, before weight averaging began "
                f"(start={self.start!r}), so the module keeps its last weights: set a lower start.",
                UserWarning,
            )
            return
        net.module_.load_state_dict(averaged.module.state_dict())
        update_batch_norm(net, dataset)

    def _is_averaging(self, net):
        n_before = self.start
        if not isinstance(n_before, Integral):
            n_before = int(round(n_before * net.max_epochs, 6))  # 0.29 * 100 is slightly below 29
        return self.n_epochs_ >= n_before

    def __getstate__(self):
        # A net may be saved between two epochs. It must not contain the data.
        return {**vars(self), "dataset_": None}


def update_batch_norm(net, dataset):
    """Recompute the running statistics of a net's batch norms.

    Parameters
    ----------
    net : skorch.NeuralNet
        A trained net. Modules without batch norm are not called.
    dataset : torch Dataset
        The training data, which are loaded once, in the same batches as in training.
    """
    # update_bn passes the first element of each batch to the module.
    inputs = ((unpack_data(batch)[0],) for batch in net.get_iterator(dataset, training=True))
    with torch.no_grad():
        update_bn(inputs, _InferModule(net))


class _InferModule(nn.Module):
    """A module that calls ``net.infer``, which takes dicts and moves inputs to the device."""

    def __init__(self, net):
        super().__init__()
        self.module, self.infer = net.module_, net.infer

    def forward(self, X):
        return self.infer(X)
