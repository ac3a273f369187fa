"""Run one child with a deadline, collect what it prints, and leave nothing of it behind that should not be."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import time
import traceback
from collections.abc import Callable
from typing import NoReturn

Feed = Callable[[bytes], None]

PRIVATE: list[int] = []
"""File descriptors of the protocol, which no fork may hold."""

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 4, 36
_DRAIN_MAX = 1 << 20  # a background process may write for ever: stop after this much once its parent is gone


class Hangup(Exception):
    """The client is gone."""


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

    def __init__(self, pid: int, before: set[int], out: int, side: int | None = None) -> None:
        self.pid = pid
        self.before = before
        """Children that ran before it was started."""
        self.out = out
        self.side = side


def spawn(argv: list[str], env: dict[str, str], cwd: str) -> Child:
    """Start a program in a session of its own, output and errors on one pipe, nothing on its input."""
    before = set(children())
    out, write = os.pipe()
    try:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=write, stderr=write, env=env, cwd=cwd, start_new_session=True)
    except BaseException:
        os.close(out)
        raise
    finally:
        os.close(write)
    _first_to_go(process.pid)
    process.returncode = 0  # this module waits for it; subprocess must not
    return Child(process.pid, before, out)


def fork(work: Callable[[int], int], env: dict[str, str], cwd: str) -> Child:
    """Run ``work(report_fd)`` in a fork with its own session, environment and output; its result is the exit status."""
    before = set(children())
    out, out_write = os.pipe()
    side, side_write = os.pipe()
    pid = os.fork()
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
    """Wait for ``child``, passing its output on; at the deadline kill it with everything it started.

    ``sweep`` kills what it left running also when it ended by itself. ``client`` is the client's end of the protocol.

    Raises:
        Hangup: the client went away; the child is dead.
    """
    started = time.monotonic()
    feeds = {child.out: feed}
    if child.side is not None and side is not None:
        feeds[child.side] = side
    for fd in feeds:
        os.set_blocking(fd, False)
    try:
        status: int | None = _wait(child, started + timeout_s, feeds, client)
        if status is None or sweep:
            kill_since(child.before, child.pid)
        for stream, take in feeds.items():
            _drain(stream, take)
    finally:
        for end in (child.out, child.side):
            if end is not None:
                os.close(end)
    reap()
    seconds = time.monotonic() - started
    return Ended(124, True, seconds) if status is None else Ended(_code(status), False, seconds)


def _wait(child: Child, deadline: float, feeds: dict[int, Feed], client: int) -> int | None:
    poll = select.poll()
    for fd in feeds:
        poll.register(fd, select.POLLIN)
    if client >= 0:
        poll.register(client, select.POLLRDHUP)
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
            for fd, _ in poll.poll(min(left * 1000 + 1, 60_000 if watch is not None else 5)):
                if fd == client:
                    kill_since(child.before, child.pid)
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


def _drain(fd: int, feed: Feed) -> None:
    taken = 0
    while taken < _DRAIN_MAX:
        try:
            data = os.read(fd, 1 << 16)
        except BlockingIOError:
            return
        if not data:
            return
        feed(data)
        taken += len(data)


def _code(status: int) -> int:
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def children(pid: int | None = None) -> list[int]:
    """Direct children of a process (of this one if left out), orphans that it adopted included."""
    pid = os.getpid() if pid is None else pid
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as f:
                found += [int(p) for p in f.read().split()]
    except FileNotFoundError:
        return _children_by_scan(pid) if os.path.exists(f"/proc/{pid}") else []
    except OSError:
        return []
    return found


def _children_by_scan(parent: int) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError), open(f"/proc/{name}/stat") as f:
                if int(f.read().rpartition(")")[2].split()[1]) == parent:
                    found.append(int(name))
    return found


def _tree(pid: int) -> list[int]:
    found = [pid]
    for p in found:
        found += children(p)
    return found


def kill_since(before: set[int], leader: int | None = None) -> None:
    """Kill every process below this one but the children in ``before`` and what is below those. Wait until they are dead."""
    if leader is not None:
        with contextlib.suppress(OSError):
            os.killpg(leader, signal.SIGKILL)
    for _ in range(200):
        victims = [p for child in children() if child not in before for p in _tree(child)]
        if not victims:
            return
        for pid in victims:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        for child in children():
            if child not in before:
                with contextlib.suppress(OSError):
                    os.waitpid(child, os.WNOHANG)
        time.sleep(0.002)


def kill_all() -> None:
    """Kill every process below this one."""
    kill_since(set())


def reap() -> None:
    """Collect the adopted orphans that ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
