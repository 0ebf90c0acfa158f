"""Route of skorch nets: their own training loop, with the loss for the targets."""

from ...utils._nets import is_net


def handles(estimator, targets, sample_weight):
    """Whether `estimator` is a skorch net; targets may be rows or numbers."""
    return is_net(estimator)


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Train the net on probability rows (n_samples, C) or numbers (n_samples,)."""
    # Imported here, so that torch is loaded only if there is a net.
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
