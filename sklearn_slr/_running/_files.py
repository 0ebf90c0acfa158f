"""Files that are there whole or not at all, and a lock that dies with its process."""

import contextlib
import os
import socket
import uuid
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]
    import msvcrt

# What a write leaves behind when its process is killed.
UNFINISHED = ".tmp"


def write_atomically(path, content):
    """Write a file so that it is there whole or not at all, even if the power fails.

    Parameters
    ----------
    path : path-like
        The file, replaced if it exists.
    content : bytes
        What to write.

    Raises
    ------
    OSError
        If the disk is full or the folder cannot be written. What was there before stays.
    """
    path = Path(path)
    scratch = path.with_name(f"{path.name}.{uuid.uuid4().hex}{UNFINISHED}")
    try:
        with open(scratch, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    except BaseException:
        with contextlib.suppress(OSError):
            scratch.unlink()
        raise
    _sync_folder(path.parent)


def remove_unfinished(folder):
    """Remove what killed writers left in a folder."""
    for path in Path(folder).glob("*" + UNFINISHED):
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(path, *, wait=False):
    """Hold a lock file while the context lasts; the system frees it when the process dies.

    Parameters
    ----------
    path : path-like
        The lock file. It stays, and says who held it last.
    wait : bool, default=False
        Whether to wait for it.

    Raises
    ------
    RuntimeError
        If another process, or another thread of this one, holds it.
    """
    with open(path, "a+") as file:
        try:
            _lock(file, wait)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise RuntimeError(
                f"{Path(path).parent} is in use by {holder}: wait for it, stop it, or choose "
                "another folder."
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        try:
            yield
        finally:
            _unlock(file)


def is_locked(path):
    """Whether another process, or another thread of this one, holds a lock file."""
    with open(path, "a+") as file:
        try:
            _lock(file)
        except BlockingIOError:
            return True
        _unlock(file)
        return False


def _sync_folder(folder):
    if not hasattr(os, "O_DIRECTORY"):
        return  # Windows, where a folder cannot be opened
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


if fcntl is not None:

    def _lock(file, wait=False):
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(file):
        fcntl.flock(file, fcntl.LOCK_UN)

else:  # a byte far behind the text, which others may still read

    def _lock(file, wait=False):
        file.seek(1 << 30)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError from error

    def _unlock(file):
        file.seek(1 << 30)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
