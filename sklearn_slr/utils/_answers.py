"""Tables of annotators' answers, encoded as class indices."""

import numpy as np

from ._labels import as_array, check_class_count, find_missing, unique_labels


def encode_answers(y, *, name="y"):
    """Encode a table of answers (n_samples, n_annotators).

    Parameters
    ----------
    y : array-like of shape (n_samples, n_annotators) or (n_samples,)
        Labels of any sortable kind; NaN, None, pandas' NA and -1 mean no answer. One dimension is
        one annotator.
    name : str, default="y"
        Its name in errors.

    Returns
    -------
    classes : ndarray of shape (C,)
        The class labels.
    table : ndarray of int of shape (n_samples, n_annotators)
        Index of every answer in `classes`; -1 where there is none.
    codes : ndarray of int of shape (n_samples,)
        The majority vote (ties: the first of `classes`); -1 where there is no answer.

    Raises
    ------
    ValueError
        If there are fewer than two classes.
    TypeError
        If labels cannot be sorted.

    Examples
    --------
    >>> from sklearn_slr.utils._answers import encode_answers
    >>> classes, table, codes = encode_answers([["no", "yes"], ["yes", None], [None, None]])
    >>> classes.tolist(), table.tolist(), codes.tolist()
    (['no', 'yes'], [[0, 1], [1, -1], [-1, -1]], [0, 1, -1])
    """
    values = as_array(y, name=name)
    values = values.reshape(len(values), -1)
    missing = find_missing(values)
    given = values[~missing]
    if given.dtype.kind == "O":
        given = np.array(given.tolist(), dtype=None if _are_numbers(given) else object)
    if given.dtype.kind in "iuf":
        silent = given == -1
        missing[~missing] = silent
        given = given[~silent]
    if given.dtype.kind == "f":
        if not np.all(np.isfinite(given)):
            raise ValueError(f"Input {name} contains infinity: labels must be finite.")
        if missing.any() and np.all(given == np.round(given)):
            given = given.astype(np.int64)  # integers that became floats because of gaps
    classes, codes = unique_labels(given, name=name)
    check_class_count(classes, name=name, hint=" NaN, None and -1 mean no answer.")
    table = np.full(values.shape, -1, dtype=np.intp)
    table[~missing] = codes.reshape(-1)
    return classes, table, majority_vote(table, len(classes))


def majority_vote(table, n_classes):
    """Return each row's most frequent answer, the first where several are; -1 without any."""
    votes = np.zeros((len(table), n_classes))
    rows, annotators = np.nonzero(table >= 0)
    np.add.at(votes, (rows, table[rows, annotators]), 1)
    return np.where(votes.any(axis=1), votes.argmax(axis=1), -1)


def _are_numbers(values):
    return all(not isinstance(value, str) for value in values.tolist())
