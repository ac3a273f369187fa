"""Sessions of OpenCode: tables of sessions, messages and parts as JSON files of one folder, or an export of one session."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from agentrecorder.adapters.adapter import Lost, rows
from agentrecorder.adapters.opencode.parts import Parts
from agentrecorder.containers.json_values import Json, NotJson, each, fields, get, is_array, is_object, items, loads, string
from agentrecorder.containers.source import LogSource
from agentrecorder.errors import NotReadable
from agentrecorder.run import Run

_TABLES = ("sessions.json", "messages.json", "parts.json")


class OpenCode:
    """A folder with the three tables, of which each session, a subagent's too, is a run; or an exported session."""

    name = "opencode"
    priority = 180

    def version(self, source: LogSource) -> str | None:
        """``tables`` or ``export``."""
        if source.kind == "folder":
            return "tables" if {"messages.json", "parts.json"} <= source.names and _is_table(source) else None
        if source.kind not in ("document", "lines"):
            return None
        return "export" if any(_is_export(value) for value in source.sample) else None

    def runs(self, source: LogSource) -> Iterator[Run | Lost]:
        """A run for each session."""
        return _joined(source) if source.kind == "folder" else rows(source, _exported)


def _is_table(folder: LogSource) -> bool:
    with suppress(NotReadable):
        return any("message_id" in row and "data" in row for row in folder.inside("parts.json").sample if is_object(row))
    return False


def _is_export(value: Json) -> bool:
    first = next(each(items(get(value, "messages"))), None)
    return isinstance(get(value, "info", "id"), str) and isinstance(get(first, "info", "role"), str) and "parts" in fields(first)


def _exported(session: Json, _: LogSource) -> Run:
    run = Run("opencode", "export", agent="opencode")
    for number, message in enumerate(each(items(get(session, "messages"))), 1):
        if is_object(message):
            run.take(items(get(message, "parts")), Parts(run, fields(get(message, "info"))).hear, f"message {number}, part")
        else:
            run.leave(f"message {number}", "not an object", message)
    return run


def _joined(folder: LogSource) -> Iterator[Run | Lost]:
    """Parts with the message that they are of, messages with their session. What belongs to none is lost."""
    lost: list[Lost] = []
    sessions, messages, parts = (_table(folder, name, lost) for name in _TABLES)
    of_message: dict[str, list[Any]] = {key: [] for key in messages}
    of_session: dict[str, list[str]] = {key: [] for key in sessions}
    for key, message in messages.items():
        of_session.setdefault(string(get(message, "session_id")), []).append(key)
    for key, part in parts.items():
        owner = string(get(part, "message_id"))
        if owner in of_message:
            of_message[owner].append((key, part))
        else:
            lost.append(Lost(f"parts.json, {key}", f"its message {owner!r} is not there", string(get(part, "data"))[:4000]))
    for keys in of_session.values():
        run = Run("opencode", "tables", agent="opencode")
        for key in sorted(keys, key=lambda key: (_when(messages[key]), key)):
            info: Mapping[str, Any] = {}
            with suppress(NotJson):
                info = _data(messages[key])
            reader = Parts(run, info)
            for name, part in sorted(of_message[key], key=lambda named: named[0]):
                run.take_one(f"part {name}", part, partial(_hear, reader))
        yield run
    yield from lost


def _hear(reader: Parts, part: Json) -> str | None:
    return reader.hear(_data(part))


def _table(folder: LogSource, name: str, lost: list[Lost]) -> dict[str, Mapping[str, Any]]:
    """Rows by id."""
    found: dict[str, Mapping[str, Any]] = {}
    if name not in folder.names:
        return found
    for item in folder.inside(name).items():
        rows_ = item.value if is_array(item.value) else [item.value]
        if item.problem:
            lost.append(Lost(f"{name}, {item.where}", item.problem, item.raw))
        for number, row in enumerate(each(rows_), 1):
            key = get(row, "id")
            if isinstance(key, str):
                found[key] = row
            elif row is not None:
                lost.append(Lost(f"{name}, row {number}", "a row without an id", string(row)[:4000]))
    return found


def _data(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a row holds: the column is a JSON text."""
    data = get(row, "data")
    if isinstance(data, str):
        data = loads(data)
    if not isinstance(data, Mapping):
        raise NotJson("the data of the row are no object")
    return data


def _when(message: Mapping[str, Any]) -> float:
    made = get(message, "time_created")
    return made if isinstance(made, int | float) and not isinstance(made, bool) else 0


ADAPTER = OpenCode()
