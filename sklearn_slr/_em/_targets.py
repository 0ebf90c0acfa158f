"""Observed labels, encoded for the rounds."""

from dataclasses import dataclass

import numpy as np

from ..refinement._answers import vote_shares
from ..utils._answers import encode_answers
from ..utils._labels import encode_known_labels, encode_labels


@dataclass(frozen=True)
class ObservedLabels:
    """Observed labels, encoded.

    Parameters
    ----------
    observed : ndarray
        The observed labels as refinements take them.
    targets : ndarray of shape (n_samples, C) or (n_samples,)
        The first round's targets, unless the refinement makes its own.
    split_labels : ndarray of shape (n_samples,)
        The y that a splitter gets.
    strata : ndarray of shape (n_samples,), default=None
        Classes that int folds are stratified by.
    codes : ndarray of int of shape (n_samples,), default=None
        Observed class indices; -1 where there is no label.
    presence : ndarray of shape (n_samples, C), default=None
        Rows that say which classes are observed in which samples.
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


def encode_label_targets(y, y_val=None):
    """Encode labels, or probability rows.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, C)
        Labels of any sortable kind, or probability rows.
    y_val : array-like, default=None
        Labels of the clean set.

    Returns
    -------
    ObservedLabels
        Observed probability rows, one-hot for labels.

    Raises
    ------
    ValueError
        If there is one class only, labels are missing, or `y_val` has others.

    Examples
    --------
    >>> from sklearn_slr._em._targets import encode_label_targets
    >>> encode_label_targets(["b", "a", "b"]).targets.tolist()
    [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    """
    classes, rows, codes = encode_labels(y)
    return ObservedLabels(
        observed=rows,
        targets=rows,
        split_labels=codes,
        strata=codes,
        codes=codes,
        presence=rows,
        classes=classes,
        n_classes=len(classes),
        y_val=_encode_validation(y_val, classes),
    )


def encode_answer_targets(y, y_val=None):
    """Encode a table of annotators' answers.

    Parameters
    ----------
    y : array-like of shape (n_samples, n_annotators)
        Labels of any sortable kind, some of them missing.
    y_val : array-like, default=None
        Labels of the clean set.

    Returns
    -------
    ObservedLabels
        Observed class indices of the answers. The first targets are shares of the votes.

    Raises
    ------
    ValueError
        If there is one class only, or `y_val` has others.

    Examples
    --------
    >>> from sklearn_slr._em._targets import encode_answer_targets
    >>> encode_answer_targets([["a", "b"], ["b", None]]).targets.tolist()
    [[0.5, 0.5], [0.0, 1.0]]
    """
    classes, table, codes = encode_answers(y)
    n_classes = len(classes)
    shares = vote_shares(table, n_classes)
    return ObservedLabels(
        observed=table,
        targets=shares,
        split_labels=shares.argmax(axis=1),
        strata=shares.argmax(axis=1),
        codes=codes,
        presence=np.where(codes[:, None] >= 0, shares, 0.0),
        classes=classes,
        n_classes=n_classes,
        y_val=_encode_validation(y_val, classes),
    )


def _encode_validation(y_val, classes):
    return None if y_val is None else encode_known_labels(y_val, classes, name="y_val")
