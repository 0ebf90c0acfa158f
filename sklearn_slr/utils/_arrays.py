"""Convert values of any kind to plain arrays; find their order of magnitude."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ._sklearn import check_sample_weight
from ._typing import Floats


def plain_array(value: Any, *, name: str) -> NDArray[Any]:
    """Return a value as an ndarray: list, frame, tensor with or without gradient.

    Parameters
    ----------
    value : array-like
        What was given.
    name : str
        Its name in errors.

    Returns
    -------
    ndarray
        The values, of their own dtype.

    Raises
    ------
    TypeError
        If the value is sparse.
    ValueError
        If entries are masked, or complex.

    Examples
    --------
    >>> from sklearn_slr.utils._arrays import plain_array
    >>> plain_array([1, 2], name="y")
    array([1, 2])
    """
    if sparse.issparse(value):
        raise TypeError(f"{name} is sparse; expected a dense array: use .toarray().")
    if np.ma.is_masked(value):
        raise ValueError(
            f"{name} has {np.ma.count_masked(value)} masked entries, which have no values: drop "
            f"these rows, or fill them by .filled(...)."
        )
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    try:
        array = np.asarray(value)
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ValueError(
            f"{name} has rows of different lengths; expected one value for each row, or as many "
            "in every row."
        ) from None
    if array.dtype.kind in "US" and isinstance(value, (list, tuple)):
        # NumPy turns numbers beside strings into strings: NaN would become the label "nan".
        objects = np.array(value, dtype=object)
        if not all(isinstance(each, (str, bytes)) for each in objects.flat):
            array = objects
    refuse_complex(array, name=name)
    return array


def plain_numbers(value: Any, *, name: str) -> Floats:
    """Return a value as float64, as `plain_array` does; strings of digits are numbers too."""
    array = plain_array(value, name=name)
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} holds values that are not numbers: {error}.") from None


def plain_weights(sample_weight: Any, n_samples: int) -> Floats:
    """Return weights >= 0 as float64 (n_samples,); ones where there are none."""
    if sample_weight is not None:
        sample_weight = plain_numbers(sample_weight, name="sample_weight")
    rows = np.empty(n_samples)
    return check_sample_weight(sample_weight, rows, dtype=np.float64, ensure_non_negative=True)


def refuse_complex(array, *, name):
    """Raise a ValueError that names complex values."""
    if array.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: {name} holds complex numbers; expected real numbers."
        )


def unit_of(*arrays):
    """Return the power of two that brings the largest magnitude into [0.5, 1).

    Squares of values that are multiplied by it do not overflow, and do not all vanish.

    Parameters
    ----------
    *arrays : ndarray
        Finite numbers.

    Returns
    -------
    float
        The factor; 1.0 where all values are zero.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_slr.utils._arrays import unit_of
    >>> unit_of(np.array([1.0, -3.0])), unit_of(np.array([6e-300])) * 6e-300
    (0.25, 0.5022696596185628)
    """
    largest = max(float(np.abs(array).max(initial=0)) for array in arrays)
    # Of the smallest magnitudes of all the factor would be infinite.
    return float(np.ldexp(1.0, min(-np.frexp(largest)[1], 1000)))
