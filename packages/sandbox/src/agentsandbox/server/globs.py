"""Glob patterns over paths of a repository, the same inside the box and outside."""

from __future__ import annotations

import functools
import re


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    pattern = pattern.strip("/")
    out: list[str] = []
    i = 0
    while i < len(pattern):
        if pattern.startswith("**/", i):
            out.append("(?:[^/]+/)*")
            i += 3
        elif pattern.startswith("**", i):
            out.append(".*")
            i += 2
        elif pattern[i] == "*":
            out.append("[^/]*")
            i += 1
        elif pattern[i] == "?":
            out.append("[^/]")
            i += 1
        else:
            out.append(re.escape(pattern[i]))
            i += 1
    return re.compile("".join(out) + "(?:/.*)?", re.DOTALL)


def matches(path: str, patterns: list[str] | tuple[str, ...]) -> bool:
    """Whether ``path`` (relative, ``/`` between parts) matches a pattern.

    Patterns are anchored at the workdir. ``*`` and ``?`` stay within a part, ``**/`` stands for any folders, also none. A
    pattern that names a folder covers everything below it.
    """
    return any(_compiled(p).fullmatch(path) for p in patterns)
