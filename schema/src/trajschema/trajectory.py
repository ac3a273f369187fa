"""A trajectory: what an agent said, did and saw, step by step. Field names follow ATIF where it has them."""

from typing import Literal

from pydantic import Field

from trajschema.ids import content_id
from trajschema.normalise import normalise
from trajschema.record import Part, Record

Tool = Literal["file_read", "file_write", "file_edit", "shell", "search", "symbols", "git", "think", "submit", "other"]
"""Canonical tool names. ``other`` is a tool with no counterpart; its raw name says which."""

Flag = Literal["malformed", "synthetic", "copied_context", "truncated"]


class ToolCall(Part):
    """One call of a tool."""

    tool_call_id: str = Field(description="Unique within the trajectory.")
    name: Tool = Field(description="Canonical tool.")
    raw_name: str = Field(description="Name the agent used.")
    arguments: str = Field(description="Arguments as a JSON object in a string, so that columns stay the same over rows.")


class Observation(Part):
    """What came back for one call."""

    tool_call_id: str | None = Field(None, description="Call that it answers; missing for what no call asked for.")
    content: str = Field(description="Text as the agent saw it.")
    exit_code: int | None = Field(None, description="Exit status of a command; missing where there is none.")
    error: str | None = Field(
        None, description="Why the call itself failed (bad arguments, edit not applied, time-out); missing if it did not."
    )
    truncated: bool = Field(False, description="The agent saw only head and tail.")
    total_bytes: int | None = Field(None, ge=0, description="True size of the output before any cut.")
    content_sha256: str | None = Field(None, description="SHA-256 of the whole output, where it was cut or is no UTF-8.")
    seconds: float | None = Field(None, ge=0, description="Seconds from call to answer.")


class StepUsage(Part):
    """What a step cost."""

    prompt_tokens: int | None = Field(None, ge=0, description="Tokens sent, cached ones included.")
    completion_tokens: int | None = Field(None, ge=0, description="Tokens received.")
    cached_tokens: int | None = Field(None, ge=0, description="Tokens of the prompt served from a cache.")
    cost_usd: float | None = Field(None, ge=0, description="Price in US dollars.")
    seconds: float | None = Field(None, ge=0, description="Seconds the agent took to decide.")


class Step(Part):
    """One turn."""

    step_id: int = Field(ge=1, description="1..n without gaps.")
    source: Literal["system", "user", "agent"] = Field(description="Who speaks.")
    message: str = Field("", description="What was said.")
    reasoning: str | None = Field(None, description="Thoughts apart from the message.")
    tool_calls: tuple[ToolCall, ...] = Field((), description="Calls asked for in this turn.")
    observations: tuple[Observation, ...] = Field((), description="Answers to them, in the order of the calls.")
    usage: StepUsage | None = Field(None, description="What the turn cost.")
    flags: tuple[Flag, ...] = Field((), description="What sets the turn apart.")


class Trajectory(Record):
    """A recorded run. Never edited: scores live in tables of their own."""

    trajectory_id: str = Field(description="Hash of rollout id (or source and index) and normalised content.")
    rollout_id: str | None = Field(None, description="Rollout that it records; missing for an outside log.")
    task_id: str | None = Field(None, description="Task, where it is known.")
    agent: str = Field(description="Name of the agent.")
    model: str | None = Field(None, description="Model behind the agent; missing where there is none.")
    source_format: str = Field("trajhub-events", description="Format of the log it was read from.")
    source_sha256: str | None = Field(None, description="SHA-256 of that log.")
    steps: tuple[Step, ...] = Field(description="All turns in order.")
    final_diff: str = Field("", description="Unified diff of the repository at the end of the run.")
    unread: tuple[str, ...] = Field((), description="What the reader of the log left out, each with its reason.")


def normalised_content(steps: tuple[Step, ...], final_diff: str) -> object:
    """The part of a run that two identical runs share, as plain JSON values."""
    return [
        [
            [
                s.source,
                s.message,
                s.reasoning,
                [[c.raw_name, c.arguments] for c in s.tool_calls],
                [[normalise(o.content), o.exit_code, o.error and normalise(o.error)] for o in s.observations],
                list(s.flags),
            ]
            for s in steps
        ],
        final_diff,
    ]


def trajectory_id(origin: str, steps: tuple[Step, ...], final_diff: str) -> str:
    """Content id of a run. ``origin`` is the rollout id, or ``<source sha256>#<index>`` for an outside log."""
    return content_id([origin, normalised_content(steps, final_diff)])
