"""Whether a file is sound Python or JSON, found out in a fork: a parser may crash, or take for ever."""

from __future__ import annotations

import json
import os
import warnings

from agentsandbox.server.process import supervisor
from agentsandbox.server.settings import Settings

CHECKED = (".py", ".pyi", ".json")
"""Ends of the names of files that are checked."""

_LIMIT_S = 5.0
_AROUND = 2
"""Lines shown before and after the one that is wrong."""
_WIDTH = 200


class Wrong:
    """A syntax error: what, in one line, and the lines around it."""

    def __init__(self, what: str, where: str) -> None:
        self.what = what
        self.where = where


def check(settings: Settings, path: str, data: bytes) -> Wrong | None:
    """What is wrong with ``data`` as the content of ``path``; nothing if it is sound, neither Python nor JSON, or cannot be told."""
    if not path.endswith(CHECKED):
        return None

    def work(report: int) -> int:
        found = _json_error(data) if path.endswith(".json") else _python_error(data)
        if found:
            os.write(report, f"{found[0]}\n{found[1]}".encode("utf-8", "replace")[:4000])
        return 0

    told = bytearray()
    try:
        child = supervisor.fork(work, settings.env, settings.workdir)
    except OSError:  # no room for one more process: then nobody can tell
        return None
    ended = supervisor.supervise(child, _LIMIT_S, lambda output: None, told.extend)
    if ended.timed_out or ended.exit_code or not told:
        return None
    line, _, message = told.decode("utf-8", "replace").partition("\n")
    return Wrong(f"line {line}: {message}", _lines_around(data, int(line)))


def _python_error(data: bytes) -> tuple[int, str] | None:
    import ast

    warnings.simplefilter("ignore")
    try:
        ast.parse(data)
    except SyntaxError as e:
        return e.lineno or 1, e.msg
    except ValueError as e:
        return 1, str(e)
    except (RecursionError, MemoryError):
        return None
    return None


def _json_error(data: bytes) -> tuple[int, str] | None:
    try:
        json.loads(data)
    except json.JSONDecodeError as e:
        return e.lineno, e.msg
    except UnicodeDecodeError as e:
        return data[: e.start].count(10) + 1, "no UTF-8"
    except RecursionError:
        return None
    return None


def _lines_around(data: bytes, line: int) -> str:
    lines = data.decode("utf-8", "replace").split("\n")
    shown = range(max(1, line - _AROUND), min(len(lines), line + _AROUND) + 1)
    return "\n".join(f"{'>' if n == line else ' '} {n}: {lines[n - 1][:_WIDTH]}" for n in shown)
