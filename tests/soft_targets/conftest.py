"""Small fits on one thread: OpenMP's threads spin against the other processes of the machine."""

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True)
def _one_thread():
    with threadpool_limits(limits=1):
        yield
