"""One session: a policy acts in a box until it submits, fails or has spent its budget."""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from agentsandbox.errors import SandboxError
from agentsandbox.sandbox import Sandbox
from agentsandbox.tools import problem_of
from trajschema.event import AgentTurn, EventSink, ToolResult, UserTurn
from trajschema.rollout import ExitStatus, Usage
from trajschema.trajectory import Observation, StepUsage, ToolCall

from agentrollout.policy import Ended, Exchange, Policy

NO_CALL = "Your last turn called no tool, so nothing was done. Call a tool; when the work is done, call submit."
"""The message to an agent that called no tool."""
Slots = AbstractContextManager[object]
"""Held while a box works, so that many sessions share few cores: a semaphore, or nothing."""
_FREE: Slots = nullcontext()


@dataclass(frozen=True)
class Budget:
    """What an agent may spend."""

    steps: int = 25
    """Turns."""
    seconds: float = 120.0
    """Wall seconds; only a guard against hangs."""
    tokens: int | None = None
    """Tokens sent and received, as its turns state them."""
    usd: float | None = None
    """US dollars, as its turns state them."""
    malformed: int = 3
    """Malformed turns in a row."""

    def spent(self, history: Sequence[Exchange], seconds: float) -> str:
        """Which limit was reached, in words; empty while there is none."""
        used = [e.turn.usage or StepUsage() for e in history]
        tokens = sum((u.prompt_tokens or 0) + (u.completion_tokens or 0) for u in used)
        usd = sum(u.cost_usd or 0.0 for u in used)
        if len(history) >= self.steps:
            return f"{self.steps} turns were taken"
        if seconds > self.seconds:
            return f"{self.seconds:g} seconds had passed"
        if self.tokens is not None and tokens >= self.tokens:
            return f"{tokens} of {self.tokens} tokens were used"
        if self.usd is not None and usd >= self.usd:
            return f"{usd:.4f} of {self.usd:g} US dollars were spent"
        last = history[-self.malformed :]
        if len(last) == self.malformed and all("malformed" in e.turn.flags for e in last):
            return f"{self.malformed} turns in a row were malformed"
        return ""


@dataclass(frozen=True)
class OwnLog:
    """The log that an agent wrote itself."""

    format: str
    """Name of the adapter that reads it."""
    content: bytes
    usage: Usage | None = None
    """Sums as the log states them, where it could be read."""


@dataclass(frozen=True)
class Ending:
    """How a session ended."""

    exit: ExitStatus
    reason: str
    history: tuple[Exchange, ...] = ()
    lost: bool = False
    """The box failed while the agent was at work."""
    log: OwnLog | None = None


@dataclass(frozen=True)
class Conversation:
    """A policy drives the session: one turn after the other, as :func:`converse` does."""

    make: Callable[[], Policy]

    def drive(self, box: Sandbox, sink: EventSink, budget: Budget, slots: Slots = _FREE) -> Ending:
        """See :class:`agentrollout.driver.Driver`."""
        return converse(self.make(), box, sink, budget, slots)


def converse(policy: Policy, box: Sandbox, sink: EventSink, budget: Budget, slots: Slots = _FREE) -> Ending:
    """Let ``policy`` act in ``box`` and emit every turn and every result.

    A malformed turn without a call is answered by a user turn. A box that fails ends the session with exit
    ``infrastructure``; the turn under which it failed is emitted, its results are not.
    """
    history: list[Exchange] = []
    began = time.monotonic()
    while True:
        asked = time.monotonic()
        limit = budget.spent(history, asked - began)
        if limit:
            return Ending("limit", limit, tuple(history))
        try:
            turn = _numbered(policy.act(tuple(history)), len(history) + 1, asked)
        except Ended as end:
            return Ending(end.exit, end.reason, tuple(history))
        except Exception as failure:  # whatever the policy does wrong ends its run, and no other
            return Ending("crash", f"{type(failure).__name__}: {failure}", tuple(history))
        sink.emit(turn)
        try:
            observations, submitted = _carry_out(turn.tool_calls, box, slots, lambda seen: sink.emit(ToolResult(observation=seen)))
        except SandboxError as failure:
            return Ending("infrastructure", str(failure), tuple(history), lost=True)
        said = NO_CALL if "malformed" in turn.flags and not turn.tool_calls else ""
        if said:
            sink.emit(UserTurn(message=said))
        history.append(Exchange(turn, observations, said))
        if submitted:
            return Ending("submitted", "", tuple(history))


def _numbered(turn: AgentTurn, step: int, asked: float) -> AgentTurn:
    """The turn with call ids that depend on their position alone, and with the seconds since it was requested."""
    calls = tuple(call.model_copy(update={"tool_call_id": f"call_{step}_{n}"}) for n, call in enumerate(turn.tool_calls, start=1))
    usage = (turn.usage or StepUsage()).model_copy(update={"seconds": time.monotonic() - asked})
    return turn.model_copy(update={"tool_calls": calls, "usage": usage})


def _carry_out(
    calls: tuple[ToolCall, ...], box: Sandbox, slots: Slots, on_result: Callable[[Observation], None]
) -> tuple[tuple[Observation, ...], bool]:
    """Answers to all calls, and whether one of them submitted. After a submit nothing is run any more."""
    answers: list[Observation] = []
    submitted = False
    for call in calls:
        with slots:
            started = time.monotonic()
            answer = Observation(content="", error="not run: the work was submitted before") if submitted else _answer(call, box)
            seconds = time.monotonic() - started if answer.seconds is None else answer.seconds
        answers.append(answer.model_copy(update={"tool_call_id": call.tool_call_id, "seconds": seconds}))
        on_result(answers[-1])
        submitted = submitted or (call.name == "submit" and answer.error is None)
    return tuple(answers), submitted


def _answer(call: ToolCall, box: Sandbox) -> Observation:
    try:
        arguments = json.loads(call.arguments)
    except (ValueError, RecursionError) as problem:
        return Observation(content="", error=f"the arguments are not JSON: {problem}")
    if not isinstance(arguments, dict):
        return Observation(content="", error="the arguments are not a JSON object")
    if call.name == "think":
        return Observation(content="")
    if call.name == "other":
        return Observation(content="", error=problem_of(call.raw_name, arguments) or f"there is no tool {call.raw_name!r}")
    return box.call(call.name, arguments)
