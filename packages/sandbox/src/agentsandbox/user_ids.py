"""A user id for each box, so that no box takes from its neighbours or the host what the kernel counts for each user.

Such are inotify instances, queued signals, pages of pipes, keys, message queues, epoll watches. An id is held by an abstract Unix
socket of its name: the kernel gives a name once in a network namespace, and takes it back when the process that holds it dies.
"""

import contextlib
import errno
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agentsandbox.errors import SandboxError
from agentsandbox.owned_folders import scratch

SHARED = "shared uid"
"""What a provenance says in ``not_enforced`` where boxes have no user ids of their own."""
FIRST, COUNT = 1 << 20, 1 << 20
"""Ids that root gives to boxes: above those of people and services, and the largest that every kind of tar archive can hold."""
AGENT = 1000
"""Id of the agent in boxes that share one."""
INOTIFY_SHARE, SIGNALS_SHARE = 16, 1024
"""Inotify instances and queued signals of a box with a subordinate id: the kernel counts these for the namespace's maker, too."""
_TRIES = 1000
_NEEDED = (0, 6, 7, 8, 21)  # chown, setgid, setuid, setpcap, sys_admin
_TRIAL_LIMIT_S = 10


@dataclass(frozen=True)
class IdRange:
    """Ids that this process may give to boxes: ``count`` users from ``first``, and as many groups from ``first_group``."""

    first: int
    count: int
    first_group: int


OF_ROOT = IdRange(FIRST, COUNT, FIRST)


class UserId:
    """An id that is in use by one box of this machine until it is closed."""

    def __init__(self, number: int, group: int, held: socket.socket | None) -> None:
        self.number = number
        """User id on the host."""
        self.group = group
        """Group id on the host."""
        self._held = held

    def close(self) -> None:
        """Let another box have it. Idempotent."""
        if self._held:
            self._held.close()


def draw(ids: IdRange = OF_ROOT) -> UserId:
    """An id that no other box holds. Where the system has no abstract sockets, or the engine is on another machine, chance alone says so.

    Raises:
        SandboxError: all that were tried are held.
    """
    for _ in range(_TRIES):
        at = secrets.randbelow(ids.count)
        number, group = ids.first + at, ids.first_group + at
        if not sys.platform.startswith("linux"):
            return UserId(number, group, None)
        held = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            held.bind(f"\0agentsandbox-uid-{number}")
        except OSError as e:
            held.close()
            if e.errno != errno.EADDRINUSE:
                raise
            continue
        return UserId(number, group, held)
    raise SandboxError(f"no user id between {ids.first} and {ids.first + ids.count} is free", "close boxes, or give this user more ids")


@cache
def is_full_root() -> bool:
    """Whether this process is the host's root, with the power to be any user: no root of a user namespace."""
    try:
        mapped = Path("/proc/self/uid_map").read_text().split()
        status = Path("/proc/self/status").read_text()
    except OSError:
        return False
    held = int(next((line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), "0"), 16)
    return os.geteuid() == 0 and mapped == ["0", "0", "4294967295"] and all(held >> n & 1 for n in _NEEDED)


@cache
def subordinate() -> IdRange | None:
    """The ids that the system gives to this user for namespaces; ``None`` if there are none, or no way to use them."""
    if os.geteuid() == 0 or not all(map(shutil.which, ("newuidmap", "newgidmap", "unshare"))):
        return None
    users, groups = _given("/etc/subuid"), _given("/etc/subgid")
    if users is None or groups is None:
        return None
    found = IdRange(users[0], min(users[1], groups[1]), groups[0])
    trial = [*as_root_of_namespace(found.first, found.first_group), "true"]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return found if subprocess.run(trial, capture_output=True, timeout=_TRIAL_LIMIT_S).returncode == 0 else None
    return None


def as_root_of_namespace(user: int, group: int) -> list[str]:
    """Words before a command that run it as root of a new user namespace, in which the ids ``user`` and ``group`` have one number."""
    limited = f'echo {INOTIFY_SHARE} > /proc/sys/user/max_inotify_instances && exec "$@"'
    maps = (f"--map-users={user},{user},1", f"--map-groups={group},{user},1")
    return ["unshare", "--map-root-user", *maps, "--", "sh", "-c", limited, "sh"]


def _given(table: str) -> tuple[int, int] | None:
    """First and count of the ids that ``table`` gives to this user."""
    with contextlib.suppress(OSError, KeyError, ValueError):
        names = (str(os.geteuid()), pwd.getpwuid(os.geteuid()).pw_name)
        for line in Path(table).read_text().splitlines():
            who, first, count = line.split(":")
            if who in names and int(count) > 0:
                return int(first), int(count)
    return None


@contextlib.contextmanager
def named(prefix: str, number: int, passwd: str, group: str) -> Iterator[Path]:
    """A folder with the files ``passwd`` and ``group``, in which ``number`` is the agent, for as long as the block lasts.

    ``passwd`` and ``group`` are what they say otherwise; ``prefix`` begins the folder's name.
    """
    with scratch(prefix) as folder:
        for name, text, entry in (
            ("passwd", passwd, f"agent:x:{number}:{number}::/home/agent:/bin/bash\n"),
            ("group", group, f"agent:x:{number}:\n"),
        ):
            others = [line + "\n" for line in text.splitlines() if not line.startswith("agent:")]
            (folder / name).write_text("".join([*others, entry]))
            (folder / name).chmod(0o644)
        yield folder
