"""The tools that write and edit files. Content is put into the file that is there, so that mode, links and owner stay."""

from __future__ import annotations

import contextlib
import difflib
import errno
import glob
import os
from collections.abc import Sequence

from agentsandbox.server.settings import Settings, ToolError
from agentsandbox.server.tools import syntax
from agentsandbox.server.tools.opening import opened, os_errors, real_path

_EDITED_MAX = 32 << 20  # bytes; this process holds such a file a few times over
_LINES_NAMED = 10
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LINES_MAX, _SOUGHT_MAX, _WIDTH = 10_000, 100, 200  # lines looked through, lines compared, characters of a line
_SHOWN, _REGION = 3, 20
_ALIKE = 0.6


def write(settings: Settings, path: str, content: str) -> str:
    """Write a file, keeping the mode of one that was there. Returns what was done, for the agent.

    A syntax error is said and the file is written all the same: whoever gives a whole file may mean it (an example for
    a test, a template), and there is no earlier state to fall back to that would be any better.
    """
    full = real_path(settings, path)
    data = content.encode("utf-8", "surrogateescape")
    with os_errors(path):
        existed = os.path.lexists(full)
        os.makedirs(os.path.dirname(full), exist_ok=True)
    _put(path, full, data, os.O_CREAT)
    done = f"{'replaced' if existed else 'created'} {path} ({len(data)} bytes)"
    wrong = syntax.check(settings, full, data)
    return done if wrong is None else f"{done}\nwarning: {wrong.what}\n{wrong.where}"


def edit(settings: Settings, path: str, old: str, new: str) -> str:
    """Replace the one occurrence of ``old``. Returns what was done, for the agent.

    A file that was sound Python or JSON stays so: an edit that would leave a syntax error is refused, since an agent
    seldom means it and pays for it with every later step.
    """
    full = real_path(settings, path)
    if not old:
        raise ToolError("old_string is empty; to make a file use file_write")
    data = _content(path, full)
    wanted, put = (s.encode("utf-8", "surrogateescape") for s in (old, new))
    count = data.count(wanted)
    if count != 1:
        raise _not_once(path, data, wanted, count)
    if wanted == put:
        raise ToolError("new_string is the same as old_string; nothing to edit")
    after = data.replace(wanted, put)
    wrong = syntax.check(settings, full, after)
    if wrong is not None and syntax.check(settings, full, data) is None:
        raise ToolError(f"not applied: {path} would have a syntax error: {wrong.what}", wrong.where)
    _put(path, full, after, 0)
    return f"edited {path} at line {data[: data.index(wanted)].count(10) + 1}"


def _content(path: str, full: str) -> bytes:
    with opened(path, full, os.O_RDONLY) as fd:
        size = os.fstat(fd).st_size
        if size > _EDITED_MAX:
            raise ToolError(f"{path} has {size} bytes; file_edit takes at most {_EDITED_MAX}, use the shell")
        with os.fdopen(fd, "rb", closefd=False) as f:
            return f.read()


def _put(path: str, full: str, data: bytes, flags: int) -> None:
    """Make ``data`` the content. Where there is no room for it the file stays as it was."""
    with os_errors(path):
        is_new = not os.path.exists(full)
    with opened(path, full, os.O_WRONLY | flags) as fd:
        try:
            if data:
                os.posix_fallocate(fd, 0, len(data))
        except OSError as e:
            if e.errno in _NO_ROOM:  # other errors only tell that this file system cannot reserve
                if is_new:
                    os.unlink(os.path.realpath(full))
                raise
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        os.ftruncate(fd, len(data))
    _drop_byte_code(full)


def _not_once(path: str, data: bytes, wanted: bytes, count: int) -> ToolError:
    if count == 0:
        text, sought = data.decode("utf-8", "replace"), wanted.decode("utf-8", "replace")
        return ToolError(f"old_string occurs 0 times in {path}; it must occur exactly once", nearest(text, sought))
    lines, at = [], -1
    for _ in range(min(count, _LINES_NAMED)):
        at = data.index(wanted, at + 1 if at < 0 else at + len(wanted))
        lines.append(str(data[:at].count(10) + 1))
    more = ", ..." if count > _LINES_NAMED else ""
    return ToolError(
        f"old_string occurs {count} times in {path}, at lines {', '.join(lines)}{more}; it must occur exactly once: add lines around it"
    )


def _drop_byte_code(path: str) -> None:
    """Old byte code of a file written within the same second would be taken for current."""
    folder, name = os.path.split(path)
    if name.endswith(".py"):
        for stale in glob.glob(os.path.join(glob.escape(folder), "__pycache__", glob.escape(name[:-3]) + ".*.pyc")):
            with contextlib.suppress(OSError):
                os.unlink(stale)


def nearest(text: str, sought: str) -> str:
    """Lines of ``text`` that ``sought`` may mean, in words for an agent; empty if nothing is alike.

    First the same lines with other white space, then single lines like the longest one sought.
    """
    lines = text.splitlines()[:_LINES_MAX]
    wanted = [line for line in (" ".join(raw.split()) for raw in sought.splitlines()) if line][:_SOUGHT_MAX]
    if not wanted:
        return ""
    there = [(n, line) for n, line in enumerate((" ".join(raw.split()) for raw in lines), 1) if line]
    for i in range(len(there) - len(wanted) + 1):
        if there[i][1] == wanted[0] and [line for _, line in there[i : i + len(wanted)]] == wanted:
            first, last = there[i][0], there[i + len(wanted) - 1][0]
            return f"the same with other white space:\n{_shown(lines, range(first, last + 1))}"
    longest = max(wanted, key=len)[:_WIDTH]
    alike = difflib.get_close_matches(longest, dict.fromkeys(line[:_WIDTH] for _, line in there), _SHOWN, _ALIKE)
    numbers = [next(n for n, line in there if line[:_WIDTH] == found) for found in alike]
    return f"the nearest lines:\n{_shown(lines, numbers)}" if numbers else ""


def _shown(lines: list[str], numbers: Sequence[int]) -> str:
    return "\n".join(f"{n}: {lines[n - 1][:_WIDTH]}" for n in numbers[:_REGION])
