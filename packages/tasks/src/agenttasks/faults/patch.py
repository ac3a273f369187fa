"""Unified diffs between two trees of text files, in the form that git and patch apply."""

import difflib
from collections.abc import Mapping


def unified_diff(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """The diff that turns ``before`` into ``after``, files in path order. Both hold the same paths."""
    return "".join(_file_diff(path, before[path], after[path]) for path in sorted(before) if before[path] != after[path])


def _file_diff(path: str, before: str, after: str) -> str:
    body = difflib.unified_diff(_rows(before), _rows(after), f"a/{path}", f"b/{path}", n=3)
    return f"diff --git a/{path} b/{path}\n" + "".join(_ended(line) for line in body)


def _rows(text: str) -> list[str]:
    """Lines as git sees them: only a line feed ends one."""
    rows = text.split("\n")
    return [f"{row}\n" for row in rows[:-1]] + ([rows[-1]] if rows[-1] else [])


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
