"""The benchmark of faults: a fault that is found, and one that is not there."""

import multiprocessing

import numpy as np
import pytest

from examples.benchmarks.faults import disturbance
from examples.benchmarks.faults.tables import table


@pytest.fixture
def reference():
    return disturbance.measure("forest")


def disturb(kind, folder, reference):
    processes = multiprocessing.get_context("forkserver")
    moments = np.random.default_rng(0)
    return disturbance.disturb(kind, "forest", 1, folder, reference, moments, processes)


@pytest.mark.slow
def test_nothing_is_lost_and_a_loss_would_be_seen(reference, tmp_path, monkeypatch):
    (tmp_path / "sound").mkdir()
    found = disturb("file damaged", tmp_path / "sound", reference)
    assert found["exit"] == -9
    assert 0 < found["kept"] < disturbance.N_TASKS
    assert found["resumed"]
    assert (found["refitted needlessly"], found["labels differ"], found["orphans"]) == (0, False, 0)

    def forgetful(*args, **kwargs):
        for path in (tmp_path / "lossy" / "folds").glob("*/*.npz"):
            path.unlink()
        return fit(*args, **kwargs) + 1

    (tmp_path / "lossy").mkdir()
    fit = disturbance.fit
    monkeypatch.setattr(disturbance, "fit", forgetful)
    found = disturb("parent killed", tmp_path / "lossy", reference)
    assert found["refitted needlessly"] == found["kept"] > 0
    assert found["labels differ"]


def test_the_table_adds_up_by_kind():
    result = {
        "resumed": True,
        "refitted needlessly": 2,
        "labels differ": False,
        "orphans": 0,
        "seconds to resume": 0.5,
    }
    other = {**result, "seconds to resume": None, "resumed": False}
    results = [{"kind": "disk full", **result}, {"kind": "parent killed", **other}]
    lines = table(results).splitlines()
    assert "| disk full | 1 | 1 | 2 | 0 | 0 | 0.5 (0.5) |" in lines
    assert "| parent killed | 1 | 0 | 2 | 0 | 0 | - |" in lines
    assert "| all | 2 | 1 | 4 | 0 | 0 | 0.5 (0.5) |" in lines
