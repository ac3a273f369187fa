"""Whom the processes of a bubblewrap box belong to, and what bubblewrap must be told of it."""

import contextlib
import os
import platform
import re
from pathlib import Path

from agentsandbox import user_ids
from agentsandbox.environments import PythonEnvironment

_SHARED = ("--unshare-all", "--unshare-user", "--disable-userns", "--uid", str(user_ids.AGENT), "--gid", str(user_ids.AGENT))
_AS_ROOT = ("--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try")
_TO_BECOME_ANOTHER = tuple(word for name in ("CHOWN", "SETGID", "SETUID", "SETPCAP") for word in ("--cap-add", f"CAP_{name}"))
_UCOUNTS = (5, 14)  # first kernel that counts processes for each user namespace


class BoxOwner:
    """A user of the host that no other box has, or whoever runs this where that cannot be.

    Root (that of the host, or of a namespace with subordinate ids) sets the box up; then its first process becomes that user.
    """

    def __init__(self) -> None:
        """Draw an id.

        Raises:
            SandboxError: none is free.
        """
        ids = user_ids.OF_ROOT if user_ids.is_full_root() else user_ids.subordinate()
        self._id = user_ids.draw(ids) if ids else None
        self.number = self._id.number if self._id else 0
        """User and group that the box must become (see :mod:`agentsandbox.server.isolation.identity`); 0 for none."""

    @property
    def before(self) -> list[str]:
        """Words before the command line of bubblewrap."""
        return user_ids.as_root_of_namespace(self._id.number, self._id.group) if self._id and not user_ids.is_full_root() else []

    def namespaces(self, network: bool) -> tuple[str, ...]:
        """Options of bubblewrap; with ``network`` the box has the host's."""
        if self._id is None:
            return (*_SHARED, "--share-net") if network else _SHARED
        return _AS_ROOT if network else (*_AS_ROOT, "--unshare-net")

    @property
    def capabilities(self) -> tuple[str, ...]:
        """Options of bubblewrap: what the first process needs to become the user, and then has no more."""
        return _TO_BECOME_ANOTHER if self._id else ()

    @property
    def rlimits(self) -> dict[str, int]:
        """Limits that hold a box to its share of what the kernel counts for others as well."""
        return {} if user_ids.is_full_root() else {"RLIMIT_SIGPENDING": user_ids.SIGNALS_SHARE}

    @property
    def counts_processes(self) -> bool:
        """Whether RLIMIT_NPROC holds for one box: not for root, and not where it counts everything that the user runs."""
        found = re.match(r"(\d+)\.(\d+)", platform.release())
        return self._id is not None or (os.geteuid() != 0 and found is not None and (int(found[1]), int(found[2])) >= _UCOUNTS)

    @property
    def not_enforced(self) -> tuple[str, ...]:
        """What cannot be held for this owner."""
        return (*(() if self.counts_processes else ("pids",)), *(() if self._id else (user_ids.SHARED,)))

    def named(self, python: PythonEnvironment, prefix: str) -> contextlib.AbstractContextManager[Path]:
        """The folder with what the box has as /etc/passwd and /etc/group."""
        folder = python.folder / "etc"
        if self._id is None:
            return contextlib.nullcontext(folder)
        return user_ids.named(prefix, self.number, (folder / "passwd").read_text(), (folder / "group").read_text())

    def close(self) -> None:
        """Let go of the id. Idempotent."""
        if self._id:
            self._id.close()
