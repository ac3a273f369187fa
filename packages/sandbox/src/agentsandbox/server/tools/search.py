"""The search tool: a regular expression over the lines of files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentsandbox.server.settings import ToolError
from agentsandbox.server.tools.walking import files_below, printable, text_of

SHOWN = 50
"""Matches shown. Where there are more, their number in each file comes first."""

_FILES_SHOWN = 30
_WIDTH = 240


def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern.

    Raises:
        ToolError: it is no regular expression.
    """
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as e:
        raise ToolError(f"no regular expression: {pattern!r}: {e}") from e


def report(pattern: re.Pattern[str], root: str, shown: str, glob: str | None) -> Iterator[str]:
    """Lines of the answer: ``path:line:text`` for every match below ``root`` (file or folder), named from ``shown``.

    Where there are more than :data:`SHOWN`, a summary comes first and only so many follow.
    """
    first: list[str] = []
    counts: dict[str, int] = {}
    for path, name in files_below(root, shown, glob):
        for number, line in _in_file(pattern, path):
            counts[name] = counts.get(name, 0) + 1
            if len(first) < SHOWN:
                first.append(f"{printable(name)}:{number}:{line if len(line) <= _WIDTH else line[:_WIDTH] + '...'}")
    if sum(counts.values()) > SHOWN:
        yield from _summary(counts)
    yield from first


def _in_file(pattern: re.Pattern[str], path: str) -> Iterator[tuple[int, str]]:
    data = text_of(path)
    if data is not None:
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
            if pattern.search(line):
                yield number, line


def _summary(counts: dict[str, int]) -> Iterator[str]:
    most = sorted(counts, key=lambda name: (-counts[name], name))
    yield f"{sum(counts.values())} matches in {len(counts)} files; narrow the search with path, glob or a more exact pattern"
    yield from (f"  {counts[name]} in {printable(name)}" for name in most[:_FILES_SHOWN])
    if len(most) > _FILES_SHOWN:
        yield f"  {sum(counts[name] for name in most[_FILES_SHOWN:])} in {len(most) - _FILES_SHOWN} more files"
    yield f"the first {SHOWN}, in order of path:"
