"""A function as an agent has read it, and the edits that it could make there."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from agenttasks.faults.mutation import Mutation
from agenttasks.faults.operators import candidates

_SCOPE = "Scope"
_FRAME = f"class {_SCOPE}:\n"
"""Put before an indented function, so that it parses on its own."""


@dataclass(frozen=True)
class Fragment:
    """Whole lines of a file. ``text`` ends with a newline."""

    path: str
    first: int
    """1-based number of the first line."""
    text: str

    @property
    def last(self) -> int:
        """Number of the last line."""
        return self.first + self.text.count("\n") - 1


@dataclass(frozen=True)
class Edit:
    """A change of one place, as the editing tool takes it."""

    path: str
    line: int
    """First line that changes, 1-based."""
    operator: str
    function: str
    old: str
    new: str
    what: str
    """The change in a few words."""


def edits_in(fragment: Fragment, operators: Collection[str]) -> list[Edit]:
    """Every edit that ``operators`` offer in ``fragment``, in order of line. None if it is no whole piece of code."""
    frame = _FRAME if fragment.text[:1].isspace() else ""
    try:
        mutations = candidates(frame + fragment.text, fragment.path, operators)
    except (SyntaxError, ValueError):
        return []
    edits = (_edit(mutation, fragment, frame) for mutation in mutations)
    return list(dict.fromkeys(edit for edit in edits if edit is not None))


def _edit(mutation: Mutation, fragment: Fragment, frame: str) -> Edit | None:
    after = mutation.apply(frame + fragment.text)
    if not after.startswith(frame):
        return None
    old_lines, new_lines = _lines(fragment.text), _lines(after[len(frame) :])
    head, tail = _shared(old_lines, new_lines)
    old = new = ""
    for first, last in _widening(head, len(old_lines) - tail, len(old_lines)):
        old, new = "".join(old_lines[first:last]), "".join(new_lines[first : len(new_lines) - len(old_lines) + last])
        if old and fragment.text.count(old) == 1:
            break
    function = mutation.function.removeprefix(f"{_SCOPE}.") if frame else mutation.function
    what = f"{mutation.operator.replace('_', ' ')}, {_short(mutation.before)} becomes {_short(mutation.after)}"
    return Edit(fragment.path, fragment.first + head, mutation.operator, function, old, new, what)


def _lines(text: str) -> list[str]:
    """Lines with their ends; only a line feed ends a line, as in the editing tool."""
    return re.findall(r"[^\n]*\n|[^\n]+$", text)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    if not flat:
        return "nothing"
    return f"`{flat if len(flat) <= 50 else flat[:47] + '...'}`"


def _shared(old: list[str], new: list[str]) -> tuple[int, int]:
    """How many lines at the head and at the tail are the same in both."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return head, tail


def _widening(first: int, last: int, end: int) -> Iterator[tuple[int, int]]:
    """Ranges of lines around a change, from one line of context on either side to everything."""
    margin = 1
    while True:
        yield max(0, first - margin), min(end, last + margin)
        if first - margin <= 0 and last + margin >= end:
            return
        margin += 1
