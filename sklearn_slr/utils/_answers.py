"""Tables of annotators' answers, encoded at the door."""

from dataclasses import dataclass

import numpy as np

from ._labels import as_array, check_class_count, find_missing, unique_labels


@dataclass(frozen=True)
class EncodedAnswers:
    """Answers of several annotators.

    Parameters
    ----------
    classes : ndarray of shape (C,)
        The class labels.
    table : ndarray of int of shape (n_samples, n_annotators)
        Index of every answer in `classes`; -1 where there is none.
    codes : ndarray of int of shape (n_samples,)
        The majority vote (ties: the first of `classes`); -1 where nobody answered.
    """

    classes: np.ndarray
    table: np.ndarray
    codes: np.ndarray


def encode_answers(y, *, name="y"):
    """Encode a table of answers (n_samples, n_annotators).

    Parameters
    ----------
    y : array-like of shape (n_samples, n_annotators) or (n_samples,)
        Labels of any sortable kind; NaN, None, pandas' NA and -1 are no answer. One dimension is
        one annotator.
    name : str, default="y"
        What errors call it.

    Returns
    -------
    EncodedAnswers
        Classes, class indices and majority votes.

    Raises
    ------
    ValueError
        If there are fewer than two classes.
    TypeError
        If labels cannot be sorted.

    Examples
    --------
    >>> from sklearn_slr.utils._answers import encode_answers
    >>> answers = encode_answers([["no", "yes"], ["yes", None], [None, None]])
    >>> answers.classes.tolist(), answers.table.tolist(), answers.codes.tolist()
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
            given = given.astype(np.int64)  # integers, which gaps had turned into floats
    classes, codes = unique_labels(given, name=name)
    check_class_count(classes, name=name, hint=" NaN, None and -1 stand for no answer.")
    table = np.full(values.shape, -1, dtype=np.intp)
    table[~missing] = codes.reshape(-1)
    return EncodedAnswers(classes, table, majority_vote(table, len(classes)))


def majority_vote(table, n_classes):
    """Return each row's most frequent answer, the first where several are; -1 without any."""
    votes = np.zeros((len(table), n_classes))
    rows, annotators = np.nonzero(table >= 0)
    np.add.at(votes, (rows, table[rows, annotators]), 1)
    return np.where(votes.any(axis=1), votes.argmax(axis=1), -1)


def _are_numbers(values):
    return all(not isinstance(value, str) for value in values.tolist())
