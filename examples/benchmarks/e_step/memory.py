"""Peak memory of an E step, measured in a process of its own."""

import subprocess
import sys
from pathlib import Path

from .methods import METHODS, problem

ROOT = Path(__file__).parents[3]


def peak_memory(name, method):
    """Return megabytes at the peak of one E step, beyond what data and imports take (Linux)."""
    METHODS[method](*problem("digits MLP", 0, max_epochs=1))
    given = problem(name, 0, max_epochs=1)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = _resident("VmRSS")
    METHODS[method](*given)
    return (_resident("VmHWM") - before) / 1e3


def _resident(field):
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{field}:")[2].split()[0])  # kB


def peak_of_child(name, method):
    """Return the same, as text, from a new process; "-" where it cannot be told."""
    if sys.platform != "linux":
        return "-"
    command = [sys.executable, "-m", __package__, "--workloads", name, "--peak", method]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return f"{float(found):.0f}"
