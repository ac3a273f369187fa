"""``agentrecorder stats``: runs in numbers."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from agentrecorder.cli.reading import ALL_READ, FAILED, found_in, plural, say, say_failure
from agentrecorder.containers.json_values import dumps
from agentrecorder.convert import ConversionFailure, Converted
from agentrecorder.summary import summary

_COLUMNS = ("file", "run", "format", "task_id", "model", "agent_turns", "tool_calls", "results", "malformed", "exit", "outcome", "unread")
_TITLES = {"task_id": "task", "agent_turns": "turns", "tool_calls": "calls"}
"""Where a column is not called as its field is."""
_NUMBERS = ("run", "agent_turns", "tool_calls", "results", "malformed", "unread")
_SUMS = ("agent_turns", "tool_calls", "results", "malformed")


def stats(paths: list[Path], outcomes: Path | None, *, as_json: bool) -> int:
    """Print the numbers of every run. Returns 0 all read, 1 something failed."""
    rows, status = [], ALL_READ
    for found in found_in(paths, outcomes):
        if isinstance(found, ConversionFailure):
            say_failure(found)
            status = FAILED
        elif isinstance(found, Converted):
            row = summary(found)
            if as_json:
                sys.stdout.write(dumps(row) + "\n")
            else:
                rows.append(row)
    sys.stdout.flush()
    if not as_json:
        _print(rows)
    return status


def _print(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for key in _COLUMNS:
        table.add_column(_title(key), justify="right" if key in _NUMBERS else "left", no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*(Text(cell(key, row[key])) for key in _COLUMNS))
    console = Console(highlight=False, markup=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = max(80, sum(max([len(_title(k)), *(len(cell(k, r[k])) for r in rows)]) + 2 for k in _COLUMNS))
    console.print(table)
    say(f"{plural(len(rows), 'run')}: " + ", ".join(f"{_sum(rows, key)} {_title(key)}" for key in _SUMS))


def _title(key: str) -> str:
    return _TITLES.get(key, key)


def cell(key: str, value: Any) -> str:
    """A value as it stands in the table."""
    if key == "unread":
        return str(sum(value.values()))
    text = "-" if value in (None, "") else str(value)
    return "".join(c if c.isprintable() else " " for c in text)


def _sum(rows: Iterable[dict[str, Any]], key: str) -> int:
    return sum(row[key] for row in rows)
