"""Pickle large inputs once for all tasks, not once for each."""

import numpy as np
from joblib import wrap_non_picklable_objects
from scipy import sparse

NUMERIC = "biufc"


def pickle_once(value):
    """Return what joblib sends once for each call: arrays unchanged, other objects wrapped.

    joblib writes arrays of more than a megabyte into memory that all processes of a machine map,
    also arrays inside a table or a sparse matrix. Any other object, such as a tensor or a list of
    texts, it would pickle once for every task.
    """
    return value if _holds_arrays(value) else PickledOnce(value)


def unpickle(value):
    """Return the value that `pickle_once` got."""
    return value.content if isinstance(value, PickledOnce) else value


class PickledOnce:
    """An object that is pickled once, into an array, however often it is sent.

    Parameters
    ----------
    content : object
        The object. Each receiving process unpickles a copy of its own.
    """

    def __init__(self, content):
        self.content = content
        self._pickled = None

    def __reduce__(self):
        if self._pickled is None:
            # Classes of a script or notebook are sent by value, which plain pickle cannot do.
            wrapped = wrap_non_picklable_objects(self.content, keep_wrapper=False)
            load, (pickled,) = wrapped.__reduce__()
            self._pickled = load, np.frombuffer(pickled, np.uint8)
        return _load, self._pickled


def _load(load, pickled):
    return load(pickled.data)


def _holds_arrays(value):
    if value is None or sparse.issparse(value):
        return True
    if isinstance(value, np.ndarray):
        return not value.dtype.hasobject
    if not hasattr(value, "iloc"):
        return False
    dtypes = value.dtypes if hasattr(value, "columns") else [value.dtype]
    return all(isinstance(dtype, np.dtype) and dtype.kind in NUMERIC for dtype in dtypes)
