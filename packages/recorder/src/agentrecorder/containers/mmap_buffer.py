"""Bytes of a file, small ones in memory and large ones mapped, of which only a window lies in memory at a time."""

import hashlib
import mmap
from collections.abc import Iterator
from pathlib import Path

WINDOW = 16 << 20
"""Bytes that are walked before the pages behind them are given back; larger files are mapped."""
Buffer = bytes | mmap.mmap


def opened(path: Path) -> Buffer:
    """The bytes of a file.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb", buffering=0) as file:
        size = file.seek(0, 2)
        if size > WINDOW:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        file.seek(0)
        return file.readall() if size else b""


def release(data: Buffer | memoryview) -> None:
    """Give back the pages of a mapped file, which come back from the disk's cache when they are read again."""
    mapped = data.obj if isinstance(data, memoryview) else data
    if isinstance(mapped, mmap.mmap) and hasattr(mapped, "madvise"):
        mapped.madvise(mmap.MADV_DONTNEED)


def windows(data: Buffer | memoryview, start: int = 0) -> Iterator[tuple[int, int]]:
    """Bounds of one window after another, each given back when the next is asked for."""
    for first in range(start, len(data), WINDOW):
        yield first, min(first + WINDOW, len(data))
        if len(data) > WINDOW:
            release(data)


def sha256(data: Buffer) -> str:
    """Of all bytes."""
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest()
    whole, view = hashlib.sha256(), memoryview(data)
    for start, end in windows(data):
        whole.update(view[start:end])
    return whole.hexdigest()
