"""Whether two answers of a tool say the same, once what differs between identical runs is set aside."""

import difflib
import re
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from trajschema.event import storable
from trajschema.normalise import normalise
from trajschema.trajectory import Observation

_LISTINGS = frozenset({"ls", "find", "tree", "du", "rg", "fd", "git status", "git ls-files", "grep -r"})
_FILTERS = frozenset({"cd", "echo", "grep", "head", "pwd", "sort", "tail", "true", "uniq", "wc"})
_OPERATORS = frozenset({"|", "||", "&&", ";", "&", "|&"})
_SPLIT_MAX = 10_000
"""Characters of a command line that is split into words: that takes quadratic time."""
_REDIRECTION = re.compile(r"[<>&]+")


class _Gap(Enum):
    """Placeholder for lines that differ between identical runs."""

    LINE = "one line"
    LINES = "any number of lines"


_Template = Sequence[str | _Gap]


@dataclass(frozen=True)
class View:
    """An answer or a diff, normalised, as it is compared."""

    lines: tuple[str, ...]
    verdict: tuple[str, ...] = ()
    """Exit status and error."""
    size: int | None = None
    sha256: str | None = None
    """Of the whole output, where ``lines`` do not tell what it was: it was cut, or is no UTF-8."""
    partial: bool = False
    """Whether ``lines`` do not tell what the whole output was."""
    exact: bool = True
    """Whether size and hash can be compared: nothing was normalised, and the order is fixed."""
    unordered: bool = False

    @property
    def told(self) -> tuple[str, ...]:
        """All of it as lines."""
        whole = [f"{name}: {value}" for name, value in (("total bytes", self.size), ("sha256", self.sha256)) if value is not None]
        return (*self.verdict, *self.lines, *(whole if self.exact else ()))


def view(observation: Observation, *, unordered: bool) -> View:
    """An answer as it is compared: exit status, error, and the lines of the content, all normalised.

    ``unordered`` sorts the content: the order of a listing is that of the file system, and means nothing.
    """
    verdict = [] if observation.exit_code is None else [f"exit status: {observation.exit_code}"]
    if observation.error is not None:
        verdict.append(f"error: {normalise(storable(observation.error))}")
    content = storable(observation.content)
    normal = normalise(content)
    lines = normal.split("\n")
    return View(
        tuple(sorted(lines) if unordered else lines),
        tuple(verdict),
        observation.total_bytes,
        observation.content_sha256,
        partial=observation.truncated or observation.content_sha256 is not None,
        exact=normal == content and not unordered,
        unordered=unordered,
    )


def view_of_diff(diff: str) -> View:
    """A unified diff as it is compared: normalised, without the lines that hash contents, clocks and all."""
    return View(tuple(line for line in normalise(storable(diff)).split("\n") if not line.startswith("index ")))


def difference(recorded: View, *replayed: View) -> str:
    """Unified diff from what was recorded to the first of several replays; empty where all stable lines are the same.

    Lines that differ between the replays may be anything in the recording; every other line must be as it is there.
    """
    same = recorded.verdict in {v.verdict for v in replayed} and _whole_fits(recorded, replayed)
    if same and _fits(recorded, _template(replayed)):
        return ""
    return "\n".join(difflib.unified_diff(recorded.told, replayed[0].told, "recorded", "replayed", lineterm="", n=2))


def holds_still(*replayed: View) -> bool:
    """Whether any line, if there are lines, is the same in all replays."""
    template = _template(replayed)
    return any(line for line in template if not isinstance(line, _Gap)) or not any(isinstance(line, _Gap) for line in template)


def left_out(recorded: View, *replayed: View) -> str:
    """What of an answer could not be compared; empty where nothing is left out."""
    found = []
    if any(isinstance(line, _Gap) for line in _template(replayed)):
        found.append("lines that vary from run to run")
    if any(v.partial for v in (recorded, *replayed)) and not (recorded.sha256 and _whole_is_steady(recorded, replayed)):
        found.append("the middle of an output that was cut, or bytes that are no text")
    return f"not compared: {', and '.join(found)}" if found else ""


def _whole_fits(recorded: View, replayed: Sequence[View]) -> bool:
    return not _whole_is_steady(recorded, replayed) or all(
        mine in (None, its) for mine, its in ((recorded.size, replayed[0].size), (recorded.sha256, replayed[0].sha256))
    )


def _whole_is_steady(recorded: View, replayed: Sequence[View]) -> bool:
    return all(v.exact for v in (recorded, *replayed)) and len(set(replayed)) == 1


def _template(replayed: Sequence[View]) -> _Template:
    """The lines of the first replay, with gaps for those that are not in each other one."""
    template: _Template = replayed[0].lines
    for other in replayed[1:]:
        template = (_common if other.unordered else _aligned)(template, other.lines)
    return template


def _aligned(template: _Template, lines: Sequence[str]) -> _Template:
    found: list[str | _Gap] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, template, lines, autojunk=False).get_opcodes():
        if tag == "equal":
            found += template[a:b]
        else:
            found += _gaps(template[a:b], d - c)
    return found


def _common(template: _Template, lines: Sequence[str]) -> _Template:
    stable = sorted((Counter(line for line in template if isinstance(line, str)) & Counter(lines)).elements())
    rest = [_Gap.LINES] if _Gap.LINES in template else [_Gap.LINE] * (len(template) - len(stable))
    return [*stable, *_gaps(rest, len(lines) - len(stable))]


def _gaps(before: _Template, count: int) -> list[_Gap]:
    """The gap for ``before`` in one text and ``count`` lines in the other."""
    return [_Gap.LINE] * count if len(before) == count and _Gap.LINES not in before else [_Gap.LINES]


def _fits(recorded: View, template: _Template) -> bool:
    lines = recorded.lines
    if recorded.unordered:
        stable = Counter(line for line in template if isinstance(line, str))
        return stable <= Counter(lines) and (_Gap.LINES in template or len(lines) == len(template))
    parts: list[list[str | _Gap]] = [[]]
    for line in template:
        if line is _Gap.LINES:
            parts.append([])
        else:
            parts[-1].append(line)
    end = len(lines) - len(parts[-1])
    place = len(parts[0])
    if len(parts) == 1:
        return end == 0 and _stands_at(0, parts[0], lines)
    for part in parts[1:-1]:
        found = next((n for n in range(place, end - len(part) + 1) if _stands_at(n, part, lines)), end + 1)
        place = found + len(part)
    return place <= end and _stands_at(0, parts[0], lines) and _stands_at(end, parts[-1], lines)


def _stands_at(place: int, part: _Template, lines: Sequence[str]) -> bool:
    return all(line is _Gap.LINE or line == lines[place + n] for n, line in enumerate(part))


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
    """What each simple command of a command line runs; empty where it cannot be told, as of a line that is too long to be split."""
    if len(command) > _SPLIT_MAX:
        return []
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
