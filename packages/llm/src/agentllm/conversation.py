"""A conversation with tools, in our own words: what is sent to a model and what comes back, whoever serves it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from agentllm.usage import TokenUsage

StopReason = Literal["end", "calls", "length", "refusal"]
"""Why a model stopped: it was done, it wants tools called, its answer or its context reached the limit, it declined."""


@dataclass(frozen=True)
class ToolUse:
    """A tool call by the model. ``arguments`` is the text that it wrote, which need not be JSON."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class UserMessage:
    """A turn of the user."""

    text: str


@dataclass(frozen=True)
class AssistantMessage:
    """A turn of the model. ``carried`` is what its provider wants to see again (see :class:`Reply`)."""

    text: str
    calls: tuple[ToolUse, ...] = ()
    carried: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class ToolResult:
    """What a tool call gave."""

    call_id: str
    text: str
    failed: bool = False


@dataclass(frozen=True)
class ToolMessage:
    """The results of all calls of the turn before, in order."""

    results: tuple[ToolResult, ...]


Message = UserMessage | AssistantMessage | ToolMessage


@dataclass(frozen=True)
class Request:
    """One question in a conversation.

    ``tools`` are spelt as the provider takes them. ``stable`` messages at the front will stand unchanged in the next
    request too: that is where a provider's cache is told to keep what it read. ``deadline`` is on the monotonic clock.
    Temperature, top_p and seed reach the providers that take them. ``schema`` is the JSON Schema that the answer shall follow.
    """

    system: str
    tools: tuple[dict[str, Any], ...]
    messages: tuple[Message, ...]
    stable: int = 0
    max_tokens: int = 8_000
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    deadline: float | None = None
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Content:
    """An answer as it was read off the wire. A refusal's explanation is its text.

    ``carried`` are parts that mean nothing to us and that the provider wants back with the turn: signed thoughts.
    """

    text: str
    reasoning: str | None
    calls: tuple[ToolUse, ...]
    stop: StopReason
    model: str
    usage: TokenUsage
    carried: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Reply(Content):
    """An answer and what it took. ``cost_usd`` is missing for a model without a price; ``seconds`` include the retries."""

    cost_usd: float | None = None
    seconds: float = 0.0
    retries: int = 0


def arguments_of(call: ToolUse) -> str:
    """Arguments as a JSON object, as every service demands of the turns that it is shown again."""
    try:
        value = json.loads(call.arguments)
    except (ValueError, RecursionError):
        value = None
    return call.arguments if isinstance(value, dict) else json.dumps({"unreadable": call.arguments})
