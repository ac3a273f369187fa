"""Event records of a sandbox session: what the sandbox and the agent loop emit, and the recorder writes down as JSON lines.

A session is a list of events in order; position is identity. The first is ``session_start``, the last ``session_end``;
a log without the last one was cut off.
"""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, Protocol

from pydantic import Field, TypeAdapter, ValidationError

from trajschema.record import Part, first_problem
from trajschema.rollout import Provenance
from trajschema.trajectory import Flag, Observation, StepUsage, ToolCall


class SessionStart(Part):
    """A box was made ready for a task."""

    kind: Literal["session_start"] = "session_start"
    task_id: str = Field(description="Task of the session.")
    problem_statement: str = Field(description="What the agent is told.")
    provenance: Provenance = Field(description="What the box is.")
    at: float = Field(description="Unix time, seconds.")


class AgentTurn(Part):
    """The agent spoke and asked for zero or more calls."""

    kind: Literal["agent_turn"] = "agent_turn"
    message: str = Field("", description="What was said.")
    reasoning: str | None = Field(None, description="Thoughts apart from the message.")
    tool_calls: tuple[ToolCall, ...] = Field((), description="Calls asked for.")
    usage: StepUsage | None = Field(None, description="What the turn cost.")
    flags: tuple[Flag, ...] = Field((), description="What sets the turn apart.")


class ToolResult(Part):
    """A call was answered."""

    kind: Literal["tool_result"] = "tool_result"
    observation: Observation = Field(description="The answer.")


class UserTurn(Part):
    """Something was said to the agent that no call asked for, for example a format error."""

    kind: Literal["user_turn"] = "user_turn"
    message: str = Field(description="What was said to the agent.")
    flags: tuple[Flag, ...] = Field((), description="What sets the turn apart.")


class SessionEnd(Part):
    """The session is over."""

    kind: Literal["session_end"] = "session_end"
    exit: Literal["submitted", "limit", "crash", "infrastructure"] = Field(description="How the session ended.")
    reason: str = Field("", description="In words: which limit, which crash.")
    final_diff: str = Field("", description="Unified diff of the repository against the base.")
    at: float = Field(description="Unix time, seconds.")


Event = Annotated[SessionStart | AgentTurn | ToolResult | UserTurn | SessionEnd, Field(discriminator="kind")]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)


class EventSink(Protocol):
    """Receives events in order. The sandbox emits into it; the recorder implements it."""

    def emit(self, event: Event) -> None: ...


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
    return LoggedEvents(tuple(events), tuple(bad))


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
