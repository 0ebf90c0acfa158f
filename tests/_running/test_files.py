import os
import resource
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from sklearn_slr._running._files import is_locked, locked, remove_unfinished, write_atomically


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "file"
    for content in (b"first, and longer", b"second"):
        write_atomically(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_there_stays_where_the_file_is_too_large(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, b"first")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
        with pytest.raises(OSError, match="too large"):
            write_atomically(path, bytes(200_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_only_what_killed_writers_left_is_removed(tmp_path):
    (tmp_path / "file.npz").write_bytes(b"")
    (tmp_path / "file.npz.1a2b.tmp").write_bytes(b"")
    remove_unfinished(tmp_path)
    assert os.listdir(tmp_path) == ["file.npz"]


def test_a_lock_is_held_by_one_and_then_free(tmp_path):
    path = tmp_path / "lock"
    for _ in range(2):
        with locked(path):
            with (
                pytest.raises(RuntimeError, match=f"in use by process {os.getpid()} on"),
                locked(path),
            ):
                pass
            assert path.read_text().startswith(f"process {os.getpid()} on ")
            assert is_locked(path)
        assert not is_locked(path)
    with pytest.raises(ZeroDivisionError), locked(path):
        1 / 0  # noqa: B018
    with locked(path):
        pass


def test_a_lock_can_be_waited_for(tmp_path):
    with ThreadPoolExecutor(2) as pool:
        with locked(tmp_path / "lock"):
            waiting = pool.submit(_hold, tmp_path / "lock")
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.05)
        waiting.result()


def _hold(path):
    with locked(path, wait=True):
        pass


def test_the_lock_of_a_living_process_holds_and_that_of_a_dead_one_is_free(tmp_path):
    script = (
        "import sys, time\n"
        "from sklearn_slr._running._files import locked\n"
        "with locked(sys.argv[1]):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(600)"
    )
    path = tmp_path / "lock"
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout.readline() == "held\n"
            with pytest.raises(RuntimeError, match=f"process {other.pid} on"), locked(path):
                pass
        finally:
            other.kill()
    with locked(path):
        assert path.read_text().startswith(f"process {os.getpid()} on ")
