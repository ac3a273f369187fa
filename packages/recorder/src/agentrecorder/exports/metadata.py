"""What a form has no place for, kept beside it: the difference between the steps and what a plain reading of the form gives.

The plain readings here are part of what is written: they must not change while exports of today are to be read.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from trajschema.tools import canonical_tool
from trajschema.trajectory import Trajectory

from agentrecorder.containers.json_values import Json, NotJson, dumps, fields, get, items, loads, string
from agentrecorder.run import Row, Run

KEY = "trajhub"
"""Where what is ours stands: under ``extra`` in ATIF, a column in a row of messages."""
VERSION = 1
_PARTS = ("tool_calls", "observations")
_STYLES: dict[str, Callable[[Any], str]] = {
    "compact": dumps,
    "spaced": lambda value: json.dumps(value, ensure_ascii=False),
    "escaped": json.dumps,
}
"""How the arguments of a run are written as text. A model mostly keeps to one way."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, in its log's own word, and whether its log or a file beside it says that the task was solved."""

    exit: str = ""
    claimed: bool | None = None


def step_row(number: int, source: str, message: str, calls: list[Row], observations: list[Row], **more: Any) -> Row:
    """A step."""
    step = {"step_id": number, "source": source, "message": message, "reasoning": None, "tool_calls": calls}
    return {**step, "observations": observations, "usage": None, "flags": [], **more}


def call_row(call_id: str, raw_name: str, arguments: str) -> Row:
    """A call."""
    return {"tool_call_id": call_id, "name": canonical_tool(raw_name, arguments), "raw_name": raw_name, "arguments": arguments}


def observation_row(call_id: str | None, content: str) -> Row:
    """An observation of which nothing but the text is known."""
    nothing = {"exit_code": None, "error": None, "truncated": False, "total_bytes": None, "content_sha256": None, "seconds": None}
    return {"tool_call_id": call_id, "content": content, **nothing}


def style_of(rows: Iterable[Row]) -> str:
    """The way in which most arguments of a run are written."""
    fits = dict.fromkeys(_STYLES, 0)
    for call in (c for row in rows for c in row["tool_calls"]):
        value = arguments_of(call["arguments"])
        for name, write in _STYLES.items():
            fits[name] += write(value) == call["arguments"]
    return max(fits, key=lambda name: fits[name])


def arguments_of(text: str) -> Row:
    """The object that arguments are; ``{"unparsed": text}`` for what is none, or changes when it is written and read."""
    try:
        value = loads(text.encode())
        if isinstance(value, dict) and loads(dumps(value).encode()) == value:
            return value
    except NotJson:
        pass
    return {"unparsed": text}


def text_of(arguments: Json, style: str) -> str:
    """The text of arguments in one of the ways."""
    return _STYLES.get(style, dumps)(arguments)


def rows_of(trajectory: Trajectory) -> list[Row]:
    """The steps as plain JSON values."""
    return [step.model_dump(mode="json") for step in trajectory.steps]


def differences(rows: Sequence[Row], plain: Sequence[Row]) -> list[Row]:
    """For each step what its plain reading lacks or has otherwise; empty where it is right."""
    return [_difference(row, read) for row, read in zip(rows, plain, strict=True)]


def _difference(row: Row, plain: Row) -> Row:
    found = {key: value for key, value in row.items() if key not in _PARTS and value != plain[key]}
    for part in _PARTS:
        if len(row[part]) != len(plain[part]):
            found[part] = row[part]
            continue
        each = [{key: value for key, value in of.items() if value != read[key]} for of, read in zip(row[part], plain[part], strict=True)]
        if any(each):
            found[part] = each
    return found


def corrected(plain: Row, difference: Row) -> Row:
    """The step of which :func:`differences` told."""
    row = plain | {key: value for key, value in difference.items() if key not in _PARTS}
    for part in _PARTS:
        if part in difference:
            read = plain[part] if len(plain[part]) == len(difference[part]) else [{}] * len(difference[part])
            row[part] = [of | given for of, given in zip(read, difference[part], strict=True)]
    return row


def about(trajectory: Trajectory, ending: Ending, plain: Sequence[Row], **more: Any) -> Row:
    """What is said once for a run. ``plain`` is what a reader will find in the form; a digest of it tells whether it was changed."""
    named = ("trajectory_id", "rollout_id", "task_id", "agent", "model", "source_format", "source_sha256", "final_diff", "unread")
    said = {name: value for name in named if (value := getattr(trajectory, name))}
    return {"version": VERSION, "sha256": _digest(plain), "exit": ending.exit, "resolved": ending.claimed, **said, **more}


def run_of(said: Json, plain: Sequence[Row], given: Sequence[Row], log_format: str, version: str) -> Run | None:
    """The run, from :func:`about`, the plain reading and the differences; ``None`` if the form was changed since it was written."""
    if get(said, "version") != VERSION or get(said, "sha256") != _digest(plain) or len(plain) != len(given):
        return None
    claimed = get(said, "resolved")
    run = Run(
        log_format,
        version,
        task_id=get(said, "task_id"),
        agent=string(get(said, "agent")),
        model=get(said, "model"),
        final_diff=string(get(said, "final_diff")),
        exit=string(get(said, "exit")),
        claimed=claimed if isinstance(claimed, bool) else None,
        claimed_by="the exported trajectory" if isinstance(claimed, bool) else "",
        steps=[corrected(row, dict(fields(difference))) for row, difference in zip(plain, given, strict=True)],
        taken=len(plain),
    )
    run.notes = [string(note) for note in items(get(said, "unread"))]
    return run


def _digest(rows: Sequence[Row]) -> str:
    return hashlib.sha256(dumps(rows).encode("utf-8", "surrogatepass")).hexdigest()
