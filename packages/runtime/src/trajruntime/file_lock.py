"""One at a time, between threads and between processes."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Hold the lock on ``what`` within ``folder``; waits for whoever holds it. The system frees it when a process dies."""
    locks = folder / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / hashlib.sha256(what.encode()).hexdigest()[:16]):
        yield
