"""Contexts in which estimators are fitted and predict: for nets, and for tensors as X."""

import contextlib

from sklearn import config_context, get_config

from ..utils._nets import contains_net, final_step, is_net
from ..utils._random import isolated_generators


@contextlib.contextmanager
def fitting_context(estimator, seed):
    """Isolate nets: they draw from generators that are seeded for them alone."""
    with _isolate_nets(estimator, seed, n_threads=1), _without_dispatch():
        yield


@contextlib.contextmanager
def prediction_context(estimator):
    """Isolate nets as in `fitting_context`; a net that predicts reads its input faster."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(_isolate_nets(estimator, seed=0, n_threads=None))
        stack.enter_context(_without_dispatch())
        net = final_step(estimator)
        if is_net(net):
            from .._nets._training import accelerated

            stack.enter_context(accelerated(net))
        yield


def _without_dispatch():
    """Switch array API dispatch off: targets and weights are NumPy arrays, X may be a tensor."""
    if get_config().get("array_api_dispatch"):
        return config_context(array_api_dispatch=False)
    return contextlib.nullcontext()


def _isolate_nets(estimator, seed, n_threads):
    if contains_net(estimator):
        return isolated_generators(seed, n_threads=n_threads)
    return contextlib.nullcontext()
