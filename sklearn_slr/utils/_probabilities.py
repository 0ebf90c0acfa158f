"""Probability rows: one check for all, each caller with its own tolerance."""

import numpy as np

# Sums that are this close to 1 are the estimator's own, to the last bit.
EXACT = 1e-12


def check_probabilities(
    rows, source, *, lowest=-1e-6, tolerance=1e-3, normalize="inexact", copy=True, hint=""
):
    """Check that rows are probabilities: non-negative, with sums of 1.

    Parameters
    ----------
    rows : ndarray of float64 of shape (n_samples, C)
        The rows; finite.
    source, hint : str
        Subject and verb of the error, e.g. ``"targets hold"``; what to do.
    lowest, tolerance : float
        The lowest entry, and the largest distance of a sum from 1, that count as rounding.
    normalize : {"never", "inexact", "always"}, default="inexact"
        Which rows are clipped at 0 and divided by their sums: none; all if any of them is not
        exact up to rounding; all.
    copy : bool, default=True
        False works in place, as arrays of this shape are large with many classes.

    Returns
    -------
    ndarray of shape (n_samples, C)
        Probability rows.

    Raises
    ------
    ValueError
        If an entry is below `lowest`, or a sum differs from 1 by more than the tolerance.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_slr.utils._probabilities import check_probabilities
    >>> check_probabilities(np.array([[0.5, 0.5], [0.2, 0.8004]]), "y holds").sum(axis=1)
    array([1., 1.])
    """
    totals = rows.sum(axis=1, keepdims=True)
    smallest, error = rows.min(initial=0), np.abs(totals - 1)
    if smallest < lowest or error.max(initial=0) > tolerance:
        row = int(np.argmax(error[:, 0])) if smallest >= lowest else int(rows.min(axis=1).argmin())
        raise ValueError(
            f"{source} rows that are not probabilities (smallest entry {rows.min():.3g}, sums "
            f"{totals.min():.3g} to {totals.max():.3g}; e.g. row {row}): entries must be >= 0, "
            f"and each row must sum to 1.{hint}"
        )
    is_exact = smallest >= 0 and error.max(initial=0) <= EXACT
    if normalize == "never" or (normalize == "inexact" and is_exact):
        return rows
    out = None if copy else rows
    rows = np.clip(rows, 0, None, out=out)
    return np.divide(rows, rows.sum(axis=1, keepdims=True), out=out)
