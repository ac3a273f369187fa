"""Copies in a patch, whose sources ``git apply`` reads wherever they lie: it checks the paths that it writes and removes."""

from __future__ import annotations

import codecs
import re

_SOURCE = re.compile(rb"^copy from (.*)$", re.MULTILINE)


def from_outside(patch: bytes) -> str | None:
    """The first source of a copy that lies outside of the repository; nothing if all are inside."""
    for match in _SOURCE.finditer(patch):
        path = _unquoted(match[1])
        if path.startswith(b"/") or b".." in path.split(b"/"):
            return path.decode("utf-8", "replace")
    return None


def _unquoted(path: bytes) -> bytes:
    if not (len(path) > 1 and path.startswith(b'"') and path.endswith(b'"')):
        return path
    try:
        return codecs.escape_decode(path[1:-1])[0]
    except ValueError:
        return path
