"""Route of estimators with a `cv` of their own that take weights: weighted rows, split by row.

If copies of rows were split, a row could be in both the training and the test set. So the splits
are drawn on rows, and translated to splits of copies.
"""

import numbers

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedShuffleSplit, check_cv

from . import _weighted_rows


def handles(estimator, targets, sample_weight):
    """Whether `estimator` takes weights and splits rows by a parameter `cv`."""
    has_cv = hasattr(estimator, "get_params") and "cv" in estimator.get_params(deep=False)
    return has_cv and _weighted_rows.handles(estimator, targets, sample_weight)


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Fit on weighted rows, with splits that keep the copies of a row together."""
    cv = estimator.get_params(deep=False)["cv"]
    if not isinstance(cv, str):
        codes = targets.argmax(axis=1)
        targets = _weighted_rows.fill_copies(estimator, targets)[0]
        if isinstance(cv, numbers.Real) and not isinstance(cv, numbers.Integral):
            cv = StratifiedShuffleSplit(1, test_size=cv, random_state=seed)
        else:
            cv = check_cv(cv, codes, classifier=True)
        # A calibrator weights the held-out copies; a scorer would count each copy as one row.
        scored = None if isinstance(estimator, CalibratedClassifierCV) else codes
        estimator.set_params(cv=split_copies(cv.split(X, codes), targets, scored))
    return _weighted_rows.fit(
        estimator,
        X,
        targets,
        sample_weight=sample_weight,
        fit_params=fit_params,
        seed=seed,
    )


def split_copies(splits, targets, scored=None):
    """Translate splits of rows into splits of their copies.

    Parameters
    ----------
    splits : iterable of (train, test)
        Indices of rows.
    targets : ndarray of shape (n_samples, k)
        Probability rows; there is a copy for each entry that is not 0.
    scored : ndarray of shape (n_samples,), default=None
        The class whose copy of a row is in the test set; None puts all copies there.

    Returns
    -------
    list of (train, test)
        Indices of copies.
    """
    rows, classes = np.nonzero(targets)
    tested = np.ones(len(rows), dtype=bool) if scored is None else classes == scored[rows]

    def find_copies(row_indices, allowed):
        selected = np.zeros(len(targets), dtype=bool)
        selected[row_indices] = True
        return np.flatnonzero(selected[rows] & allowed)

    return [(find_copies(train, True), find_copies(test, tested)) for train, test in splits]
