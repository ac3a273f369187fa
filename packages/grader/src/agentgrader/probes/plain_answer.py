"""Whether an answer to a call is plain data of the agreed shape: it was written in a process that belongs to the code that is judged."""

from __future__ import annotations

import json
from typing import Any

LINE, _NODES, _DEPTH, _NUMBER = 2 << 20, 200_000, 150, 1 << 63
_KINDS = ("result", "raised", "late", "absent", "unbuildable")
_KNOWN = {*_KINDS, "after", "reached", "awaited", "said", "printed", "again", "held"}


def read_answer(line: bytes) -> dict[str, Any]:
    """The answer in a line of JSON; ``{"malformed": True}`` for anything else than one."""
    try:
        answer = json.loads(line.decode(), parse_constant=_refuse, parse_float=_refuse)
    except (ValueError, RecursionError, MemoryError):
        return {"malformed": True}
    return checked(answer)


def checked(answer: Any) -> dict[str, Any]:
    """``answer`` if it is one: of one kind, nothing else beside, values as lists that start with a tag; else ``{"malformed": True}``."""
    if type(answer) is not dict or sum(kind in answer for kind in _KINDS) != 1 or not set(answer) <= _KNOWN:
        return {"malformed": True}
    raised, after, reached = answer.get("raised", ["x"]), answer.get("after", []), answer.get("reached", [])
    values = [answer[part] for part in ("result", "said") if part in answer]
    sound = type(raised) is list and raised and all(type(name) is str for name in raised) and type(after) is list
    sound = sound and answer.get("awaited", True) is True and type(answer.get("printed", "")) is str
    held = answer.get("held", {})
    sound = sound and type(held) is dict and all(type(digest) is str for digest in held.values())
    sound = sound and answer.get("again", "new") in ("new", "same", "other")
    sound = sound and type(reached) is list and all(type(n) is int for n in reached)
    if not sound or not all(type(a) is list and len(a) == 2 and type(a[0]) is int for a in after):
        return {"malformed": True}
    values += [a[1] for a in after]
    if not all(type(v) is list and v and type(v[0]) is str for v in values) or not _small(answer):
        return {"malformed": True}
    return answer


def _small(answer: Any) -> bool:
    level, seen = [answer], 0
    for _ in range(_DEPTH):
        deeper: list[Any] = []
        for item in level:
            if type(item) is list:
                deeper += item
            elif type(item) is dict:
                deeper += item.values()
            elif type(item) is int:
                if not -_NUMBER < item < _NUMBER:
                    return False
            elif item is not None and type(item) not in (str, bool):
                return False
        seen += len(deeper)
        if not deeper or seen > _NODES:
            return not deeper
        level = deeper
    return False


def _refuse(text: str) -> Any:
    raise ValueError(text)
