"""Event records of a sandbox session: what the sandbox and the agent loop emit, and the recorder writes down.

A session is a list of events in order; position is identity. The first is ``session_start``, the last ``session_end``;
a log without the last one was cut off.
"""

from typing import Annotated, Literal, Protocol

from pydantic import Field, TypeAdapter

from trajschema.record import Part
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
