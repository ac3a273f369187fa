"""The search tool: a regular expression over the lines of files, in order of path."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator

from agentsandbox.server.settings import ToolError

_SKIPPED = frozenset({".git", "__pycache__", ".pytest_cache"})
_PROBE = 8192  # a zero byte in here makes a file binary


def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern.

    Raises:
        ToolError: it is no regular expression.
    """
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as e:
        raise ToolError(f"no regular expression: {pattern!r}: {e}") from e


def found(pattern: re.Pattern[str], root: str, shown: str, glob: str | None) -> Iterator[str]:
    """``path:line:text`` for every matching line below ``root`` (file or folder), named from ``shown``."""
    for path, name in _files(root, shown):
        if glob is None or fnmatch.fnmatch(name, glob) or fnmatch.fnmatch(os.path.basename(name), glob):
            yield from _in_file(pattern, path, name)


def _in_file(pattern: re.Pattern[str], path: str, name: str) -> Iterator[str]:
    try:
        with open(path, "rb") as f:
            data = f.read()
    except OSError:
        return
    if b"\0" in data[:_PROBE]:
        return
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if pattern.search(line):
            yield f"{name}:{number}:{line}"


def _files(root: str, shown: str) -> Iterator[tuple[str, str]]:
    if os.path.isfile(root):
        yield root, shown
        return
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(d for d in folders if d not in _SKIPPED)
        for name in sorted(files):
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                yield path, os.path.normpath(os.path.join(shown, os.path.relpath(path, root)))
