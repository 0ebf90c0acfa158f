"""Seeds: one for every fit, drawn in the parent process, so that labels do not depend on n_jobs."""

import contextlib
import random
import sys
import threading
import warnings

import numpy as np

# The global generators of torch, NumPy and Python belong to the whole process.
_GLOBAL_GENERATORS = threading.RLock()


def derive_seed(root, *key):
    """Derive the seed of a task from the root seed and the task's address.

    Parameters
    ----------
    root : int
        Non-negative seed of the whole fit.
    *key : int
        Non-negative address of the task, e.g. round, repeat, fold, teacher.

    Returns
    -------
    int
        A seed in [0, 2**31), the same for the same address in any process.

    Examples
    --------
    >>> from sklearn_slr.utils._random import derive_seed
    >>> derive_seed(0, 1, 2) == derive_seed(0, 1, 2), derive_seed(0, 1, 2) == derive_seed(0, 2, 1)
    (True, False)
    """
    # The length tells apart addresses that differ by trailing zeros, which the hash pads with.
    return int(np.random.SeedSequence([root, len(key), *key]).generate_state(1)[0] >> 1)


def seed_estimator(estimator, seed):
    """Set every `random_state` parameter that is None, nested ones too; explicit ones are kept."""
    if not hasattr(estimator, "get_params"):
        return estimator
    params = estimator.get_params(deep=True)
    open_states = sorted(
        name
        for name, value in params.items()
        if value is None and (name == "random_state" or name.endswith("__random_state"))
    )
    if open_states:
        seeds = {name: derive_seed(seed, i) for i, name in enumerate(open_states)}
        estimator.set_params(**seeds)
    return estimator


@contextlib.contextmanager
def isolated_generators(seed, *, n_threads=1):
    """Seed the global generators of torch, NumPy and Python, and restore them afterwards.

    skorch nets have no `random_state`: their initial weights, shuffling, dropout and splits
    come from the global generators. One thread at a time holds them. With `n_threads=1` results
    do not depend on the number of cores, and torch's threads do not spin against other processes;
    None leaves torch's setting alone.
    """
    torch = sys.modules["torch"]
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else []
    with _GLOBAL_GENERATORS, contextlib.ExitStack() as stack:
        stack.callback(np.random.set_state, np.random.get_state())  # noqa: NPY002
        stack.callback(random.setstate, random.getstate())
        stack.enter_context(torch.random.fork_rng(devices=devices))
        if n_threads is not None:
            stack.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(n_threads)
        stack.enter_context(warnings.catch_warnings())
        # Workers see large inputs as read-only memory maps, which nothing here writes to.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writ")
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002 (datasets and splits of nets draw from it)
        random.seed(seed)
        yield
