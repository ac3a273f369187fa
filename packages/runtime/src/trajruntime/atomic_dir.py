"""Atomically put a finished folder in the place of an old one, so that a kill leaves the old one or the new one."""

import ctypes
import fcntl
import glob
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """A new folder beside ``folder`` to build in; gone at the end unless it was put in place.

    Left-overs of builders that died are swept first. A builder holds a lock on its folder, so a living one is left alone.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    staged = folder.parent / f".{folder.name}.building-{secrets.token_hex(4)}"
    staged.mkdir()
    lock = os.open(staged, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)
        os.close(lock)


def put_in_place(staged: Path, folder: Path) -> None:
    """``folder`` becomes ``staged``, on disk before it is seen. What was there before is deleted afterwards."""
    sync(staged)
    if not folder.exists():
        staged.rename(folder)
    elif not exchange(staged, folder):
        retired = folder.parent / f".{folder.name}.retired-{secrets.token_hex(4)}"
        folder.rename(retired)
        staged.rename(folder)
        shutil.rmtree(retired)
    _sync_path(folder.parent)


def exchange(one: Path, other: Path) -> bool:
    """Swap two folders atomically (``renameat2`` of Linux); false where the system or the file system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    return rename is not None and rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0


def sweep(folder: Path) -> None:
    """Remove what killed builders left beside ``folder``; a release they had set aside and not replaced is put back."""
    for retired in _beside(folder, "retired"):
        if folder.exists():
            shutil.rmtree(retired, ignore_errors=True)
        else:
            retired.rename(folder)
    for staged in _beside(folder, "building"):
        if _abandoned(staged):
            shutil.rmtree(staged, ignore_errors=True)


def _beside(folder: Path, kind: str) -> list[Path]:
    return sorted(folder.parent.glob(f".{glob.escape(folder.name)}.{kind}-*"))


def _abandoned(staged: Path) -> bool:
    try:
        lock = os.open(staged, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def sync(folder: Path) -> None:
    """Flush every file and folder below ``folder`` to disk."""
    for path in sorted(folder.rglob("*")):
        _sync_path(path)
    _sync_path(folder)


def _sync_path(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
