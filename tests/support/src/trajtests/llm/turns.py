"""Turns of a model for the fake server, each in the words of both protocols."""

import json
from typing import Any

from agentllm.conversation import StopReason

from trajtests.llm.behaviour import Behaviour

MODEL = "claude-sonnet-5-5"
_MESSAGES = {"end": "end_turn", "calls": "tool_use", "length": "max_tokens", "refusal": "refusal"}
_COMPLETIONS = {"end": "stop", "calls": "tool_calls", "length": "length", "refusal": "content_filter"}


def says(
    text: str = "",
    *calls: tuple[str, Any],
    stop: StopReason | None = None,
    thoughts: str = "",
    model: str = MODEL,
    prompt: int = 1_000,
    cached: int = 0,
    output: int = 50,
) -> Behaviour:
    """A turn: words and calls, each a tool's name and its arguments. Arguments that are a string go out as they are.

    ``prompt`` tokens include the ``cached`` ones.
    """
    stop = stop or ("calls" if calls else "end")
    return Behaviour(
        body=json.dumps(_message(text, calls, stop, thoughts, model, (prompt, cached, output))).encode(),
        completion=json.dumps(_completion(text, calls, stop, thoughts, model, (prompt, cached, output))).encode(),
    )


def declines(text: str = "I will not do that.") -> Behaviour:
    """A refusal."""
    return says(text, stop="refusal")


def _message(
    text: str, calls: tuple[tuple[str, Any], ...], stop: StopReason, thoughts: str, model: str, tokens: tuple[int, int, int]
) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = [{"type": "thinking", "thinking": thoughts, "signature": "signed"}] if thoughts else []
    refused = stop == "refusal"
    blocks += [{"type": "text", "text": text}] if text and not refused else []
    blocks += [{"type": "tool_use", "id": f"toolu_{n}", "name": name, "input": given} for n, (name, given) in enumerate(calls)]
    prompt, cached, output = tokens
    return {
        "id": "msg_standin",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": blocks,
        "stop_reason": _MESSAGES[stop],
        "stop_sequence": None,
        "stop_details": {"type": "refusal", "category": None, "explanation": text} if refused else None,
        "usage": {"input_tokens": prompt - cached, "cache_read_input_tokens": cached, "output_tokens": output},
    }


def _completion(
    text: str, calls: tuple[tuple[str, Any], ...], stop: StopReason, thoughts: str, model: str, tokens: tuple[int, int, int]
) -> dict[str, Any]:
    refused = stop == "refusal"
    asked = [
        {"id": f"call_{n}", "type": "function", "function": {"name": name, "arguments": _written(given)}}
        for n, (name, given) in enumerate(calls)
    ]
    prompt, cached, output = tokens
    message = {
        "role": "assistant",
        "content": None if refused else text,
        "refusal": text if refused else None,
        **({"tool_calls": asked} if asked else {}),
        **({"reasoning_content": thoughts} if thoughts else {}),
    }
    return {
        "id": "chatcmpl-standin",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "finish_reason": _COMPLETIONS[stop], "message": message}],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": output,
            "total_tokens": prompt + output,
            "prompt_tokens_details": {"cached_tokens": cached},
        },
    }


def _written(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)
