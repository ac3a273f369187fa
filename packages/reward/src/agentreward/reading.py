"""Runs from files: one JSON value, or JSON lines; ``-`` is standard input."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agentreward.errors import InvalidRun


def read_json(path: Path) -> Any:
    """The value of a file.

    Raises:
        InvalidRun: the file cannot be read, or holds no JSON.
    """
    text = _text(path)
    try:
        return _value(text)
    except ValueError as error:
        raise InvalidRun(f"{path}: no JSON ({error}); give a file that holds one JSON value") from error


def read_runs(path: Path) -> Iterator[Any]:
    """The runs of a file: an object, the items of a list, or one a line.

    Raises:
        InvalidRun: the file cannot be read, holds no run, or a line of it is no JSON.
    """
    text = _text(path)
    try:
        whole = _value(text)
    except ValueError as problem:
        lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
        if len(lines) < 2:
            raise InvalidRun(f"{path}: no run ({problem}); give runs as JSON, or one a line") from problem
        for number, line in lines:
            try:
                yield _value(line)
            except ValueError as error:
                raise InvalidRun(f"{path} line {number}: no JSON ({error}); give one run a line") from error
    else:
        yield from whole if isinstance(whole, list) else [whole]


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def _text(path: Path) -> str:
    try:
        return (sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()).decode("utf-8-sig")
    except OSError as error:
        raise InvalidRun(f"{path}: {error.strerror or error}; name a file that can be read") from error
    except UnicodeDecodeError as error:
        raise InvalidRun(f"{path}: no UTF-8 text ({error.reason} at byte {error.start}); give JSON") from error
