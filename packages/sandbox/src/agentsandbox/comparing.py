"""Whether two answers of a tool say the same, once what differs between identical runs is set aside."""

import difflib
import re
import shlex
from collections.abc import Mapping
from typing import Any

from trajschema.normalise import normalise
from trajschema.trajectory import Observation

from agentsandbox.eventlog import storable

_LISTINGS = frozenset({"ls", "find", "tree", "du", "rg", "fd", "git status", "git ls-files", "grep -r"})
_FILTERS = frozenset({"cd", "echo", "grep", "head", "pwd", "sort", "tail", "true", "uniq", "wc"})
_OPERATORS = frozenset({"|", "||", "&&", ";", "&", "|&"})
_REDIRECTION = re.compile(r"[<>&]+")


def view(observation: Observation, *, unordered: bool) -> list[str]:
    """An answer as lines to compare: exit status and error first, then the content, all normalised.

    ``unordered`` sorts the content: the order of a listing is that of the file system, and means nothing.
    """
    head = [] if observation.exit_code is None else [f"exit status: {observation.exit_code}"]
    if observation.error is not None:
        head.append(f"error: {normalise(storable(observation.error))}")
    content = normalise(storable(observation.content)).split("\n")
    return head + (sorted(content) if unordered else content)


def view_of_diff(diff: str) -> list[str]:
    """A unified diff as lines to compare: normalised, without the lines that hash contents, clocks and all."""
    return [line for line in normalise(storable(diff)).split("\n") if not line.startswith("index ")]


def difference(recorded: list[str], replayed: list[str]) -> str:
    """Unified diff of two views; empty where they are the same."""
    lines = difflib.unified_diff(recorded, replayed, "recorded", "replayed", lineterm="", n=2)
    return "\n".join(line for line in lines)


def is_unordered(tool: str, arguments: Mapping[str, Any]) -> bool:
    """Whether the answer of a call is a listing whose order means nothing.

    A shell command is one if it lists (``ls``, ``find``, ``git status``, ``grep -r`` …) and does nothing else but
    filter the list.
    """
    if tool == "search":
        return True
    if tool == "git":
        given = arguments.get("args")
        return isinstance(given, list) and given[:1] in (["status"], ["ls-files"])
    command = arguments.get("command")
    if tool != "shell" or not isinstance(command, str):
        return False
    names = _programs(command)
    return any(name in _LISTINGS for name in names) and all(name in _LISTINGS | _FILTERS for name in names)


def _programs(command: str) -> list[str]:
    """What each simple command of a command line runs; empty where it cannot be told."""
    lexer = shlex.shlex(command.replace("\n", " ; "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:
        return []
    simple: list[list[str]] = [[]]
    for word in words:
        if word in _OPERATORS:
            simple.append([])
        elif not _REDIRECTION.fullmatch(word):
            simple[-1].append(word)
    return [_program(words) for words in simple if words]


def _program(words: list[str]) -> str:
    if words[0] == "git" and len(words) > 1:
        return f"git {words[1]}"
    if words[0] == "grep" and any(re.fullmatch(r"-[a-zA-Z]*[rR][a-zA-Z]*|--recursive", word) for word in words[1:]):
        return "grep -r"
    return words[0]
