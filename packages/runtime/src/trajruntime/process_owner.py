"""Which process something belongs to, so that what dead processes left can be told from what is in use."""

import functools
import os
import socket
from dataclasses import dataclass
from pathlib import Path

import psutil

TOLERANCE_S = 2.0
"""Seconds by which two readings of one start may differ: it is counted from a boot time that a corrected clock moves."""


@dataclass(frozen=True)
class ProcessOwner:
    """A process, told apart from a later one with the same number by its start (seconds since 1970) and from those of other
    machines, and of this one before it was started anew, by its host.
    """

    host: str
    pid: int
    started: float

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}:{self.started:.2f}"

    def same_process(self, other: "ProcessOwner") -> bool:
        """Whether both name one process."""
        return (self.host, self.pid) == (other.host, other.pid) and abs(self.started - other.started) <= TOLERANCE_S

    def is_dead(self) -> bool:
        """Whether the process is known to be gone. One of another host is not known to be."""
        if self.host != this_host():
            return False
        now = _started(self.pid)
        return now is None or abs(now - self.started) > TOLERANCE_S


def this_process() -> ProcessOwner:
    """The process that runs this."""
    return ProcessOwner(this_host(), os.getpid(), _started(os.getpid()) or 0.0)


def parse_owner(text: str) -> ProcessOwner | None:
    """The owner that ``str`` made a text of; ``None`` if it is no such text."""
    host, _, rest = text.partition(":")
    pid, _, started = rest.partition(":")
    try:
        return ProcessOwner(host, int(pid), float(started))
    except ValueError:
        return None


@functools.cache
def this_host() -> str:
    """Name of this machine, with the boot that it is in where the system tells."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    name = socket.gethostname().replace(":", "-")
    return f"{name}-{boot.read_text().strip()[:8]}" if boot.exists() else name


def _started(pid: int) -> float | None:
    """When a process started; ``None`` if there is none, or only what is left of one."""
    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return None
        return float(process.create_time())
    except psutil.NoSuchProcess:
        return None
