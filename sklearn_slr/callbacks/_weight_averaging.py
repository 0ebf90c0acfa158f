"""Stochastic weight averaging of a skorch net."""

import warnings
from numbers import Integral
from typing import Any, Self

import torch
from skorch.callbacks import Callback
from skorch.dataset import unpack_data
from torch import nn
from torch.optim.swa_utils import AveragedModel, update_bn


class StochasticWeightAveraging(Callback):
    """Predict by the mean of the weights of the last epochs.

    From `start` on, the weights at the end of each epoch are averaged [1]_. When training ends,
    the mean becomes the module's weights, and the statistics of its batch normalisations are
    taken anew, in one pass over the training data in the batches of training.

    Parameters
    ----------
    start : float in [0, 1) or int, default=0.75
        What is trained before the averaging begins: a share of the net's `max_epochs`, rounded
        down, or a number of epochs.
    lr : float, default=None
        Learning rate of the averaged epochs. None leaves the rate to the net and its schedule.
        With a number no other callback may change the rate within these epochs, so that a schedule
        has ``step_every="epoch"`` and stands before this callback in the list. Where the history
        has the schedule's ``event_lr``, that of an averaged epoch is this rate.

    Attributes
    ----------
    n_averaged_ : int
        Number of epochs whose weights were averaged.

    See Also
    --------
    cosine_with_warmup : A schedule for the epochs before the averaging.

    Notes
    -----
    The history and the scores of the epochs are those of the weights of that epoch, not of the
    mean. Callbacks that load weights when training ends, as ``Checkpoint(load_best=True)``, undo
    the averaging. Only the net's ``module_`` is averaged. Inputs may be whatever the net takes;
    for the statistics the module is called without the keywords of `fit`.

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
        share = isinstance(self.start, float) and 0 <= self.start < 1
        if not (share or (isinstance(self.start, Integral) and self.start >= 0)):
            raise ValueError(
                f"start is {self.start!r}; a share of the epochs is wanted, a float >= 0 and "
                "below 1, or an int, a number of epochs."
            )
        self._forget()
        return self

    def _forget(self):
        self.n_epochs_, self.n_averaged_ = 0, 0
        self.averaged_ = self.dataset_ = self.rates_ = None
        self.disturbed_ = False

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Count the epochs of this training anew.

        Parameters
        ----------
        net : skorch.NeuralNet
            The net.
        X, y : ignored
            What the net learns from.
        **kwargs : dict
            What else skorch tells.
        """
        self._forget()
        self.rates_ = [group["lr"] for group in net.optimizer_.param_groups]
        if isinstance(self.start, Integral) and self.start >= net.max_epochs:
            raise ValueError(
                f"start={self.start} epochs, but the net trains for max_epochs={net.max_epochs}: "
                "a smaller number, or a share such as 0.75, is wanted."
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
            What else skorch tells.
        """
        if self.lr is None or not self._averages(net):
            return
        for group in net.optimizer_.param_groups:
            group["lr"] = self.lr

    def on_batch_begin(
        self, net: Any, batch: Any = None, training: bool = False, **kwargs: Any
    ) -> None:
        """Tell, once, of a rate that another callback has changed.

        Parameters
        ----------
        net : skorch.NeuralNet
            The net.
        batch : ignored
            The batch.
        training : bool, default=False
            Whether the net learns from the batch.
        **kwargs : dict
            What else skorch tells.
        """
        if not training or self.lr is None or self.disturbed_ or not self._averages(net):
            return
        rates = {group["lr"] for group in net.optimizer_.param_groups}
        if rates != {self.lr}:
            self.disturbed_ = True
            warnings.warn(
                f"lr={self.lr} is wanted in the averaged epochs, but another callback has set "
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
            The data of the epoch.
        dataset_valid : ignored
            The data to validate on.
        **kwargs : dict
            What else skorch tells.
        """
        if self._averages(net):
            if self.lr is not None and "event_lr" in net.history[-1]:
                net.history.record("event_lr", self.lr)
            if self.averaged_ is None:
                self.averaged_ = AveragedModel(net.module_)
            self.averaged_.update_parameters(net.module_)
            self.n_averaged_ += 1
            self.dataset_ = dataset_train
        self.n_epochs_ += 1

    def on_train_end(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Give the module the mean of the weights.

        Parameters
        ----------
        net : skorch.NeuralNet
            The net.
        X, y : ignored
            What the net has learned from.
        **kwargs : dict
            What else skorch tells.
        """
        averaged, dataset, rates = self.averaged_, self.dataset_, self.rates_
        self.averaged_ = self.dataset_ = self.rates_ = None
        if self.lr is not None:  # training may go on by partial_fit, at the rate it had
            for group, rate in zip(net.optimizer_.param_groups, rates, strict=True):
                group["lr"] = rate
        if averaged is None:
            warnings.warn(
                f"Training ended after {self.n_epochs_} epochs, before the averaging of weights "
                f"began (start={self.start!r}): the module keeps its last weights. Set a lower "
                "start.",
                UserWarning,
            )
            return
        net.module_.load_state_dict(averaged.module.state_dict())
        refresh_batch_norm(net, dataset)

    def _averages(self, net):
        first = self.start
        if not isinstance(first, Integral):
            first = int(round(first * net.max_epochs, 6))  # 0.29 * 100 is a little below 29
        return self.n_epochs_ >= first

    def __getstate__(self):
        # A net may be saved between two epochs, and data are no part of it.
        return {**vars(self), "dataset_": None}


def refresh_batch_norm(net, dataset):
    """Take the running statistics of a net's batch normalisations anew.

    Parameters
    ----------
    net : skorch.NeuralNet
        A trained net; modules without batch normalisation are not called.
    dataset : torch Dataset
        The training data, which are gone through once in the batches of training.
    """
    # torch hands on the first element of a batch, whatever it is, to be predicted by the net.
    inputs = ((unpack_data(batch)[0],) for batch in net.get_iterator(dataset, training=True))
    with torch.no_grad():
        update_bn(inputs, _Inference(net))


class _Inference(nn.Module):
    """A net as a module: its inputs may be dicts, and go to its device."""

    def __init__(self, net):
        super().__init__()
        self.module, self.infer = net.module_, net.infer

    def forward(self, X):
        return self.infer(X)
