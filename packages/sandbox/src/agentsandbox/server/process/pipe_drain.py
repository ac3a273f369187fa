"""Pipes of calls that are over, which background processes still print to: kept open and emptied, so that nobody is
blocked or killed for printing, and what is printed reaches no other call."""

from __future__ import annotations

import os
import select

TICK_MS = 50
"""A background process that prints more than a pipe holds in this time has to wait."""
_KEPT_MAX = 32
"""Pipes kept; when there are more the oldest goes, and whoever prints to it gets a broken pipe."""

_kept: list[int] = []


def keep(fd: int) -> None:
    """Take over the reading end of a pipe, in non-blocking mode."""
    _kept.append(fd)
    if len(_kept) > _KEPT_MAX:
        os.close(_kept.pop(0))


def drain() -> None:
    """Throw away what was printed; let go of pipes that nobody prints to any more."""
    for fd in list(_kept):
        try:
            if os.read(fd, 1 << 16):
                continue
        except BlockingIOError:
            continue
        _kept.remove(fd)
        os.close(fd)


def close() -> None:
    """Let go of all pipes."""
    while _kept:
        os.close(_kept.pop())


def pause_ms(longest: float) -> float:
    """How long a poll may take."""
    return min(longest, TICK_MS) if _kept else longest


def wait_for(fd: int) -> None:
    """Return once ``fd`` can be read."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while _kept and not poll.poll(TICK_MS):
        drain()
