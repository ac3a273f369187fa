"""Conversations by Chat Completions, at OpenAI or at any server that speaks it."""

import json
import re
from collections.abc import Mapping
from typing import Any

import openai

from agentllm.conversation import AssistantMessage, Content, Message, Request, StopReason, ToolUse, UserMessage, arguments_of
from agentllm.errors import BadResponse, ConnectionLost, cause_of, status_error
from agentllm.usage import usage_of_completion

_STOPS: dict[str, StopReason] = {"tool_calls": "calls", "length": "length", "content_filter": "refusal"}
_THOUGHTS = ("reasoning_content", "reasoning")
"""Fields beside the answer in which servers put what a model thought; some want it back."""
_FORM = "Answer with one JSON object and nothing else. It follows this JSON Schema:"


class OpenAIProvider:
    """The service at ``base_url``, OpenAI's own by default."""

    def __init__(self, key: str, base_url: str | None = None) -> None:
        self._sdk = openai.OpenAI(api_key=key, base_url=base_url, max_retries=0)
        # OpenAI's models refuse the older name, and many servers of others know no other.
        self._limit = "max_completion_tokens" if base_url is None else "max_tokens"

    def send(self, model: str, request: Request, timeout_s: float) -> Content:
        """See :class:`agentllm.chat.Provider`."""
        sampling = {"temperature": request.temperature, "top_p": request.top_p, "seed": request.seed}
        given = {name: value for name, value in sampling.items() if value is not None}
        create: Any = self._sdk.chat.completions.with_raw_response.create
        try:
            raw = create(model=model, timeout=timeout_s, **{self._limit: request.max_tokens}, **given, **wire(request))
            body = raw.http_response.read()
        except openai.APIStatusError as error:
            said = f"{error.message} {error.code or ''}".strip()
            raise status_error(error.status_code, said, model, error.response.headers) from error
        except openai.APIConnectionError as error:
            raise ConnectionLost(f"no answer from {self._sdk.base_url} ({cause_of(error)})", "ask again later") from error
        return content_of(body, model)

    def size(self, request: Request) -> int:
        """See :class:`agentllm.chat.Provider`."""
        return len(json.dumps(wire(request)))


def wire(request: Request) -> dict[str, Any]:
    """Tools and messages as the service takes them. What repeats is cached by the service unasked.

    The form of the answer is told in words: not every server knows a field for it.
    """
    form = f"\n{_FORM}\n{json.dumps(request.schema, separators=(',', ':'))}" if request.schema else ""
    messages = [{"role": "system", "content": request.system + form}]
    for message in request.messages:
        messages.extend(_messages(message))
    return {"messages": messages, **({"tools": list(request.tools)} if request.tools else {})}


def _messages(message: Message) -> list[dict[str, Any]]:
    if isinstance(message, UserMessage):
        return [{"role": "user", "content": message.text}]
    if isinstance(message, AssistantMessage):
        calls = [{"id": c.id, "type": "function", "function": {"name": _name(c.name), "arguments": arguments_of(c)}} for c in message.calls]
        thoughts = {key: value for part in message.carried for key, value in part.items()}
        return [{"role": "assistant", "content": message.text, **({"tool_calls": calls} if calls else {}), **thoughts}]
    return [{"role": "tool", "tool_call_id": r.call_id, "content": r.text} for r in message.results]


def _name(name: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:64] or "unnamed"


def content_of(body: bytes, model: str) -> Content:
    """The answer in a 200 body.

    Raises:
        BadResponse: it is no completion.
    """
    try:
        completion = json.loads(body)
        choice = completion["choices"][0]
        message: Mapping[str, Any] = choice["message"]
        refusal = message.get("refusal")
        thoughts = next(({key: message[key]} for key in _THOUGHTS if isinstance(message.get(key), str) and message[key]), {})
        calls = tuple(_call(c, number) for number, c in enumerate(message.get("tool_calls") or ()))
        stop = _STOPS.get(str(choice.get("finish_reason")), "end")
        return Content(
            text=str(message.get("content") or refusal or ""),
            reasoning=next(iter(thoughts.values()), None),
            calls=calls,
            stop="refusal" if refusal else "calls" if calls and stop == "end" else stop,
            model=str(completion.get("model") or model),
            usage=usage_of_completion(completion.get("usage") or {}),
            carried=(thoughts,) if thoughts else (),
        )
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise BadResponse(f"the service answered with what is no completion ({len(body)} bytes)", "ask again later") from error


def _call(call: Mapping[str, Any], number: int) -> ToolUse:
    function = call["function"]
    given = function.get("arguments")
    return ToolUse(str(call.get("id") or f"call_{number}"), str(function["name"]), given if isinstance(given, str) else json.dumps(given))
