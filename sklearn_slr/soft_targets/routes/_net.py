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
    except (TypeError, RuntimeError) as error:
        hint = _explain_input(X)
        if hint is None or type(error) not in (TypeError, RuntimeError):
            raise
        raise type(error)(f"{error} {hint}") from error
    except IndexError as error:
        if "out of bounds" not in str(error) or targets.ndim == 1:
            raise
        raise ValueError(
            f"The module has fewer outputs than the {targets.shape[1]} classes: give it one "
            "output for each class."
        ) from error


def _explain_input(X):
    """Return what may be wrong with inputs on which a net fails; None for usual ones."""
    if hasattr(X, "columns"):
        return (
            "(X is a DataFrame, whose columns skorch passes to the module by name: if the module "
            "takes one tensor, pass X.to_numpy(dtype=np.float32).)"
        )
    if str(getattr(X, "dtype", "")).endswith("float64"):
        return "(X is float64, but weights of nets are float32: pass X.astype(np.float32).)"
    return None
