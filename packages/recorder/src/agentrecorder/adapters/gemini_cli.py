"""Sessions of Gemini CLI: one JSON object, or lines in which a later copy of a message replaces the earlier one."""

from collections.abc import Iterator
from typing import Any

from agentrecorder.adapters.adapter import Lost, rows
from agentrecorder.adapters.shared import shell_text
from agentrecorder.adapters.shared.jsonl import cut, leave
from agentrecorder.containers.json_values import Json, dumps, each, fields, get, is_object, items, prose, string, whole
from agentrecorder.containers.source import LogSource
from agentrecorder.run import Row, Run, usage

_SPEAKERS = ("user", "gemini")
_HEAD = ("projectHash", "startTime", "lastUpdated")


class Gemini:
    """Session files: one run each. Each message of the model holds its calls with their results."""

    name = "gemini-cli"
    priority = 160

    def version(self, source: LogSource) -> str | None:
        """``json`` or ``jsonl``."""
        if source.kind == "document":
            return "json" if any(_is_session(value) for value in source.sample) else None
        if source.kind != "lines":
            return None
        if any(_is_session(value) for value in source.sample):
            return "json"
        head = any(_is_head(value) for value in source.sample)
        return "jsonl" if head and any(_is_message(value) for value in source.sample) else None

    def runs(self, source: LogSource) -> Iterator[Run | Lost]:
        """The one run; of lines that each hold a session, one for each."""
        if self.version(source) == "json":
            return rows(source, _read)
        return iter([_read_lines(source)])


def _is_head(value: Json) -> bool:
    return isinstance(get(value, "sessionId"), str) and "type" not in value and any(key in value for key in _HEAD)


def _is_message(value: Json) -> bool:
    return get(value, "type") in _SPEAKERS and "content" in value


def _is_session(value: Json) -> bool:
    messages = get(value, "messages")
    first = next(each(items(messages)), None)
    return _is_head(value) and (isinstance(get(first, "type"), str) or messages == [])


def _read(session: Json, _: LogSource) -> Run:
    run = _run()
    run.take(items(get(session, "messages")), _Messages(run).hear, "message")
    return run


def _read_lines(source: LogSource) -> Run:
    """Copies of a message that a later one replaces, and patches of the header, are aside."""
    run, problem = _run(), ""
    found: dict[str, tuple[str, Any]] = {}
    for item in source.items():
        problem = item.problem
        if not is_object(item.value):
            leave(run, item)
        elif "id" not in item.value:
            run.aside["$set" if "$set" in item.value else "header" if _is_head(item.value) else "line without id"] += 1
        else:
            key = string(item.value["id"])
            if key in found:
                run.aside["earlier copy of a message"] += 1
            found[key] = (item.where, item.value)
    messages = _Messages(run)
    for where, value in found.values():
        run.take_one(where, value, messages.hear)
    if problem:
        cut(run)
    return run


def _run() -> Run:
    return Run("gemini-cli", agent="gemini-cli")


class _Messages:
    """Messages in order."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def hear(self, message: Json) -> str | None:
        """Take the next message. The kind of one that is no part of a run."""
        match message.get("type"):
            case "user":
                self.run.say("user", prose(message.get("content")))
            case "gemini":
                self._turn(message)
            case kind:
                return string(kind) or "no type"
        return None

    def _turn(self, message: Json) -> None:
        thoughts = "\n".join(_thought(thought) for thought in items(message.get("thoughts")))
        row = self.run.turn(prose(message.get("content")), thoughts, _tokens(message.get("tokens")))
        self.run.model = self.run.model or string(message.get("model")) or None
        for call in items(message.get("toolCalls")):
            given = call.get("args")
            made = self.run.call(string(call.get("name")), {} if given is None else given, string(call.get("id")) or None, row)
            text, failure = _result(call)
            if text is not None:
                shell_text.answer(self.run, text, made["tool_call_id"], failure)


def _thought(thought: Json) -> str:
    told = (string(get(thought, key)) for key in ("subject", "description"))
    return ": ".join(filter(None, told)) or prose(thought)


def _result(call: Json) -> tuple[str | None, str | None]:
    """The text of what came back, ``None`` if nothing did, and why the call failed, if it did."""
    result = call.get("result")
    answers = [get(part, "functionResponse", "response") for part in items(result)]
    text = "\n".join(_said(answer) for answer in answers if answer is not None) or (prose(result) if result and not any(answers) else "")
    failed = call.get("status") in ("error", "cancelled")
    if not text and not failed and result is None:
        shown = call.get("resultDisplay")
        return (None if shown is None else prose(shown) if isinstance(shown, str) else dumps(shown)), None
    why = string(call.get("error")) or text
    return text or why, (why.split("\n", 1)[0] or string(call["status"])) if failed else None


def _said(response: Json) -> str:
    for key in ("output", "error"):
        if key in fields(response):
            return prose(response[key])
    return prose(response)


def _tokens(counts: Json) -> Row | None:
    """Usage. Thoughts are paid for, and counted apart from what is said."""
    sent, said, thought, cached = (whole(get(counts, key)) for key in ("input", "output", "thoughts", "cached"))
    received = None if said is None else max(said, 0) + max(thought or 0, 0)
    return usage(None if sent is None else max(sent, 0), received, None if cached is None else max(cached, 0))


ADAPTER = Gemini()
