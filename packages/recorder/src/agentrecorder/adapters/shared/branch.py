"""Which lines of a session that is kept as a tree are its history: those that lead to its last line."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from agentrecorder.containers.json_values import Json, get, items, string

ABANDONED = "line of an abandoned branch"
REPEATED = "line that is there twice"


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its place in the tree."""

    where: str
    value: Json
    uuid: str
    parent: str
    speaks: bool
    """It is a user's or the model's."""

    @classmethod
    def of(cls, where: str, value: Json) -> Self:
        """``value`` is an object."""
        parent = value.get("parentUuid") or value.get("logicalParentUuid")
        return cls(where, value, string(value.get("uuid")), string(parent), value.get("type") in ("user", "assistant"))


def branch(lines: list[Line]) -> list[str]:
    """For each line why it is not in the history, or an empty text.

    Parallel calls leave side branches: the other lines of a message on the branch, and the answers to its calls, belong to it too.
    Lines of a log that links none to another are all taken, in order.
    """
    repeated = _repeated(lines)
    known = {line.uuid: line for line in lines if line.uuid}
    if not any(line.parent in known for line in lines):
        return [REPEATED if again else "" for again in repeated]
    path = _path(lines, known)
    messages = {_message(line) for line in lines if line.uuid in path} - {""}
    asked = {call for line in lines if line.uuid in path or _message(line) in messages for call in _ids(line, "tool_use", "id")}
    return [
        REPEATED if again else "" if _belongs(line, path, messages, asked) else ABANDONED
        for line, again in zip(lines, repeated, strict=True)
    ]


def sessions(lines: list[Line]) -> list[list[Line]]:
    """The lines of each session, where a file holds several that each begin with the user, and none goes on from another."""
    names = {line.uuid: string(line.value.get("sessionId")) for line in lines if line.uuid}
    if any(line.parent in names and names[line.parent] != line.value.get("sessionId") for line in lines if line.speaks):
        return [lines]
    found: dict[str, list[Line]] = {}
    name = next((string(line.value.get("sessionId")) for line in lines if line.speaks), "")
    for line in lines:
        if line.speaks:
            name = string(line.value.get("sessionId")) or name
        found.setdefault(name, []).append(line)
    begun = all(next((line.value.get("type") for line in part if line.speaks), "") == "user" for part in found.values())
    return [*found.values()] if begun else [lines]


def _belongs(line: Line, path: set[str], messages: set[str], asked: set[str]) -> bool:
    if not line.speaks or not line.uuid or line.uuid in path or _message(line) in messages:
        return True
    return any(call in asked for call in _ids(line, "tool_result", "tool_use_id"))


def _path(lines: list[Line], known: dict[str, Line]) -> set[str]:
    """From the last line that speaks up to the root, and over a gap that a compaction left to what stands before it."""
    place = {line.uuid: number for number, line in enumerate(lines) if line.uuid}
    path: set[str] = set()
    line = next((line for line in reversed(lines) if line.speaks and line.uuid), None)
    while line is not None and line.uuid not in path:
        path.add(line.uuid)
        if line.parent in known:
            line = known[line.parent]
        elif get(line.value, "subtype") == "compact_boundary" or line.value.get("isCompactSummary") is True:
            line = next((before for before in reversed(lines[: place[line.uuid]]) if before.speaks and before.uuid not in path), None)
        else:
            line = None
    return path


def _repeated(lines: list[Line]) -> list[bool]:
    seen: dict[str, Json] = {}
    found = []
    for line in lines:
        found.append(bool(line.uuid) and seen.get(line.uuid) == line.value)
        seen.setdefault(line.uuid, line.value)
    return found


def _message(line: Line) -> str:
    return string(get(line.value, "message", "id")) if line.value.get("type") == "assistant" else ""


def _ids(line: Line, kind: str, key: str) -> Iterator[str]:
    for block in items(get(line.value, "message", "content")):
        if get(block, "type") == kind:
            yield string(get(block, key))
