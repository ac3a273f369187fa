"""The report of a test run: records that a test process writes to a pipe, each with a secret token."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any


def sender(fd: int, token: str) -> Callable[[dict[str, Any]], None]:
    """Write records that carry ``token``. Holds on to what it needs, so that code under test cannot replace it."""
    write, dump = os.write, json.dumps

    def send(record: dict[str, Any]) -> None:
        data = dump([token, record]).encode() + b"\n"
        while data:
            data = data[write(fd, data) :]

    return send


def read_report(data: bytes, token: str) -> dict[str, Any]:
    """Fold the records of the pipe. Anything without the token was written by something else than the reporter."""
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
        elif "end" in record:
            report["end"], report["lines"] = record["end"], record["lines"]
    report["notes"] = list(dict.fromkeys(notes))
    return report


def _record(line: bytes, token: str) -> dict[str, Any] | None:
    try:
        sent, record = json.loads(line)
    except (ValueError, TypeError):
        return None
    return record if sent == token and isinstance(record, dict) else None
