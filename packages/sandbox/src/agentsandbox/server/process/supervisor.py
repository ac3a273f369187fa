"""Run one child with a deadline, collect what it prints, and leave nothing of it behind that should not be."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import NoReturn

from agentsandbox.server.process import pipe_drain
from agentsandbox.server.process.process_tree import Standing, kill_since, reap, standing
from agentsandbox.server.settings import ToolError

Feed = Callable[[bytes], None]

PRIVATE: list[int] = []
"""File descriptors of the protocol, which no fork may hold."""

KEPT: set[int] = set()
"""Children of the server that are no agent's."""

_background: list[threading.Thread] = []

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 4, 36
_DRAIN_MAX = 1 << 20  # a background process may write for ever: stop after this much once its parent is gone
_RESTORED = (signal.SIGPIPE, signal.SIGXFSZ)  # ignored by Python, not by other programs


class Hangup(Exception):
    """The client is gone."""


class Interrupted(ToolError):
    """The client wants no more of what runs."""


def harden() -> None:
    """Adopt orphans, and keep processes of the same user out of this one's memory and file descriptors."""
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    _LIBC.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def soften() -> None:
    """In a fresh fork: an ordinary process again, and the first to go when memory runs out."""
    _LIBC.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
    _first_to_go("self")


def _first_to_go(pid: object) -> None:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/oom_score_adj", "w") as f:
        f.write("1000")


class Child:
    """A started process: its id, the pipe it prints to, and for a fork the pipe it reports on."""

    def __init__(self, pid: int, before: Standing, out: int, side: int | None = None) -> None:
        self.pid = pid
        self.before = before
        """Who ran before it was started."""
        self.out = out
        self.side = side


def spawn(argv: list[str], env: Mapping[str, str], cwd: str, given: Mapping[int, int] | None = None, report_at: int | None = None) -> Child:
    """Start a program in a session of its own, output and errors on one pipe, nothing on its input.

    ``given`` maps descriptors of this process to those that the program has them at. ``report_at`` is the program's
    descriptor of the pipe that it reports on.

    Raises:
        OSError: there is no such program or folder, or no room for one more process.
    """
    before = standing()
    here = os.open(".", os.O_PATH | os.O_CLOEXEC)
    out, write = os.pipe()
    side, side_write = (None, None) if report_at is None else os.pipe()
    actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
    actions += [(os.POSIX_SPAWN_DUP2, write, 1), (os.POSIX_SPAWN_DUP2, write, 2)]
    actions += [(os.POSIX_SPAWN_DUP2, ours, theirs) for ours, theirs in (given or {}).items()]
    if side_write is not None and report_at is not None:
        actions.append((os.POSIX_SPAWN_DUP2, side_write, report_at))
    try:
        os.chdir(cwd)  # the program starts where this process stands; posix_spawn needs no copy of its memory
        pid = os.posix_spawnp(argv[0], argv, env, file_actions=actions, setsid=True, setsigdef=_RESTORED)
    except BaseException:
        os.close(out)
        if side is not None:
            os.close(side)
        raise
    finally:
        os.fchdir(here)
        for fd in (here, write, side_write):
            if fd is not None:
                os.close(fd)
    _first_to_go(pid)
    return Child(pid, before, out, side)


