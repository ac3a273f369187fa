"""Events as JSON lines: written one a line, read back. A bad line costs that line and nothing else."""

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import ValidationError

from trajschema.event import EVENT, Event, SessionEnd
from trajschema.record import first_problem

FORMAT = "trajhub-events"
"""Name of the format, as stored with a rollout and its trajectory."""


class BadLine(NamedTuple):
    """A line that is no event."""

    number: int
    """From 1."""
    reason: str
    last: bool
    """It is the last line and no newline ends it: perhaps it was being written when the process was killed."""

    def __str__(self) -> str:
        return f"line {self.number}: {self.reason}"


@dataclass(frozen=True)
class LoggedEvents:
    """What a log says. Every line that is not blank is either one of ``events`` or one of ``bad_lines``."""

    events: tuple[Event, ...]
    cut: bool
    """The log ends without a ``session_end``: the run was killed, or the rest of the log is lost."""
    bad_lines: tuple[BadLine, ...]


def event_line(event: Event) -> str:
    """An event as one line of JSON: ASCII, no newline."""
    return json.dumps(event.model_dump(mode="json"), separators=(",", ":"))


def read_events(jsonl: str) -> LoggedEvents:
    """Events of a log in order. Never raises for what a line holds.

    A lone surrogate, which no UTF-8 file can store, is read as U+FFFD.
    """
    events: list[Event] = []
    bad: list[BadLine] = []
    lines = jsonl.split("\n")
    for number, line in enumerate(lines, start=1):
        if line.strip():
            read = _event(line)
            if isinstance(read, str):
                bad.append(BadLine(number, read, last=number == len(lines)))
            else:
                events.append(read)
    return LoggedEvents(tuple(events), not any(isinstance(e, SessionEnd) for e in events), tuple(bad))


def _event(line: str) -> Event | str:
    """The event of a line, or why there is none."""
    try:
        return EVENT.validate_python(_storable(json.loads(line)))
    except ValidationError as problem:
        return f"not an event: {first_problem(problem)}"
    except (ValueError, RecursionError) as problem:
        return f"not JSON: {problem}"


def storable(text: str) -> str:
    """``text`` with U+FFFD in the place of lone surrogates, which no UTF-8 file can hold."""
    return text if text.isascii() else text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case list():
            return [_storable(part) for part in value]
        case dict():
            return {_storable(key): _storable(part) for key, part in value.items()}
    return value
