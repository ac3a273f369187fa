"""Conversations by the Messages API, with what repeats kept in the prompt cache."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anthropic

from agentllm.conversation import AssistantMessage, Content, Message, Request, StopReason, ToolUse, UserMessage, arguments_of
from agentllm.errors import BadResponse, ConnectionLost, cause_of, status_error
from agentllm.usage import usage_of

_CACHE = {"cache_control": {"type": "ephemeral"}}
_STOPS: dict[str, StopReason] = {
    "tool_use": "calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}
_SILENCE = "(nothing)"
"""A turn without a word; the service takes no empty one."""


class AnthropicProvider:
    """The service at ``base_url``, Anthropic's own by default. It takes neither temperature, top_p nor seed."""

    def __init__(self, key: str, base_url: str | None = None) -> None:
        self.sdk = anthropic.Anthropic(api_key=key, base_url=base_url, max_retries=0)

    def send(self, model: str, request: Request, timeout_s: float) -> Content:
        """See :class:`agentllm.chat.Provider`."""
        create: Any = self.sdk.messages.with_raw_response.create
        with in_our_words(model, str(self.sdk.base_url)):
            raw = create(model=model, max_tokens=request.max_tokens, timeout=timeout_s, **wire(request))
            body = raw.http_response.read()
        return content_of(body, model)

    def size(self, request: Request) -> int:
        """See :class:`agentllm.chat.Provider`."""
        return len(json.dumps(wire(request)))


@contextmanager
def in_our_words(model: str, address: str) -> Iterator[None]:
    """Errors of the SDK as :mod:`agentllm.errors` names them."""
    try:
        yield
    except anthropic.APIStatusError as error:
        said = error.api_message or error.message
        raise status_error(error.status_code, said, model, error.response.headers) from error
    except anthropic.APIConnectionError as error:
        raise ConnectionLost(f"no answer from {address} ({cause_of(error)})", "ask again later") from error


def wire(request: Request) -> dict[str, Any]:
    """System prompt, tools, messages and the form of the answer as the service takes them.

    Marked for the cache are the last tool, the system prompt, and the last of the messages that will come again.
    """
    tools = [*request.tools[:-1], *({**tool, **_CACHE} for tool in request.tools[-1:])]
    messages = [_message(message) for message in request.messages]
    if request.stable:
        last = messages[request.stable - 1]["content"]
        last[-1] = {**last[-1], **_CACHE}
    schema = request.schema and anthropic.transform_schema(dict(request.schema))
    form = {"output_config": {"format": {"type": "json_schema", "schema": schema}}} if schema else {}
    called = {"tools": tools} if tools else {}
    return {"system": [{"type": "text", "text": request.system, **_CACHE}], **called, "messages": messages, **form}


def _message(message: Message) -> dict[str, Any]:
    if isinstance(message, UserMessage):
        return {"role": "user", "content": [_text(message.text)]}
    if isinstance(message, AssistantMessage):
        words = [_text(message.text)] if message.text.strip() or not message.calls else []
        return {"role": "assistant", "content": [*message.carried, *words, *map(_tool_use, message.calls)]}
    results = [
        {"type": "tool_result", "tool_use_id": r.call_id, "content": r.text, **({"is_error": True} if r.failed else {})}
        for r in message.results
    ]
    return {"role": "user", "content": results}


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text if text.strip() else _SILENCE}


def _tool_use(call: ToolUse) -> dict[str, Any]:
    name = re.sub(r"[^a-zA-Z0-9_-]", "_", call.name)[:64] or "unnamed"
    return {"type": "tool_use", "id": call.id, "name": name, "input": json.loads(arguments_of(call))}


def content_of(body: bytes, model: str) -> Content:
    """The answer in a 200 body.

    Raises:
        BadResponse: it is no message.
    """
    try:
        message = json.loads(body)
        blocks = message["content"]
        text = "".join(b["text"] for b in blocks if b["type"] == "text")
        thoughts = [b for b in blocks if b["type"] in ("thinking", "redacted_thinking")]
        stop = str(message.get("stop_reason"))
        details = message.get("stop_details") or {}
        return Content(
            text=text or (str(details.get("explanation") or "") if stop == "refusal" else ""),
            reasoning="\n\n".join(b["thinking"] for b in thoughts if b.get("thinking")) or None,
            calls=tuple(_call(b) for b in blocks if b["type"] == "tool_use"),
            stop=_STOPS.get(stop, "end"),
            model=str(message.get("model") or model),
            usage=usage_of(message["usage"]),
            carried=tuple(thoughts),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadResponse(f"the service answered with what is no message ({len(body)} bytes)", "ask again later") from error


def _call(block: dict[str, Any]) -> ToolUse:
    given = block["input"]
    return ToolUse(str(block["id"]), str(block["name"]), given if isinstance(given, str) else json.dumps(given))
