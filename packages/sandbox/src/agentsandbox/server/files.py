"""The file tools: read, write, edit."""

from __future__ import annotations

import contextlib
import glob
import os

from agentsandbox.server.cutting import HeadTail
from agentsandbox.server.settings import Settings, ToolError

_PIECE = 1 << 16


def real_path(settings: Settings, path: str) -> str:
    """Where the path that the agent named lies. Relative paths start at the workdir."""
    if "\0" in path or not path:
        raise ToolError(f"no path: {path!r}")
    return os.path.normpath(os.path.join(settings.workdir, settings.paths.inward(path)))


def read(settings: Settings, path: str, start: int | None, end: int | None, out: HeadTail) -> None:
    """Feed lines ``start`` to ``end`` (1-based, both included; all if left out) into ``out``."""
    full = real_path(settings, path)
    with _errors(path), open(full, "rb") as f:
        if start is None and end is None:
            while piece := f.read(_PIECE):
                out.feed(piece)
            return
        first, last, count = start or 1, end, 0
        if last is not None and last < first:
            raise ToolError(f"end_line {last} is before start_line {first}")
        for count, line in enumerate(f, 1):
            if last is not None and count > last:
                break
            if count >= first:
                out.feed(line)
        if count < first:
            raise ToolError(f"{path} has {count} lines; line {first} does not exist")


def write(settings: Settings, path: str, content: str) -> str:
    """Write a file, keeping the mode of one that was there. Returns what was done, for the agent."""
    full = real_path(settings, path)
    data = content.encode("utf-8", "surrogateescape")
    with _errors(path):
        existed = os.path.lexists(full)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as f:
            f.write(data)
    _drop_byte_code(full)
    return f"{'replaced' if existed else 'created'} {path} ({len(data)} bytes)"


def edit(settings: Settings, path: str, old: str, new: str) -> str:
    """Replace the one occurrence of ``old``. Returns what was done, for the agent."""
    full = real_path(settings, path)
    if not old:
        raise ToolError("old_string is empty; to make a file use file_write")
    with _errors(path):
        with open(full, "rb") as f:
            data = f.read()
        wanted, put = (s.encode("utf-8", "surrogateescape") for s in (old, new))
        count = data.count(wanted)
        if count != 1:
            raise ToolError(f"old_string occurs {count} times in {path}; it must occur exactly once")
        if wanted == put:
            raise ToolError("new_string is the same as old_string; nothing to edit")
        line = data[: data.index(wanted)].count(b"\n") + 1
        with open(full, "wb") as f:
            f.write(data.replace(wanted, put))
    _drop_byte_code(full)
    return f"edited {path} at line {line}"


def _drop_byte_code(path: str) -> None:
    """Old byte code of a file written within the same second would be taken for current."""
    folder, name = os.path.split(path)
    if name.endswith(".py"):
        for stale in glob.glob(os.path.join(glob.escape(folder), "__pycache__", glob.escape(name[:-3]) + ".*.pyc")):
            with contextlib.suppress(OSError):
                os.unlink(stale)


@contextlib.contextmanager
def _errors(path: str):  # type: ignore[no-untyped-def]
    try:
        yield
    except FileNotFoundError as e:
        raise ToolError(f"{path}: no such file") from e
    except (IsADirectoryError, NotADirectoryError) as e:
        what = "a folder, not a file" if isinstance(e, IsADirectoryError) else "a part of the path is no folder"
        raise ToolError(f"{path}: {what}") from e
    except OSError as e:
        raise ToolError(f"{path}: {e.strerror or e}") from e
