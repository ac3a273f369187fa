"""Settings of every box, whatever its backend."""

import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from trajschema.rollout import Limits
from trajschema.task import Environment

HOME = "/home/agent"
TMP = "/tmp"
BASE = "/var/base"
VENV = "/opt/box"
"""Where an agent sees the Python environment, in boxes without an image."""
SCRATCH_MB = 64
"""Size of each writable folder besides the workdir, MiB."""
PATH = "/usr/local/bin:/usr/bin:/bin"


def fitted(limits: Limits, environment: Environment) -> Limits:
    """Limits of a box: each is the larger of that in ``limits`` and that in ``environment.needs``."""
    needs = {name: value for name, value in environment.needs if value > getattr(limits, name)}
    return limits.model_copy(update=needs)


def variables(environment: Environment, workdir: str, home: str, tmp: str, path: str) -> dict[str, str]:
    """Environment variables of everything that an agent starts. Nothing comes from the host."""
    fixed = {
        "PATH": path,
        "HOME": home,
        "TMPDIR": tmp,
        "USER": "agent",
        "LOGNAME": "agent",
        "SHELL": "/bin/bash",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "dumb",
        "NO_COLOR": "1",
        "COLUMNS": "80",
        "LINES": "24",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_ADDOPTS": "-p no:cacheprovider",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_PAGER": "cat",
        "GIT_TERMINAL_PROMPT": "0",
        "PAGER": "cat",
        "PIP_NO_INPUT": "1",
    }
    if environment.python_path:
        fixed["PYTHONPATH"] = ":".join(posixpath.normpath(posixpath.join(workdir, p)) for p in environment.python_path)
    return fixed


def server_settings(
    limits: Limits,
    env: Mapping[str, str],
    *,
    workdir: str,
    home: str = HOME,
    tmp: str = TMP,
    base: str = BASE,
    rlimits: Mapping[str, int] | None = None,
    seen: Sequence[tuple[str, str]] = (),
    scratch: Sequence[str] = (),
    older: str = "",
    doomed: str = "",
    confined: bool = False,
    ways: Sequence[Sequence[str | int]] = (),
    user: int = 0,
) -> dict[str, Any]:
    """Settings of the server (see :mod:`agentsandbox.server.settings`)."""
    return {
        "workdir": workdir,
        "base": base,
        "home": home,
        "tmp": tmp,
        "env": dict(env),
        "output_bytes": limits.output_bytes,
        "rlimits": {"RLIMIT_CORE": 0, "RLIMIT_MSGQUEUE": 0, **(rlimits or {})},
        "seen": [list(pair) for pair in seen],
        "scratch": list(scratch),
        "older": older,
        "doomed": doomed,
        "confined": confined,
        "network": limits.network,
        "snapshot_bytes": limits.memory_mb << 19,
        "tree_bytes": limits.disk_mb << 20,
        "ways": [list(way) for way in ways],
        "user": user,
    }
