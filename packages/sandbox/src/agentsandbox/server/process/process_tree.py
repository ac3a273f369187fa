"""The processes below this one: who they are, and how they go."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator

_STOP_LOOKS = 200  # one each millisecond: a process in the kernel stops when it leaves it


class Standing:
    """Who ran below this process at some moment, by process and by session. Nobody if nothing is given."""

    def __init__(self, pids: frozenset[int] = frozenset(), sessions: frozenset[int] = frozenset()) -> None:
        self.pids = pids
        self.sessions = sessions


def standing() -> Standing:
    """Who runs below this process now."""
    pids = frozenset(_below(os.getpid(), frozenset()))
    return Standing(pids, frozenset(s for s in map(_session, pids) if s)) if pids else Standing()


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


def kill_since(before: Standing, leader: int | None = None) -> None:
    """Kill what came below this process after ``before``. Wait until it is dead.

    Spared is what stood there, what that has started since, and orphans of its sessions.
    """
    if leader is not None:
        with contextlib.suppress(OSError):
            os.killpg(leader, signal.SIGKILL)
    for _ in range(200):
        victims = [p for p in _below(os.getpid(), before.pids) if not before.sessions or _session(p) not in before.sessions]
        if not victims:
            return
        for pid in victims:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        for pid in victims:
            with contextlib.suppress(OSError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.002)


@contextlib.contextmanager
def paused() -> Iterator[None]:
    """While it lasts, no process below this one runs."""
    stopped: list[int] = []
    while fresh := [p for p in _below(os.getpid(), frozenset()) if p not in stopped]:
        for pid in fresh:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGSTOP)
        stopped += fresh
        for _ in range(_STOP_LOOKS):
            if not any(map(_runs, stopped)):
                break
            time.sleep(0.001)
    try:
        yield
    finally:
        for pid in reversed(stopped):  # a parent wakes to children that run
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGCONT)


def reap() -> None:
    """Collect the adopted orphans that ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] in "RSD"
    except OSError:
        return False


def _below(pid: int, spared: frozenset[int]) -> list[int]:
    """Every process below ``pid`` but those spared and what is below these; parents first."""
    found = [p for p in children(pid) if p not in spared]
    for p in found:
        found += [c for c in children(p) if c not in spared]
    return found


def _session(pid: int) -> int:
    """Session of a process; 0 once it is gone."""
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def _children_by_scan(parent: int) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError), open(f"/proc/{name}/stat") as f:
                if int(f.read().rpartition(")")[2].split()[1]) == parent:
                    found.append(int(name))
    return found
