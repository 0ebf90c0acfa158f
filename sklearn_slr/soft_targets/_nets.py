"""Route of skorch nets: their own training loop, the loss taken against probability rows."""

from ..utils._nets import is_net

NAME = "net"


def handles(estimator):
    """Whether `estimator` is a skorch net."""
    return is_net(estimator)


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Train the net on probability rows (n_samples, C) or numbers (n_samples,)."""
    # torch is imported only where a net is there already.
    from ._net_training import train

    return train(estimator, X, targets, sample_weight, fit_params)
