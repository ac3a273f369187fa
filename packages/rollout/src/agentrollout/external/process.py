"""One program in a process group of its own: ended when its time is up, and its output kept within bounds."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

KEPT = 64 << 20
"""Bytes kept from the start of what a program prints; the rest is read and dropped, so that the program does not block."""
GRACE_S = 5.0
"""Seconds between SIGTERM and SIGKILL."""
_LOOK_S = 0.02


def run(
    argv: Sequence[str], env: Mapping[str, str], folder: Path, out: Path, err: Path, until: Callable[[], float], grace_s: float = GRACE_S
) -> int | None:
    """The exit status of ``argv``, started in ``folder``; negative for a signal, ``None`` if it had to be ended.

    It is ended once ``until()`` (monotonic seconds, asked again and again) is past: asked by SIGTERM, then killed. Whatever it
    started in its process group is killed in any case, and it is killed itself if this process dies. Output and errors go to the
    files ``out`` and ``err``, :data:`KEPT` bytes of each.

    Raises:
        OSError: it cannot be started.
    """
    process = subprocess.Popen(
        argv, env=dict(env), cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    pumps = [threading.Thread(target=_pump, args=ends, daemon=True) for ends in ((process.stdout, out), (process.stderr, err))]
    in_time = False
    guard = _guard(process.pid)
    try:
        for pump in pumps:
            pump.start()
        in_time = _wait(process.pid, until)
        if not in_time:
            _signal(process.pid, signal.SIGTERM)
            given_up = time.monotonic() + grace_s
            _wait(process.pid, lambda: given_up)
    finally:
        _signal(process.pid, signal.SIGKILL)  # before it is reaped: until then its number is nobody else's
        guard.communicate(b"\n")
        status = process.wait()
    for pump in pumps:
        pump.join(1.0)  # a process that left the group may hold the pipe for ever
    return status if in_time else None


def _guard(group: int) -> subprocess.Popen[bytes]:
    """A process that kills ``group`` unless it is told a line before its input ends, which it does when this process dies."""
    words = ["sh", "-c", 'read -r _ || kill -KILL "-$1"', "guard", str(group)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)


def _wait(pid: int, until: Callable[[], float]) -> bool:
    """Whether the process ended in time. It is not reaped."""
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() >= until():
            return False
        time.sleep(_LOOK_S)
    return True


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _pump(source: IO[bytes], target: Path) -> None:
    left = KEPT
    with source, target.open("wb", buffering=0) as file:
        while piece := os.read(source.fileno(), 1 << 16):
            file.write(piece[:left])
            left -= min(left, len(piece))
