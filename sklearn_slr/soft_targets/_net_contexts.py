"""Contexts in which estimators are fitted and predict, for the sake of skorch nets in them."""

import contextlib

from ..utils._nets import contains_net, final_step, is_net
from ..utils._random import isolated_generators


def fitting_context(estimator, seed):
    """Return a context in which nets draw from generators that are seeded for them alone."""
    return _isolate_nets(estimator, seed, n_threads=1)


@contextlib.contextmanager
def prediction_context(estimator):
    """Isolate nets as in `fitting_context`; a net that predicts reads its input faster."""
    with _isolate_nets(estimator, seed=0, n_threads=None), contextlib.ExitStack() as stack:
        net = final_step(estimator)
        if is_net(net):
            from .._nets._training import accelerated

            stack.enter_context(accelerated(net))
        yield


def _isolate_nets(estimator, seed, n_threads):
    if contains_net(estimator):
        return isolated_generators(seed, n_threads=n_threads)
    return contextlib.nullcontext()