def in_background(work: Callable[[], None]) -> threading.Thread:
    """Run ``work`` in a thread. A fork waits for its end: what another thread holds at that moment, a fork holds for ever."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    _background.append(thread)
    return thread


def fork(work: Callable[[int], int], env: dict[str, str], cwd: str) -> Child:
    """Run ``work(report_fd)`` in a fork with its own session, environment and output; its result is the exit status.

    Raises:
        OSError: there is no room for one more process.
    """
    while _background:
        _background.pop().join()
    before = standing()
    out, out_write = os.pipe()
    side, side_write = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        for fd in (out, out_write, side, side_write):
            os.close(fd)
        raise
    if pid:
        os.close(out_write)
        os.close(side_write)
        return Child(pid, before, out, side)
    code = 70
    try:
        for fd in [*PRIVATE, out, side]:
            os.close(fd)
        os.setsid()
        soften()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (out_write, 1), (out_write, 2)):
            os.dup2(source, target)
        os.close(null)
        os.close(out_write)
        os.environ.clear()
        os.environ.update(env)
        os.chdir(cwd)
        code = work(side_write)
    except BaseException:
        os.write(2, traceback.format_exc().encode("utf-8", "replace"))
    finally:
        os._exit(code)
    return _never()


def _never() -> NoReturn:
    raise AssertionError("a fork that ended goes on")


class Ended:
    """How a child ended."""

    def __init__(self, exit_code: int, timed_out: bool, seconds: float) -> None:
        self.exit_code = exit_code
        self.timed_out = timed_out
        self.seconds = seconds


def supervise(child: Child, timeout_s: float, feed: Feed, side: Feed | None = None, client: int = -1, sweep: bool = False) -> Ended:
    """Wait for ``child``, passing its output on; at the deadline kill it with everything it started, and nothing else.

    What it leaves running lives on, and what that prints later is thrown away. ``sweep`` kills it also when ``child``
    ended by itself. ``client`` is the client's end of the protocol.

    Raises:
        Hangup: the client went away; the child is dead.
        Interrupted: the client sent a line; the child is dead.
    """
    started = time.monotonic()
    feeds = {child.out: feed}
    if child.side is not None and side is not None:
        feeds[child.side] = side
    for fd in feeds:
        os.set_blocking(fd, False)
    held = [child.out] if child.side is None else [child.out, child.side]
    try:
        status: int | None = _wait(child, started + timeout_s, feeds, client)
        if status is None or sweep:
            kill_since(child.before, child.pid)
        for stream, take in feeds.items():
            if not _drain(stream, take) and stream == child.out:
                held.remove(stream)
                pipe_drain.keep(stream)
    finally:
        for end in held:
            os.close(end)
    reap()
    seconds = time.monotonic() - started
    return Ended(124, True, seconds) if status is None else Ended(_code(status), False, seconds)


def _wait(child: Child, deadline: float, feeds: dict[int, Feed], client: int) -> int | None:
    poll = select.poll()
    for fd in feeds:
        poll.register(fd, select.POLLIN)
    if client >= 0:
        poll.register(client, select.POLLRDHUP | select.POLLIN)
    watch = _pidfd(child.pid)
    if watch is not None:
        poll.register(watch, select.POLLIN)
    try:
        while True:
            left = deadline - time.monotonic()
            ended, status = os.waitpid(child.pid, os.WNOHANG)
            if ended:
                return status
            if left <= 0:
                return None
            pipe_drain.drain()
            for fd, event in poll.poll(pipe_drain.pause_ms(min(left * 1000 + 1, 60_000 if watch is not None else 5))):
                if fd == client:
                    kill_since(child.before, child.pid)
                    if event == select.POLLIN:
                        raise Interrupted("interrupted; the command and everything it started were killed")
                    raise Hangup
                if fd in feeds and not _take(fd, feeds[fd]):
                    poll.unregister(fd)
    finally:
        if watch is not None:
            os.close(watch)


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None  # an old kernel: _wait looks every 5 ms


def _take(fd: int, feed: Feed) -> int:
    """Pass on what is there; 0 at the end of the stream."""
    try:
        data = os.read(fd, 1 << 16)
    except BlockingIOError:
        return 1
    feed(data)
    return len(data)


def _drain(fd: int, feed: Feed) -> bool:
    """Pass on what is there; whether that was the end of the stream."""
    taken = 0
    while taken < _DRAIN_MAX:
        try:
            data = os.read(fd, 1 << 16)
        except BlockingIOError:
            return False
        if not data:
            return True
        feed(data)
        taken += len(data)
    return False


def _code(status: int) -> int:
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def kill_all() -> None:
    """Kill every process below this one but those that are no agent's, and let go of what they print to."""
    kill_since(Standing(frozenset(KEPT)))
    pipe_drain.close()
