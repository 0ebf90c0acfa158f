"""What `verbose` says."""

import sys


def report(owner, message, *, verbose, level=1):
    """Write one line to standard output where `verbose` is at least `level`."""
    if verbose >= level:
        sys.stdout.write(f"[{type(owner).__name__}] {message}\n")
        sys.stdout.flush()
