"""Walk over the files that an agent may look through, in order of path."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator

_SKIPPED = frozenset({".git", "__pycache__", ".pytest_cache"})
_LOOKED_MAX = 32 << 20  # bytes of a file that is looked through
_PROBE = 8192  # a zero byte in here makes a file binary


def files_below(root: str, shown: str, glob: str | None = None) -> Iterator[tuple[str, str]]:
    """(real path, name as the agent sees it) of each file at or below ``root`` that ``glob`` matches by name or path.

    Links to folders are not followed, links to files are.
    """
    for path, name in _files(root, shown):
        if glob is None or fnmatch.fnmatch(name, glob) or fnmatch.fnmatch(os.path.basename(name), glob):
            yield path, name


def text_of(path: str) -> bytes | None:
    """Content of a file; nothing if it is binary or very large, no regular one, or cannot be read."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), "rb") as f:
            found = os.fstat(f.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_size > _LOOKED_MAX or found.st_dev == os.stat("/proc/self").st_dev:
                return None
            data = f.read(_LOOKED_MAX)
    except OSError:
        return None
    return None if b"\0" in data[:_PROBE] else data


def printable(name: str) -> str:
    """A name on one line, whatever is in it."""
    return name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r") if "\n" in name or "\r" in name else name


def _files(root: str, shown: str) -> Iterator[tuple[str, str]]:
    if os.path.isfile(root):
        yield root, shown
        return
    todo = [root]
    while todo:
        folder = todo.pop()
        names, folders = _listed(folder)
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                yield path, os.path.normpath(os.path.join(shown, os.path.relpath(path, root)))
        todo += (os.path.join(folder, name) for name in reversed(folders))


def _listed(folder: str) -> tuple[list[str], list[str]]:
    """Names in a folder that are no folders, and those that are and may be looked through; none if it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    except OSError:
        return [], []
    names = [name for name, is_folder in found if not is_folder]
    return names, [name for name, is_folder in found if is_folder and name not in _SKIPPED]
