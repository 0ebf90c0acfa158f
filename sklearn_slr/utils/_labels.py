"""Encode observed labels: class indices, probability rows, numbers."""

from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from ._arrays import plain_array, refuse_complex
from ._probabilities import check_probabilities
from ._typing import Floats


def encode_labels(y, *, name="y"):
    """Encode labels (n,) or probability rows (n, C) of a classification problem.

    Parameters
    ----------
    y : array-like of shape (n_samples,), (n_samples, 1) or (n_samples, C)
        Labels of any sortable kind; or probability rows, whose classes are a DataFrame's
        columns, else 0..C-1.
    name : str, default="y"
        Its name in errors.

    Returns
    -------
    classes : ndarray of shape (C,)
        The class labels, in the order of the columns.
    rows : ndarray of shape (n_samples, C)
        Observed probability rows, float64; one-hot where labels were given.
    codes : ndarray of shape (n_samples,)
        Index of the observed label in `classes`: the argmax of the row.

    Raises
    ------
    ValueError
        If a label is missing, there is one class only, or rows are not probabilities.
    TypeError
        If `y` has several outputs that are not probability rows, or labels that cannot be sorted.

    Examples
    --------
    >>> from sklearn_slr.utils._labels import encode_labels
    >>> classes, rows, codes = encode_labels(["cat", "dog", "cat"])
    >>> classes.tolist(), rows.tolist(), codes.tolist()
    (['cat', 'dog'], [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], [0, 1, 0])
    """
    columns = getattr(y, "columns", None)
    values = as_array(y, name=name)
    if values.ndim == 2 and values.shape[1] > 1:
        rows = check_rows(values, name=name)
        classes = np.arange(rows.shape[1]) if columns is None else np.asarray(list(columns))
        if len(np.unique(classes)) < len(classes):
            raise ValueError(
                f"{name} has repeated columns, {list(columns)}: expected one for each class."
            )
        codes = rows.argmax(axis=1)
        used = classes[rows.any(axis=0)]
    else:
        values = _check_label_array(values, name=name)
        classes, codes = unique_labels(values, name=name)
        rows = np.zeros((len(codes), len(classes)))
        rows[np.arange(len(codes)), codes] = 1.0
        used = classes
    check_class_count(used, name=name)
    return classes, rows, codes.astype(np.intp, copy=False)


def encode_known_labels(y, classes, *, name):
    """Encode labels or probability rows by known classes; return class indices (n,)."""
    values = as_array(y, name=name)
    if values.ndim == 2 and values.shape[1] > 1:
        rows = check_rows(values, name=name)
        columns = getattr(y, "columns", None)
        order = np.arange(rows.shape[1]) if columns is None else _column_codes(columns, classes)
        if np.any(order < 0) or len(np.unique(order)) != len(classes):
            names = "" if columns is None else f" {list(columns)}"
            raise ValueError(
                f"{name} has {rows.shape[1]} columns{names}, but the training labels have the "
                f"{len(classes)} classes {classes.tolist()}: give one column for each class."
            )
        return order[rows.argmax(axis=1)]
    values = _check_label_array(values, name=name)
    index = {label: code for code, label in enumerate(classes.tolist())}
    codes = np.array([index.get(label, -1) for label in values.tolist()], dtype=np.intp)
    if np.any(codes < 0):
        unseen = sorted({str(label) for label in values[codes < 0].tolist()})
        raise ValueError(
            f"{name} holds labels that are unseen in the training labels: {', '.join(unseen)}; "
            f"known are {classes.tolist()}."
        )
    return codes


def _column_codes(columns, classes):
    """Return the index of each column among the classes, -1 if it is none."""
    index = {label: code for code, label in enumerate(classes.tolist())}
    return np.array([index.get(label, -1) for label in np.asarray(list(columns)).tolist()])


def as_array(y: Any, *, name: str) -> NDArray[Any]:
    """Return targets as an array of one or two dimensions."""
    if y is None:
        raise ValueError(
            f"This estimator requires y to be passed, but the target {name} is None. For a torch "
            f"Dataset pass its labels: {name}=[label for _, label in dataset]."
        )
    values = plain_array(y, name=name)
    if values.dtype.kind == "O" and all(isinstance(label, Number) for label in values.flat):
        values = np.array(values.tolist())  # numbers in an array of objects
        refuse_complex(values, name=name)
    if values.ndim == 0:
        raise ValueError(f"{name} should be a 1d array, got a scalar instead: {y!r}.")
    if values.ndim > 2:
        raise TypeError(
            f"{name} has shape {values.shape}; expected labels (n_samples,) or probability rows "
            "(n_samples, n_classes)."
        )
    return values


