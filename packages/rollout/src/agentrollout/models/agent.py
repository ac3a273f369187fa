"""A language model as an agent: the conversation so far is rebuilt from the history, and the model says the next turn."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, get_args

from agentllm.chat import Chat
from agentllm.conversation import AssistantMessage, Message, Reply, Request, ToolMessage, ToolResult, ToolUse, UserMessage
from agentllm.errors import LLMError, OutOfTime, TooLong
from agentsandbox.schemas import anthropic_tools, openai_chat_tools
from agentsandbox.tools import BY_NAME
from trajschema.event import AgentTurn
from trajschema.rollout import Agent
from trajschema.trajectory import Flag, StepUsage, Tool, ToolCall

from agentrollout.driver import AgentSpec
from agentrollout.models.prompt import SYSTEM, folded, opening, shown
from agentrollout.policy import Ended, Exchange, History, TaskView

_TOOLS = {"anthropic": anthropic_tools, "openai": openai_chat_tools}


@dataclass(frozen=True)
class Sampling:
    """What shapes a model's answers besides the prompt. ``full`` is how many of the last observations it sees whole."""

    max_tokens: int = 8_000
    temperature: float | None = None
    top_p: float | None = None
    full: int = 5


def model_agent(name: str, provider: str, chat: Chat, sampling: Sampling, code: str) -> AgentSpec:
    """The agent ``name``: a model behind ``chat``, whose provider (``anthropic``, ``openai``) decides how tools are spelt.

    ``code`` names what it is told and how its attempts are run; it is part of the version, so that a change of the prompt, of a
    tool or of the loop makes another agent.
    """
    parameters = json.dumps({"provider": provider, **vars(sampling)}, sort_keys=True)
    agent = Agent(name=name, version=f"1+{code}", model=chat.model, parameters=parameters)
    tools = tuple(_TOOLS[provider]())
    return AgentSpec(agent, True, lambda view, random: ModelPolicy(chat, tools, sampling, view, random))


class ModelPolicy:
    """One attempt of a model.

    A request is a function of the history, except for the signed reasoning of earlier turns: that is kept here during the
    attempt and sent back to the provider; a history without it works too.
    """

    def __init__(self, chat: Chat, tools: tuple[dict[str, Any], ...], sampling: Sampling, view: TaskView, random: Random) -> None:
        self._chat = chat
        self._tools = tools
        self._sampling = sampling
        self._view = view
        self._seed = random.getrandbits(31)
        self._deadline = time.monotonic() + view.seconds
        self._carried: dict[int, tuple[Mapping[str, Any], ...]] = {}

    def act(self, history: History) -> AgentTurn:
        """The model's next turn.

        Raises:
            Ended: time or context ran out (``limit``), or the service gave no answer (``infrastructure``).
        """
        try:
            reply = self._chat.reply(self._request(history))
        except TooLong as full:
            raise Ended("limit", f"the context window is full: {full.what}") from full
        except OutOfTime as late:
            raise Ended("limit", f"{self._view.seconds:g} seconds had passed, while the model was at work") from late
        except LLMError as failure:
            raise Ended("infrastructure", str(failure)) from failure
        self._carried[len(history)] = reply.carried
        return turn_of(reply)

    def _request(self, history: History) -> Request:
        messages, stable = conversation(self._view, history, self._sampling.full, self._carried)
        return Request(
            system=SYSTEM,
            tools=self._tools,
            messages=messages,
            stable=stable,
            max_tokens=self._sampling.max_tokens,
            temperature=self._sampling.temperature,
            top_p=self._sampling.top_p,
            seed=self._seed,
            deadline=self._deadline,
        )


def conversation(
    view: TaskView, history: History, full: int, carried: Mapping[int, tuple[Mapping[str, Any], ...]]
) -> tuple[tuple[Message, ...], int]:
    """All messages of a run so far, the last ``full`` observations whole, older ones in a line each.

    The second value says how many messages the next request repeats unchanged: all up to the observation that is folded
    next.
    """
    messages: list[Message] = [UserMessage(opening(view))]
    seen = sum(len(exchange.observations) for exchange in history)
    older = max(0, seen - full)
    stable = 0
    for number, exchange in enumerate(history):
        messages.append(_spoken(exchange, carried.get(number, ())))
        stable = stable or (len(messages) if exchange.observations and older < len(exchange.observations) else 0)
        messages.append(_heard(exchange, older))
        older = max(0, older - len(exchange.observations))
    return tuple(messages), stable if stable and seen >= full else len(messages)


def _spoken(exchange: Exchange, carried: tuple[Mapping[str, Any], ...]) -> AssistantMessage:
    calls = tuple(ToolUse(call.tool_call_id, call.raw_name, call.arguments) for call in exchange.turn.tool_calls)
    return AssistantMessage(exchange.turn.message, calls, carried)


def _heard(exchange: Exchange, older: int) -> Message:
    if not exchange.observations:
        return UserMessage(exchange.said)
    texts = [shown(seen) for seen in exchange.observations]
    return ToolMessage(
        tuple(
            ToolResult(seen.tool_call_id or "", folded(text) if number < older else text, seen.error is not None)
            for number, (seen, text) in enumerate(zip(exchange.observations, texts, strict=True))
        )
    )


def turn_of(reply: Reply) -> AgentTurn:
    """What the model said, as a turn. Without a call, with an unknown tool or unreadable arguments it is malformed."""
    calls = tuple(_call(call) for call in reply.calls)
    malformed = not calls or any(call.name == "other" or not _readable(call.arguments) for call in calls)
    marks: dict[Flag, bool] = {"malformed": malformed, "truncated": reply.stop == "length"}
    flags = tuple(flag for flag, on in marks.items() if on)
    usage = StepUsage(
        prompt_tokens=reply.usage.prompt,
        completion_tokens=reply.usage.output,
        cached_tokens=reply.usage.cache_read,
        cost_usd=reply.cost_usd,
    )
    return AgentTurn(message=reply.text, reasoning=reply.reasoning, tool_calls=calls, usage=usage, flags=flags)


def _call(call: ToolUse) -> ToolCall:
    name: Any = call.name if call.name in BY_NAME and call.name in get_args(Tool) else "other"
    return ToolCall(tool_call_id=call.id, name=name, raw_name=call.name, arguments=call.arguments)


def _readable(arguments: str) -> bool:
    try:
        return isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        return False
