"""What the messages of a model API say, in one shape for all three protocols."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from agentrecorder.containers.json_values import Json, NotJson, dumps, fields, get, items, loads, number, prose, string, whole
from agentrecorder.run import Row, usage


class Called(NamedTuple):
    """A tool call as the model asked for it."""

    call_id: str
    name: str
    arguments: Any


class Result(NamedTuple):
    """What came back for a call."""

    call_id: str
    text: str
    failed: bool


@dataclass
class SentMessage:
    """A message: ``role`` is system, user or assistant."""

    role: str
    text: str = ""
    reasoning: str = ""
    calls: list[Called] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)

    @cached_property
    def key(self) -> str:
        """The same for two messages that say the same, whatever a client adds to one that it sends again."""
        calls = [[call.name, _object(call.arguments)] for call in self.calls]
        said = [self.role, self.text.strip(), calls, [[r.call_id, r.text.strip()] for r in self.results]]
        return hashlib.sha256(dumps(said).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def empty(self) -> bool:
        """Nothing is said."""
        return not (self.text or self.reasoning or self.calls or self.results)


def asked(protocol: str, request: Json) -> tuple[str, list[SentMessage]]:
    """The system prompt and the messages of a request."""
    if protocol == "anthropic-messages":
        return prose(get(request, "system")) if get(request, "system") else "", [_blocks(m) for m in items(get(request, "messages"))]
    if protocol == "openai-chat":
        return _without_system([_chat_message(m) for m in items(get(request, "messages"))])
    given = get(request, "input")
    said = [SentMessage("user", given)] if isinstance(given, str) else _items(items(given))
    system, rest = _without_system(said)
    return string(get(request, "instructions")) or system, rest


def answered(protocol: str, answer: Json) -> SentMessage:
    """What the model said."""
    if protocol == "anthropic-messages":
        return _blocks({"role": "assistant", "content": get(answer, "content")})
    if protocol == "openai-chat":
        choices = items(get(answer, "choices"))
        return _chat_message({**fields(get(choices[0], "message")), "role": "assistant"}) if choices else SentMessage("assistant")
    return next((said for said in _items(items(get(answer, "output"))) if said.role == "assistant"), SentMessage("assistant"))


def stopped(protocol: str, answer: Json) -> str:
    """Why the model stopped, in the protocol's word."""
    if protocol == "anthropic-messages":
        return string(get(answer, "stop_reason"))
    if protocol == "openai-chat":
        choices = items(get(answer, "choices"))
        return string(get(choices[0], "finish_reason")) if choices else ""
    return string(get(answer, "incomplete_details", "reason")) or string(get(answer, "status"))


def spent(protocol: str, exchange: Json) -> Row | None:
    """What an exchange cost. Anthropic counts tokens from a cache apart; here prompt tokens include them."""
    told, seconds = get(exchange, "usage"), number(get(exchange, "seconds"))
    if protocol == "anthropic-messages":
        parts = [whole(get(told, key)) for key in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")]
        prompt = None if parts[0] is None else sum(part or 0 for part in parts)
        return usage(prompt, whole(get(told, "output_tokens")), parts[1], None, seconds)
    given = ("prompt", "completion") if protocol == "openai-chat" else ("input", "output")
    cached = whole(get(told, f"{given[0]}_tokens_details", "cached_tokens"))
    return usage(whole(get(told, f"{given[0]}_tokens")), whole(get(told, f"{given[1]}_tokens")), cached, None, seconds)


def _without_system(said: list[SentMessage]) -> tuple[str, list[SentMessage]]:
    """What opens as the system's word is the system prompt."""
    count = next((n for n, one in enumerate(said) if one.role != "system"), len(said))
    return "\n\n".join(one.text for one in said[:count]), said[count:]


def _blocks(message: Json) -> SentMessage:
    """A message of Anthropic's: a text, or blocks."""
    content = get(message, "content")
    said = SentMessage("assistant" if get(message, "role") == "assistant" else "user")
    if isinstance(content, str):
        said.text = content
        return said
    texts: list[str] = []
    thoughts: list[str] = []
    for block in items(content):
        match get(block, "type"):
            case "thinking":
                thoughts.append(string(get(block, "thinking")))
            case "redacted_thinking":
                continue
            case "tool_use" | "server_tool_use":
                said.calls.append(Called(string(get(block, "id")), string(get(block, "name")), get(block, "input")))
            case "tool_result":
                text = prose(get(block, "content")) if get(block, "content") else ""
                said.results.append(Result(string(get(block, "tool_use_id")), text, get(block, "is_error") is True))
            case _:
                texts.append(prose([block]))
    said.text, said.reasoning = "\n".join(texts), "\n".join(thoughts)
    return said


def _chat_message(message: Json) -> SentMessage:
    role, content = string(get(message, "role")), get(message, "content")
    text = prose(content) if content else string(get(message, "refusal"))
    if role in ("tool", "function"):
        return SentMessage("user", results=[Result(string(get(message, "tool_call_id")), text, False)])
    made = SentMessage("system" if role in ("system", "developer") else role if role == "assistant" else "user", text)
    made.reasoning = string(get(message, "reasoning_content") or get(message, "reasoning"))
    for call in items(get(message, "tool_calls")):
        name = get(call, "function", "name") or get(call, "custom", "name")
        arguments = get(call, "custom", "input") if get(call, "custom") else get(call, "function", "arguments")
        made.calls.append(Called(string(get(call, "id")), string(name), arguments))
    return made


def _items(given: Iterable[Json]) -> list[SentMessage]:
    """Items of the Responses protocol: those of one answer stand next to each other and make one message."""
    said: list[SentMessage] = []
    for role, part in _parts(given):
        if role == "assistant" and said and said[-1].role == "assistant":
            last = said[-1]
            last.text = "\n".join(filter(None, (last.text, part.text)))
            last.reasoning = "\n".join(filter(None, (last.reasoning, part.reasoning)))
            last.calls += part.calls
        else:
            said.append(part)
    return said


def _parts(given: Iterable[Json]) -> Iterator[tuple[str, SentMessage]]:
    for item in given:
        kind = string(get(item, "type")) or "message"
        call_id = string(get(item, "call_id") or get(item, "id"))
        if kind.endswith("_call_output"):
            output = get(item, "output")
            yield "user", SentMessage("user", results=[Result(call_id, prose(output) if output else "", False)])
        elif kind == "reasoning":
            thoughts = [prose(get(item, key)) for key in ("summary", "content") if get(item, key)]
            yield "assistant", SentMessage("assistant", reasoning="\n".join(thoughts))
        elif kind == "message":
            role = string(get(item, "role")) or "assistant"
            role = "system" if role in ("system", "developer") else role if role == "assistant" else "user"
            yield role, SentMessage(role, prose(get(item, "content")) if get(item, "content") else "")
        elif kind.endswith("_call"):
            name = string(get(item, "name")) or kind.removesuffix("_call")
            arguments = (
                get(item, "arguments") if get(item, "arguments") is not None else {"input": get(item, "input") or get(item, "action")}
            )
            yield "assistant", SentMessage("assistant", calls=[Called(call_id, name, arguments)])
        else:
            yield "assistant", SentMessage("assistant", string(get(item, "text")))


def _object(arguments: Any) -> Any:
    """Arguments as a value, so that a client may write their JSON in another way."""
    if not isinstance(arguments, str):
        return arguments
    try:
        return loads(arguments)
    except NotJson:
        return arguments
