"""The report of a test run: records that a test process writes to a pipe, each with a secret token."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

_STATUSES = frozenset({"passed", "failed", "error", "skipped", "xfailed", "xpassed"})
_NOTES, _NOTE = 20, 300


def sender(fd: int, token: str) -> Callable[[dict[str, Any]], None]:
    """Write records that carry ``token``. Holds on to what it needs, so that code under test cannot replace it."""
    write, dump = os.write, json.dumps

    def send(record: dict[str, Any]) -> None:
        data = dump([token, record]).encode() + b"\n"
        while data:
            data = data[write(fd, data) :]

    return send


def read_report(data: bytes, token: str) -> dict[str, Any]:
    """Fold the records of the pipe. Anything without the token, or of another shape, was written by something else than the reporter."""
    report: dict[str, Any] = {"statuses": {}, "modules": [], "collected": None, "end": None, "lines": {}, "notes": []}
    notes: list[str] = report["notes"]
    for line in data.splitlines():
        record = _record(line, token)
        if record is None:
            notes.append("something else than the reporter wrote to the report")
        elif "test" in record:
            if record["test"] in report["statuses"] and not record.get("module"):
                notes.append(f"{record['test']}: reported twice")
            report["statuses"][record["test"]] = record["status"]
            if record.get("module"):
                report["modules"].append(record["test"])
        elif "note" in record:
            notes.append(record["note"])
        elif "collected" in record:
            report["collected"] = record["collected"]
        else:
            report["end"], report["lines"] = record["end"], record["lines"]
    report["notes"] = [_plain(note) for note in list(dict.fromkeys(notes))[:_NOTES]]
    return report


def _record(line: bytes, token: str) -> dict[str, Any] | None:
    try:
        sent, record = json.loads(line)
    except (ValueError, TypeError, RecursionError):
        return None
    return record if sent == token and isinstance(record, dict) and _has_shape(record) else None


def _has_shape(record: dict[str, Any]) -> bool:
    """Whether a record is one that the reporter can have sent: whoever has the token can write anything."""
    if "test" in record:
        return isinstance(record["test"], str) and isinstance(record.get("status"), str) and record["status"] in _STATUSES
    if "note" in record:
        return isinstance(record["note"], str)
    if "collected" in record:
        return isinstance(record["collected"], list) and all(isinstance(name, str) for name in record["collected"])
    return type(record.get("end")) is int and isinstance(record.get("lines"), dict)


def _plain(note: str) -> str:
    """A note as short text that can be stored."""
    return note[:_NOTE].encode("utf-8", "replace").decode()
