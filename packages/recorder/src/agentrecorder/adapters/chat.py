"""Rows of chat messages as data sets for training hold them: OpenAI's ``messages`` and ShareGPT's ``conversations``."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from agentrecorder.adapters.adapter import Lost, claim, full, row, rows
from agentrecorder.adapters.shared.chat_parser import ChatParser
from agentrecorder.containers.json_values import Json, NotJson, each, fields, get, is_object, items, loads, string
from agentrecorder.containers.source import LogSource
from agentrecorder.exports import exported, restored
from agentrecorder.run import Run

_LISTS = ("messages", "conversations")
_OTHERS = frozenset(
    {"trajectory_format", "history", "trajectory", "sessionId", "samples", "epoch", "response", "responses_create_params", "schema_version"}
)
"""Keys of objects with messages in other formats, or of a log of a single completion."""
_PATCHES = ("model_patch", "generated_patch", "git_patch", "patch")
_TASK_ROW = frozenset({"test_patch", "base_commit", "FAIL_TO_PASS"})
"""Beside these ``patch`` is the reference solution of a benchmark."""


class Chat:
    """Chat rows: one run each; or a document that is nothing but the list of one run's messages, if they call functions."""

    name = "chat"
    priority = 120

    def version(self, source: LogSource) -> str | None:
        """The key of the messages; ``list`` for a bare list."""
        if source.kind not in ("document", "lines"):
            return None
        for found in source.sample:
            if is_object(found) and not _OTHERS & found.keys() and get(found, "info", "mini_version") is None:
                if exported(found):
                    return "messages"
                for key in _LISTS:
                    with suppress(NotJson):
                        if _speaks(_messages(get(found, key))):
                            return key
        return "list" if source.kind == "document" and _bare(source.sample) else None

    def runs(self, source: LogSource) -> Iterator[Run | Lost]:
        """A run for each row."""
        if self.version(source) != "list":
            return rows(source, _read)
        return (row(item._replace(value={"messages": item.value}), source, _read) for item in source.items())


def _bare(messages: list[Json]) -> bool:
    """Messages that call functions, with nothing of a harness beside them."""
    if not all(isinstance(get(message, "role"), str) and "extra" not in message for message in messages):
        return False
    return any(get(call, "function", "name") for message in messages for call in items(message.get("tool_calls")))


def _messages(value: Json) -> Sequence[Json]:
    return items(loads(value)) if isinstance(value, str) and value[:1] == "[" else items(value)


def _speaks(messages: Sequence[Json]) -> bool:
    first = next((m for m in each(messages) if is_object(m)), None)
    return isinstance(get(first, "role"), str) or (isinstance(get(first, "from"), str) and "value" in fields(first))


def _read(log: Json, _: LogSource) -> Run:
    ours = restored(log, Chat.name)
    if ours is not None:
        return ours
    key = next((key for key in _LISTS if key in fields(log)), None)
    if key is None:
        raise ValueError("the row has no messages")
    small = {k: get(log, k) for k in log if k not in _LISTS}
    run = Run("chat", key)
    run.task_id = string(small.get("instance_id") or small.get("task_id") or small.get("id")) or None
    run.model = string(small.get("model") or small.get("model_name")) or None
    run.agent = string(small.get("agent")) if isinstance(small.get("agent"), str) else ""
    run.exit = string(small.get("exit_status"))
    run.final_diff = _patch(small)
    _claim(run, small)
    if isinstance(small.get("system"), str) and small["system"]:
        run.say("system", small["system"])
    talk = ChatParser(run, _tool_names(small.get("tools")))
    run.take(_messages(get(log, key)), talk.hear, "message")
    talk.settle()
    return run


def _patch(row: Mapping[str, Any]) -> str:
    for where in (row, fields(row.get("test_result"))):
        for key in _PATCHES:
            if isinstance(where.get(key), str) and not (key == "patch" and _TASK_ROW & row.keys()):
                return str(where[key])
    return ""


def _claim(run: Run, row: Mapping[str, Any]) -> None:
    claim(run, row, (("resolved",), ("target",), ("verified",), ("test_result", "report", "resolved")), _truth)
    claim(run, row, (("reward",),), full)


def _truth(value: Json) -> bool | None:
    return bool(value) if isinstance(value, int | float) and value in (0, 1) else None


def _tool_names(tools: Json) -> frozenset[str]:
    names = (get(tool, "function", "name") or get(tool, "name") for tool in items(tools))
    return frozenset(name for name in names if isinstance(name, str))


ADAPTER = Chat()
