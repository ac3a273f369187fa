"""Glob patterns over paths of a repository, the same inside the box and outside."""

from __future__ import annotations

import functools
import re


@functools.lru_cache(maxsize=64)
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_translated(p)})" for p in patterns) or r"(?!)", re.DOTALL)


def _translated(pattern: str) -> str:
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
    return "".join(out) + "(?:/.*)?"


def matches(path: str, patterns: list[str] | tuple[str, ...]) -> bool:
    """Whether ``path`` (relative, ``/`` between parts) matches a pattern.

    Patterns are anchored at the workdir. ``*`` and ``?`` stay within a part, ``**/`` stands for any folders, also none. A
    pattern that names a folder covers everything below it.
    """
    return _any_of(tuple(patterns)).fullmatch(path) is not None
