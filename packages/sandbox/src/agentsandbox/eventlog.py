"""The log of a session on disk: written as it happens, read back as a trajectory."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError
from trajschema.event import EVENT, AgentTurn, Event, SessionEnd, SessionStart, ToolResult, UserTurn
from trajschema.ids import sha256_bytes
from trajschema.trajectory import Step, Trajectory, trajectory_id

FORMAT = "trajhub-events"
"""Name of the format: JSON lines of :mod:`trajschema.event`."""


class EventLog:
    """An event sink that appends each event to a new file as one JSON line, in the system's hands before ``emit`` returns.

    A process that is killed loses no event that was emitted.

    Raises:
        FileExistsError: the file is there; a log holds one session.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def emit(self, event: Event) -> None:
        """Write ``event`` down."""
        line = json.dumps(event.model_dump(mode="json"), separators=(",", ":")).encode() + b"\n"
        while line:
            line = line[os.write(self._file, line) :]

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class NoSink:
    """An event sink for a session that nobody records."""

    def emit(self, event: Event) -> None:
        """Forget ``event``."""


def trajectory_of(log: bytes) -> Trajectory:
    """What a log says, as a trajectory: one step for each turn, each answer with the call that it belongs to.

    A last line that was cut off while it was written is left out. A lone surrogate is read as U+FFFD.

    Raises:
        ValueError: a line is no event, or the log does not begin with ``session_start``.
    """
    events = list(_events(log))
    if not events or not isinstance(events[0], SessionStart):
        raise ValueError("the log does not begin with a session_start")
    start, steps = events[0], _steps(events)
    final_diff = next((e.final_diff for e in reversed(events) if isinstance(e, SessionEnd)), "")
    source = sha256_bytes(log)
    return Trajectory(
        trajectory_id=trajectory_id(f"{source}#0", steps, final_diff),
        task_id=start.task_id,
        agent="unknown",
        source_format=FORMAT,
        source_sha256=source,
        steps=steps,
        final_diff=final_diff,
        unread=() if isinstance(events[-1], SessionEnd) else ("the log holds no session_end: it was cut off",),
    )


def first_problem(error: ValidationError) -> str:
    """The first thing that is wrong with a record, on one line."""
    first = error.errors(include_url=False, include_input=False)[0]
    return ": ".join(part for part in (".".join(map(str, first["loc"])), first["msg"]) if part)


def _events(log: bytes) -> Iterator[Event]:
    lines = log.split(b"\n")
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield EVENT.validate_python(_storable(json.loads(line)))
            except ValueError as error:
                if number < len(lines):
                    what = first_problem(error) if isinstance(error, ValidationError) else error
                    raise ValueError(f"line {number} is no event: {what}") from error


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case list():
            return [_storable(part) for part in value]
        case dict():
            return {_storable(key): _storable(part) for key, part in value.items()}
    return value


def storable(text: str) -> str:
    """``text`` with U+FFFD in the place of lone surrogates, which no UTF-8 file can hold."""
    return text if text.isascii() else text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _steps(events: list[Event]) -> tuple[Step, ...]:
    steps: list[Step] = []
    for event in events:
        number = len(steps) + 1
        if isinstance(event, SessionStart):
            steps.append(Step(step_id=number, source="user", message=event.problem_statement))
        elif isinstance(event, UserTurn):
            steps.append(Step(step_id=number, source="user", message=event.message, flags=event.flags))
        elif isinstance(event, AgentTurn):
            said = {name: getattr(event, name) for name in ("message", "reasoning", "tool_calls", "usage", "flags")}
            steps.append(Step(step_id=number, source="agent", **said))
        elif isinstance(event, ToolResult):
            last = steps[-1]
            steps[-1] = last.model_copy(update={"observations": (*last.observations, event.observation)})
    return tuple(steps)
