"""One at a time: a file lock that holds between threads and between processes."""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Hold the lock on ``what`` within ``folder``; waits for whoever holds it. The system frees it when a process dies."""
    locks = folder / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / hashlib.sha256(what.encode()).hexdigest()[:16]).open("w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield
