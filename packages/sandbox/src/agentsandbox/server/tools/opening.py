"""Open the files that an agent names: regular files on a disk only, whatever stands at the path."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator

from agentsandbox.server.settings import Settings, ToolError


def real_path(settings: Settings, path: str) -> str:
    """Where the path that the agent named lies. Relative paths start at the workdir."""
    if "\0" in path or not path:
        raise ToolError(f"no path: {path!r}")
    return os.path.normpath(os.path.join(settings.workdir, settings.paths.inward(path)))


@contextlib.contextmanager
def opened(path: str, full: str, flags: int) -> Iterator[int]:
    """A descriptor of the regular file at ``full``, which the agent calls ``path``.

    A pipe or device would block this process, and what lies in ``/proc`` would be its own memory and descriptors.

    Raises:
        ToolError: there is none, or it cannot be opened; also for errors of the operating system while it is open.
    """
    with os_errors(path):
        fd = os.open(full, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, 0o666)
        try:
            found = os.fstat(fd)
            if stat.S_ISDIR(found.st_mode):
                raise IsADirectoryError
            if not stat.S_ISREG(found.st_mode) or found.st_dev == os.stat("/proc/self").st_dev:
                raise ToolError(f"{path}: no regular file; use the shell for it")
            yield fd
        finally:
            os.close(fd)


@contextlib.contextmanager
def os_errors(path: str) -> Iterator[None]:
    """What the operating system says, in words for the agent."""
    try:
        yield
    except FileNotFoundError as e:
        raise ToolError(f"{path}: no such file") from e
    except (IsADirectoryError, NotADirectoryError) as e:
        what = "a folder, not a file" if isinstance(e, IsADirectoryError) else "a part of the path is no folder"
        raise ToolError(f"{path}: {what}") from e
    except OSError as e:
        raise ToolError(f"{path}: {e.strerror or e}") from e
