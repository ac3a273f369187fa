"""A report that is one JSON document with a token: what the reporters for JavaScript write when the tests are over."""

import json
import re
from typing import Any

from agentgrader.frameworks.judging import Reading

_SPACE = re.compile(r"\s*")


def document(data: bytes, token: str, reading: Reading) -> Any:
    """The one document of a report; nothing, and a note in ``reading``, if there is none or anything else beside it."""
    found = []
    for line in data.split(b"\n"):
        if not line.strip():
            continue
        try:
            sent, content = json.loads(line)
        except (ValueError, TypeError, RecursionError):
            sent = None
        if not isinstance(sent, str) or sent != token:
            reading.note("something else than the reporter wrote to the report")
        else:
            found.append(content)
    if len(found) > 1:
        reading.note("the report was written twice")
    reading.ended = len(found) == 1
    return found[0] if reading.ended else None


def objects(data: bytes) -> list[dict[str, Any]]:
    """JSON objects that follow each other without separators; none from the first on that is broken."""
    found: list[dict[str, Any]] = []
    rest = data.decode("utf-8", "replace").rstrip()
    decoder = json.JSONDecoder()
    at = 0
    while (at := _SPACE.match(rest, at).end()) < len(rest):  # type: ignore[union-attr]
        try:
            value, at = decoder.raw_decode(rest, at)
        except (ValueError, RecursionError):
            return found
        found.append(fields(value))
    return found


def text(value: Any) -> str:
    """``value`` if it is a string, else nothing."""
    return value if isinstance(value, str) else ""


def items(value: Any) -> list[Any]:
    """``value`` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def fields(value: Any) -> dict[str, Any]:
    """``value`` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}
