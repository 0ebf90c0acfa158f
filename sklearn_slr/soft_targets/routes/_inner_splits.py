"""Route of estimators with a `cv` of their own that take weights: weighted rows, split as rows.

Were copies split at will, a row would be on both sides. The splits are drawn on the rows and
handed over as those of the copies.
"""

import numbers

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedShuffleSplit, check_cv

from . import _weighted_rows

NAME = "inner_splits"


def handles(estimator):
    """Whether `estimator` takes weights and splits rows by a parameter `cv`."""
    return "cv" in _params(estimator) and _weighted_rows.handles(estimator)


def fit(estimator, X, targets, *, sample_weight, fit_params, seed):
    """Fit on weighted rows, with splits that keep the copies of a row together."""
    cv = _params(estimator)["cv"]
    if not isinstance(cv, str):
        codes = targets.argmax(axis=1)
        if isinstance(cv, numbers.Real) and not isinstance(cv, numbers.Integral):
            cv = StratifiedShuffleSplit(1, test_size=cv, random_state=seed)
        else:
            cv = check_cv(cv, codes, classifier=True)
        # A calibrator weighs what it reads; a scorer counts each copy as one.
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
        Row numbers.
    targets : ndarray of shape (n_samples, k)
        Probability rows; there is a copy for each positive entry.
    scored : ndarray of shape (n_samples,), default=None
        The class of the one copy of each row that is tested; None tests all copies.

    Returns
    -------
    list of (train, test)
        Numbers of copies.
    """
    rows, classes = np.nonzero(targets)
    tested = np.ones(len(rows), dtype=bool) if scored is None else classes == scored[rows]

    def copies(some, allowed):
        chosen = np.zeros(len(targets), dtype=bool)
        chosen[some] = True
        return np.flatnonzero(chosen[rows] & allowed)

    return [(copies(train, True), copies(test, tested)) for train, test in splits]


def _params(estimator):
    return estimator.get_params(deep=False) if hasattr(estimator, "get_params") else {}