def check_rows(values: NDArray[Any], *, name: str) -> Floats:
    """Check probability rows (n, C) and return them as float64, summing to 1 exactly."""
    if values.dtype.kind in "OUS":
        try:
            values = values.astype(np.float64)
        except (TypeError, ValueError):
            raise _multi_output(values, name) from None
    totals = values.sum(axis=1, dtype=np.float64)
    if values.dtype.kind in "biu" and not (np.all(values >= 0) and np.all(totals == 1)):
        raise _multi_output(values, name)
    rows = check_array(values, dtype=np.float64, input_name=name, ensure_min_samples=1)
    hint = (
        " Apply a softmax to logits."
        if np.any(rows < 0)
        else f" Divide votes by their number: {name} / {name}.sum(axis=1, keepdims=True)."
    )
    return check_probabilities(rows, f"{name} holds", lowest=0.0, normalize="always", hint=hint)


def check_numbers(y: Any, *, name: str = "y") -> Floats:
    """Check the targets of a regression and return them as float64 (n_samples,)."""
    values = as_array(y, name=name)
    if values.ndim == 2 and values.shape[1] != 1:
        raise TypeError(
            f"{name} has shape {values.shape}; expected one number for each row, shape "
            "(n_samples,). For several outputs wrap the estimator in MultiOutputRegressor."
        )
    values = column_or_1d(values, warn=True)
    strings = [v for v in values.tolist() if isinstance(v, (str, bytes))]
    if strings:
        raise TypeError(
            f"{name} holds strings, e.g. {strings[0]!r}; expected numbers. Write grades as "
            "numbers, or use SLRClassifier for labels without order."
        )
    if values.dtype.kind == "O" and find_missing(values).any():
        raise ValueError(f"Input {name} contains NaN or None; expected a number for every row.")
    if not len(values):
        raise ValueError(f"{name} has 0 sample(s); expected at least 1.")
    return check_array(values, dtype=np.float64, ensure_2d=False, input_name=name, copy=True)


def check_class_count(classes, *, name, hint=""):
    """Refuse labels of fewer than two classes."""
    if len(classes) < 2:
        raise ValueError(
            f"{name} holds {len(classes)} class only ({classes.tolist()}), and a classifier "
            f"needs at least 2 classes: check how the labels were read or split.{hint}"
        )


def _check_label_array(values, *, name):
    values = column_or_1d(values, warn=True)
    missing = find_missing(values)
    if missing.any():
        raise ValueError(
            f"Input {name} contains NaN or None, e.g. in row {int(np.argmax(missing))}: drop the "
            "rows without a label. (With refinement='annotators' a table of answers may have gaps.)"
        )
    if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
        raise ValueError(f"Input {name} contains infinity: labels must be finite.")
    _check_one_kind(values, name=name)
    try:
        check_classification_targets(values)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} does not hold class labels. {error}") from None
    return values


def _check_one_kind(values, *, name):
    """Refuse strings beside other objects, which cannot be sorted."""
    if values.dtype.kind == "O":
        strings = sum(isinstance(value, str) for value in values.tolist())
        if 0 < strings < len(values):
            _refuse_mixed_kinds(values, name)


def _refuse_mixed_kinds(values, name):
    kinds = sorted({type(label).__name__ for label in values.tolist()})
    raise TypeError(
        f"{name} mixes labels of kinds {', '.join(kinds)}, which cannot be sorted: make them one "
        "kind, e.g. by astype(str)."
    ) from None


def ordered_categories(y):
    """Return the categories of y in their own order, else None.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        An ordered pandas Categorical, an ordered dictionary array of Arrow (also in pandas), or a
        polars Enum have an order; anything else has none.

    Returns
    -------
    list or None
        The categories, the lowest first.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_slr.utils._labels import ordered_categories
    >>> ordered_categories(pd.Categorical(["low", "high"], ["low", "high"], ordered=True))
    ['low', 'high']
    """
    dtype = getattr(y, "dtype", getattr(y, "type", None))
    arrow = getattr(dtype, "pyarrow_dtype", dtype)
    if getattr(arrow, "ordered", None) is True and hasattr(arrow, "value_type"):
        array = getattr(getattr(y, "array", y), "__arrow_array__", lambda: y)()
        chunks = array.unify_dictionaries().chunks if hasattr(array, "chunks") else [array]
        return chunks[0].dictionary.to_pylist() if chunks else None
    if getattr(dtype, "ordered", None) is True:
        return dtype.categories.tolist()
    return dtype.categories.to_list() if type(dtype).__name__ == "Enum" else None


def find_missing(values):
    """Return where labels are NaN, None or pandas' NA."""
    if values.dtype.kind == "f":
        return np.isnan(values)
    missing = np.zeros(values.shape, dtype=bool)
    if values.dtype.kind == "O":
        # NaN differs from itself; pandas' NA compares to NA, which is neither True nor False.
        missing.flat = [v is None or type(v).__name__ == "NAType" or v != v for v in values.flat]
    return missing


def unique_labels(values, *, name):
    """Return the sorted classes, and the index of each label among them."""
    try:
        return np.unique(values, return_inverse=True)
    except TypeError:
        _refuse_mixed_kinds(values, name)


def _multi_output(values, name):
    return TypeError(
        f"{name} has shape {values.shape} and does not hold probability rows (non-negative, each "
        "row summing to 1): multi-output and multilabel targets are not supported. Pass labels "
        "(n_samples,) or probability rows (n_samples, n_classes); for several annotators use "
        "refinement='annotators'."
    )
