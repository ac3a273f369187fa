"""What the fake server does with a request: answers of the Messages protocol, errors of both, and broken connections."""

import json
from dataclasses import dataclass, replace
from typing import Any, Literal


@dataclass(frozen=True)
class Behaviour:
    """What the server does with one request: waits, then sends ``body`` whole, sends half of it, or hangs up."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    how: Literal["whole", "half", "hang up"] = "whole"
    completion: bytes | None = None
    """The body for Chat Completions, where it is another one."""
    seconds: float = 0.0
    """Latency."""


def message(text: str, *, stop_reason: str = "end_turn", input_tokens: int = 100, output_tokens: int = 20, **more: Any) -> Behaviour:
    """A 200 answer with ``text``."""
    body = {
        "id": "msg_standin",
        "type": "message",
        "role": "assistant",
        "model": more.pop("model", "claude-sonnet-5-5"),
        "content": [{"type": "text", "text": text}] if text else [],
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": input_tokens, "output_tokens": output_tokens, **more.pop("usage", {})},
        **more,
    }
    return Behaviour(body=json.dumps(body).encode())


def reply(value: Any, **more: Any) -> Behaviour:
    """A 200 answer whose text is ``value`` as JSON."""
    return message(json.dumps(value), **more)


def refusal(explanation: str = "cannot help with that") -> Behaviour:
    """The model declines."""
    details = {"type": "refusal", "category": None, "explanation": explanation}
    return message("", stop_reason="refusal", stop_details=details)


def cut_off(text: str) -> Behaviour:
    """The answer stops at the token limit."""
    return message(text, stop_reason="max_tokens")


def failure(status: int, kind: str = "api_error", text: str = "fake failure", retry_after: str = "") -> Behaviour:
    """An HTTP error in the form of both protocols. Without ``retry_after`` (seconds), ``retry-after-ms`` keeps tests fast."""
    body = {"type": "error", "error": {"type": kind, "message": text}}
    return Behaviour(status, json.dumps(body).encode(), (("retry-after", retry_after) if retry_after else ("retry-after-ms", "1"),))


def rate_limited(retry_after: str = "") -> Behaviour:
    """HTTP 429."""
    return failure(429, "rate_limit_error", retry_after=retry_after)


def overloaded() -> Behaviour:
    """HTTP 529."""
    return failure(529, "overloaded_error")


def hang_up() -> Behaviour:
    """The connection closes without an answer."""
    return Behaviour(how="hang up")


def half(whole: Behaviour) -> Behaviour:
    """The connection closes in the middle of the body of ``whole``."""
    return replace(whole, how="half")


def slow(behaviour: Behaviour, seconds: float) -> Behaviour:
    """The same after a while."""
    return replace(behaviour, seconds=seconds)


def garbage(text: str = "<html>bad gateway</html>") -> Behaviour:
    """HTTP 200 with a body that is no message."""
    return Behaviour(body=text.encode())
