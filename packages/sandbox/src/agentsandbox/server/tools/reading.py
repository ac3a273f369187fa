"""The tool that reads files, window by window."""

from __future__ import annotations

import os
from typing import BinaryIO

from agentsandbox.server.process.truncation import HeadTail
from agentsandbox.server.settings import Settings, ToolError
from agentsandbox.server.tools.opening import opened, real_path

WINDOW = 100
"""Lines shown where the agent names no last line."""

_PIECE = 1 << 16


def read(settings: Settings, path: str, start: int | None, end: int | None, out: HeadTail) -> None:
    """Feed lines ``start`` to ``end`` (1-based, both included) into ``out``.

    Without ``end``, :data:`WINDOW` lines are shown, and if that is not the whole file a last line says what is not:
    ``[lines 1-100 of 523; 0 above, 423 below]``.
    """
    first, last = start or 1, end if end is not None else (start or 1) + WINDOW - 1
    if last < first:
        raise ToolError(f"end_line {last} is before start_line {first}")
    with opened(path, real_path(settings, path), os.O_RDONLY) as fd, os.fdopen(fd, "rb", closefd=False) as f:
        shown = _feed_lines(f, first, last, out)
        if shown.count < first and not (shown.count == 0 and start is None):
            raise ToolError(f"{path} has {shown.count} lines; line {first} does not exist")
        if end is not None:
            return
        below = _count_lines(f)
    total, until = shown.count + below, shown.count
    if first > 1 or below:
        out.feed((b"" if shown.ended else b"\n") + b"[lines %d-%d of %d; %d above, %d below]\n" % (first, until, total, first - 1, below))


class _Shown:
    """What was passed on: the number of the last line read, and whether a line feed ended it."""

    def __init__(self) -> None:
        self.count = 0
        self.ended = True


def _feed_lines(f: BinaryIO, first: int, last: int, out: HeadTail) -> _Shown:
    """Feed a range of lines; the file is left after its last one. A long line is passed on in pieces."""
    shown = _Shown()
    while shown.count < last or not shown.ended:
        piece = f.readline(_PIECE)
        if not piece:
            break
        shown.count += shown.ended
        shown.ended = piece.endswith(b"\n")
        if shown.count >= first:
            out.feed(piece)
    return shown


def _count_lines(f: BinaryIO) -> int:
    """Lines from here to the end."""
    count, ended = 0, True
    while piece := f.read(_PIECE):
        count += piece.count(b"\n")
        ended = piece.endswith(b"\n")
    return count + (not ended)
