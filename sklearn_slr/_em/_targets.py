"""Observed labels as the rounds take them: encoded, and everything that is known of them."""

from dataclasses import dataclass

import numpy as np

from ..refinement._answers import vote_shares
from ..utils._answers import encode_answers
from ..utils._labels import encode_known_labels, encode_labels


@dataclass(frozen=True)
class Problem:
    """Observed labels, encoded.

    Parameters
    ----------
    observed : ndarray
        The observed labels as refinements take them.
    targets : ndarray of shape (n_samples, C) or (n_samples,)
        The first round's targets, unless the refinement makes its own.
    split_labels : ndarray of shape (n_samples,)
        What a splitter sees as y.
    strata : ndarray of shape (n_samples,), default=None
        Classes that int folds are stratified by.
    codes : ndarray of int of shape (n_samples,), default=None
        Observed class indices; -1 where there is no label.
    presence : ndarray of shape (n_samples, C), default=None
        Rows that say which classes are observed where.
    classes : ndarray, default=None
        Classes, or grades; None for a plain regression.
    n_classes : int, default=None
        Number of classes of a classification.
    y_val : ndarray, default=None
        Encoded labels of the clean set.
    """

    observed: np.ndarray
    targets: np.ndarray
    split_labels: np.ndarray
    strata: np.ndarray | None = None
    codes: np.ndarray | None = None
    presence: np.ndarray | None = None
    classes: np.ndarray | None = None
    n_classes: int | None = None
    y_val: np.ndarray | None = None


def problem_of_labels(y, y_val=None):
    """Encode labels, or probability rows.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, C)
        Labels of any sortable kind, or probability rows.
    y_val : array-like, default=None
        Labels of the clean set.

    Returns
    -------
    Problem
        What is observed: probability rows, one-hot for labels.

    Raises
    ------
    ValueError
        If there is one class only, labels are missing, or `y_val` has others.

    Examples
    --------
    >>> from sklearn_slr._em._targets import problem_of_labels
    >>> problem_of_labels(["b", "a", "b"]).targets.tolist()
    [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    """
    labels = encode_labels(y)
    return Problem(
        observed=labels.rows,
        targets=labels.rows,
        split_labels=labels.codes,
        strata=labels.codes,
        codes=labels.codes,
        presence=labels.rows,
        classes=labels.classes,
        n_classes=len(labels.classes),
        y_val=_encode_clean(y_val, labels.classes),
    )


def problem_of_answers(y, y_val=None):
    """Encode a table of annotators' answers.

    Parameters
    ----------
    y : array-like of shape (n_samples, n_annotators)
        Labels of any sortable kind, some of them missing.
    y_val : array-like, default=None
        Labels of the clean set.

    Returns
    -------
    Problem
        What is observed: the answers' codes. The first targets are the shares of the votes.

    Raises
    ------
    ValueError
        If there is one class only, or `y_val` has others.

    Examples
    --------
    >>> from sklearn_slr._em._targets import problem_of_answers
    >>> problem_of_answers([["a", "b"], ["b", None]]).targets.tolist()
    [[0.5, 0.5], [0.0, 1.0]]
    """
    answers = encode_answers(y)
    n_classes = len(answers.classes)
    shares = vote_shares(answers.table, n_classes)
    return Problem(
        observed=answers.table,
        targets=shares,
        split_labels=shares.argmax(axis=1),
        strata=shares.argmax(axis=1),
        codes=answers.codes,
        presence=np.where(answers.codes[:, None] >= 0, shares, 0.0),
        classes=answers.classes,
        n_classes=n_classes,
        y_val=_encode_clean(y_val, answers.classes),
    )


def _encode_clean(y_val, classes):
    return None if y_val is None else encode_known_labels(y_val, classes, name="y_val")
