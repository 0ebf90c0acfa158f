"""Tests compute with one thread, also if OMP_NUM_THREADS is larger outside."""

import joblib
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_info


def count_threads():
    """Return the numbers of threads of the libraries that compute in this process."""
    X = np.arange(40.0)[:, None]
    HistGradientBoostingClassifier(max_iter=1).fit(X, np.arange(40) % 2)  # loads OpenMP
    return {each["num_threads"] for each in threadpool_info()}


def test_this_process_computes_with_one_thread():
    assert count_threads() == {1}


def test_workers_compute_with_one_thread():
    assert joblib.Parallel(n_jobs=2)([joblib.delayed(count_threads)()]) == [{1}]
