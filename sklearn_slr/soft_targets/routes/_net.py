"""Route of skorch nets: their own training loop, the loss taken against probability rows."""

import contextlib

from ...utils._nets import final_step, is_net

NAME = "net"


def handles(estimator):
    """Whether `estimator` is a skorch net."""
    return is_net(estimator)


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Train the net on probability rows (n_samples, C) or numbers (n_samples,)."""
    # torch is imported only where a net is there already.
    from ..._nets._training import train

    try:
        return train(estimator, X, targets, sample_weight, fit_params)
    except IndexError as error:
        if "out of bounds" not in str(error) or targets.ndim == 1:
            raise
        raise ValueError(
            f"The module has fewer outputs than the {targets.shape[1]} classes: give it one "
            "output for each class."
        ) from error


def reading(estimator):
    """While the context lasts, have a net, or a Pipeline's last step that is one, read faster."""
    net = final_step(estimator)
    if not is_net(net):
        return contextlib.nullcontext()
    from ..._nets._training import reading_from_memory

    return reading_from_memory(net)
