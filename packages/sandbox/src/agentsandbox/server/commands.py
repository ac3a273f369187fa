"""Tell a plain pytest command from everything else that a shell may be asked to do."""

from __future__ import annotations

import glob
import os
import re
import shlex
from collections.abc import Mapping
from typing import NamedTuple

_SPECIAL = frozenset(";&|<>()$`\\*?{}~#\n\r!")
_IN_DOUBLE = frozenset("$`\\!")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_AT_START = re.compile(r"PYTHON(?!PATH$)|LD_|PATH$|LC_|LANG|TZ$|MALLOC_|BASH|COVERAGE_|GLIBC")  # read when a process starts


class PytestCommand(NamedTuple):
    """The parts of ``[VAR=VALUE ...] python[3] -m pytest ARGS``."""

    program: str
    variables: dict[str, str]
    arguments: list[str]


def pytest_command(command: str, cwd: str) -> PytestCommand | None:
    """The parts of a plain pytest command; nothing for any other.

    Plain means that bash would do no more than split words: no operators, expansions or globs. Variables that Python
    itself reads when it starts need a real start, so they are not plain either.
    """
    if not _is_plain(command):
        return None
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    variables: dict[str, str] = {}
    while words:
        match = _ASSIGNMENT.fullmatch(words[0])
        if match is None:
            break
        variables[match[1]] = match[2]
        words = words[1:]
    if words[:3] not in (["python", "-m", "pytest"], ["python3", "-m", "pytest"]) or any(_AT_START.match(v) for v in variables):
        return None
    if any("[" in w and glob.glob(os.path.join(cwd, w)) for w in words[3:]):
        return None
    return PytestCommand(words[0], variables, words[3:])


def starts_alike(env: Mapping[str, str], first: Mapping[str, str]) -> bool:
    """Whether a Python with ``env`` starts in the same way as one with ``first``."""
    return all(env.get(name) == first.get(name) for name in {*env, *first} if _AT_START.match(name))


def _is_plain(command: str) -> bool:
    quote = ""
    for c in command.strip():
        if quote == "'":
            quote = "" if c == "'" else quote
        elif quote == '"':
            if c in _IN_DOUBLE:
                return False
            quote = "" if c == '"' else quote
        elif c in "'\"":
            quote = c
        elif c in _SPECIAL:
            return False
    return not quote
