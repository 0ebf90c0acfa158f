"""Settings of all tests: no check is skipped, and each process computes with one thread."""

import os

# Read by SciPy when it is imported; scikit-learn's array API checks are skipped without it.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
# The problems are small: on a busy machine, threads would wait for each other more than they work.
# Libraries read this when they are loaded, here and in the processes that tests start.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"

import importlib.util

import pytest
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

# A busy machine is no failure. The same examples every time, so that a red run is the change's own
# doing; `pytest --hypothesis-profile=slow`, a part of .ci/slow, looks for new ones.
BUSY = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("steady", max_examples=15, derandomize=True, **BUSY)
examples = int(os.environ.get("SLOW_EXAMPLES", "1000"))
settings.register_profile("slow", max_examples=examples, **BUSY)
settings.load_profile("steady")


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Limit the libraries that were loaded before this file, and torch."""
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(1)
    with threadpool_limits(limits=1):
        yield
