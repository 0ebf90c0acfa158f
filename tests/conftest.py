"""Settings of all tests: no check is skipped, and one thread does the arithmetic."""

import os

# Read by SciPy when it is imported; scikit-learn's array API checks are skipped without it.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
# Small problems on a busy machine: threads would wait for each other more than they work.
for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

import importlib.util

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no failure. The same examples every time, so that a red run is the change's own
# doing; `pytest --hypothesis-profile=slow`, a part of .ci/slow, looks for new ones.
BUSY = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("steady", max_examples=25, derandomize=True, **BUSY)
examples = int(os.environ.get("SLOW_EXAMPLES", "1000"))
settings.register_profile("slow", max_examples=examples, **BUSY)
settings.load_profile("steady")


@pytest.fixture(autouse=True, scope="session")
def _one_torch_thread():
    """Keep torch's threads from spinning against the other processes of the machine."""
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(1)
