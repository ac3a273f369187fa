"""Become an ordinary user for good, in a box that its backend starts as root."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

from agentsandbox.server.isolation import landlock


def become(user: int, folders: Iterable[str]) -> None:
    """Give ``folders`` to the user and the group ``user``, and be them from here on, without any capability.

    Raises:
        OSError: the kernel refuses.
    """
    for folder in folders:
        os.chown(folder, user, user)
    with contextlib.suppress(PermissionError):  # in a namespace of an ordinary user groups may not be given up: they grant nothing there
        os.setgroups([])
    landlock.drop_bounding_set()
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    landlock.drop_capabilities()
