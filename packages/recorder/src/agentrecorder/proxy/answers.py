"""The answer that a stream of server-sent events amounts to, in each protocol's own form; half a stream gives half an answer."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

from agentrecorder.containers.json_values import Json, NotJson, fields, get, items, loads, string, whole

Protocol = Literal["anthropic-messages", "openai-chat", "openai-responses", "other"]
Answer = dict[str, Any]
_OF_CHOICE = ("delta", "message", "index", "finish_reason")
"""Keys of a choice that do not grow from chunk to chunk by themselves."""
_PATHS: tuple[tuple[str, Protocol], ...] = (
    ("/messages", "anthropic-messages"),
    ("/chat/completions", "openai-chat"),
    ("/responses", "openai-responses"),
)


def protocol_of(path: str) -> Protocol:
    """The protocol of a call, by its path without a query; ``other`` for calls that ask a model nothing (lists, token counts)."""
    return next((protocol for end, protocol in _PATHS if path.rstrip("/").endswith(end)), "other")


def answer_of(protocol: Protocol, body: bytes, *, streamed: bool) -> Json:
    """The answer in ``body``: a JSON value; for a stream the message that its events make; else the text itself."""
    try:
        return _PUT_TOGETHER.get(protocol, list)(events(body)) if streamed else loads(body)
    except Exception:  # no JSON, or events of no known shape: what a server sends must not cost the record of it
        return body.decode("utf-8", "replace")


def events(body: bytes) -> Iterator[Json]:
    """The JSON values of a stream's ``data`` lines. What is no JSON, as ``[DONE]``, or was cut off is passed over."""
    for block in body.replace(b"\r\n", b"\n").split(b"\n\n"):
        data = b"\n".join(line[5:].lstrip(b" ") for line in block.split(b"\n") if line.startswith(b"data:"))
        if data:
            try:
                yield loads(data)
            except NotJson:
                continue


def _messages(stream: Iterator[Json]) -> Answer:
    """Anthropic Messages: blocks by index, text and the JSON of tool inputs in pieces."""
    answer: Answer = {}
    blocks: dict[int, Answer] = {}
    inputs: dict[int, str] = {}
    for event in stream:
        kind, index = get(event, "type"), whole(get(event, "index")) or 0
        if kind == "message_start":
            answer |= fields(get(event, "message"))
        elif kind == "content_block_start":
            blocks[index] = dict(fields(get(event, "content_block")))
        elif kind == "content_block_delta":
            delta, block = fields(get(event, "delta")), blocks.setdefault(index, {})
            if delta.get("type") == "input_json_delta":
                inputs[index] = inputs.get(index, "") + string(delta.get("partial_json"))
            else:
                _grow(block, {key: value for key, value in delta.items() if key != "type"})
        elif kind == "message_delta":
            answer |= fields(get(event, "delta"))
            answer["usage"] = {**fields(answer.get("usage")), **fields(get(event, "usage"))}
        elif kind == "error":
            answer["error"] = get(event, "error")
    for index, text in inputs.items():
        blocks[index]["input"] = _parsed(text)
    return answer | {"content": [blocks[index] for index in sorted(blocks)]}


def _parsed(text: str) -> Json:
    """Arguments; those that are no JSON, as a stream's that broke off, as the text that they are."""
    if not text:
        return {}
    try:
        return loads(text)
    except NotJson:
        return text


def _chat(stream: Iterator[Json]) -> Answer:
    """Chat Completions: choices by index; what a delta holds grows, whatever its name (reasoning, log-probabilities, token ids)."""
    answer: Answer = {}
    choices: dict[int, Answer] = {}
    for chunk in stream:
        answer |= {key: value for key, value in fields(chunk).items() if key != "choices" and value is not None}
        for given in items(get(chunk, "choices")):
            choice = choices.setdefault(whole(get(given, "index")) or 0, {"message": {}})
            _grow(choice["message"], fields(get(given, "delta")))
            _grow(choice, {key: value for key, value in fields(given).items() if key not in _OF_CHOICE})
            choice["finish_reason"] = get(given, "finish_reason") or choice.get("finish_reason")
    answer["choices"] = [{"index": index, **choices[index]} for index in sorted(choices)]
    return answer


def _responses(stream: Iterator[Json]) -> Answer:
    """Responses: the closing event holds it whole; a stream that broke off has the items that were done, and pieces of one more."""
    answer: Answer = {}
    output: dict[int, Answer] = {}
    for event in stream:
        kind, index = string(get(event, "type")), whole(get(event, "output_index")) or 0
        if isinstance(get(event, "response"), dict):
            answer |= get(event, "response")
            if kind in ("response.completed", "response.incomplete", "response.failed"):
                return answer
        elif kind in ("response.output_item.added", "response.output_item.done"):
            output[index] = dict(fields(get(event, "item")))
        elif kind == "response.output_text.delta":
            _grow(output.setdefault(index, {"type": "message"}), {"text": string(get(event, "delta"))})
        elif kind == "response.function_call_arguments.delta":
            _grow(output.setdefault(index, {"type": "function_call"}), {"arguments": string(get(event, "delta"))})
        elif kind == "error":
            answer["error"] = event
    for item in output.values():
        if "text" in item:
            item["content"] = [{"type": "output_text", "text": item.pop("text")}]
    return answer | {"output": [output[index] for index in sorted(output)]}


def _grow(whole_: Answer, piece: Answer | Any) -> None:
    """Add a piece to what came before: texts and lists lengthen, objects merge, parts of a list with an ``index`` merge by it."""
    for key, value in piece.items():
        had = whole_.get(key)
        if value is None:
            whole_.setdefault(key, None)
        elif isinstance(had, str) and isinstance(value, str) and key not in ("role", "type", "id", "name"):
            whole_[key] = had + value
        elif isinstance(had, dict) and isinstance(value, dict):
            _grow(had, value)
        elif isinstance(value, list):
            whole_[key] = _longer(had if isinstance(had, list) else [], value)
        elif had is None or value != "":
            whole_[key] = value


def _longer(had: list[Json], more: list[Json]) -> list[Json]:
    for part in more:
        index = get(part, "index")
        same = next((h for h in had if index is not None and get(h, "index") == index), None)
        if isinstance(same, dict) and isinstance(part, dict):
            _grow(same, {key: value for key, value in part.items() if key != "index"})
        else:
            had.append(dict(part) if isinstance(part, dict) else part)
    return had


_PUT_TOGETHER: dict[Protocol, Callable[[Iterator[Json]], Json]] = {
    "anthropic-messages": _messages,
    "openai-chat": _chat,
    "openai-responses": _responses,
}
