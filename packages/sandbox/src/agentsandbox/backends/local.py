"""Boxes as plain processes in a temporary folder: for trusted agents only, where nothing better is installed."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from trajschema.rollout import Limits
from trajschema.task import Environment

from agentsandbox import owned_folders, user_ids
from agentsandbox.backends.process import start
from agentsandbox.environments import ensure_environment, refuse_image
from agentsandbox.errors import BackendUnavailable, SandboxError, Untrusted
from agentsandbox.sandbox import Backend, Sandbox
from agentsandbox.server.isolation import landlock
from agentsandbox.settings import HOME, TMP, VENV, fitted, server_settings, variables


class LocalBackend(Backend):
    """Temporary folders. Needs Linux, bash and git. Without ``allow_untrusted`` for embedded agents only."""

    name = "local"

    def __init__(self, environments: Path, label: str = "trajhub", allow_untrusted: bool = False) -> None:
        self._environments = environments
        self._allow_untrusted = allow_untrusted
        self._prefix = f"{label}-box-"

    def check(self, trusted: bool = True) -> None:
        if not (trusted or self._allow_untrusted):
            raise Untrusted(self.name)
        missing = [p for p in ("bash", "git") if shutil.which(p) is None]
        if missing or not sys.platform.startswith("linux"):
            raise BackendUnavailable(
                f"the local backend needs Linux with {', '.join(missing or ['bash', 'git'])}", "install what is missing"
            )

    def prepare(self, progress: Callable[[str], None]) -> None:
        """See :meth:`agentsandbox.sandbox.Backend.prepare`: the Python environment."""
        ensure_environment(self._environments, progress)

    def open(self, limits: Limits, environment: Environment, trusted: bool = False) -> Sandbox:
        self.check(trusted)
        if limits.reach and not limits.network:
            raise SandboxError("plain processes reach every address or none", "use docker or bubblewrap, or set no addresses to reach")
        refuse_image(environment, self.name)
        limits = fitted(limits, environment)
        python = ensure_environment(self._environments)
        root = owned_folders.owned_folder(self._prefix)
        workdir, home, tmp, base = (str(root / n) for n in ("testbed", "home", "tmp", "base"))
        for folder in (workdir, home, tmp, base):
            Path(folder).mkdir()
        env = variables(environment, workdir, home, tmp, f"{python.folder}/bin:/usr/local/bin:/usr/bin:/bin")
        settings = server_settings(
            limits,
            env,
            workdir=workdir,
            home=home,
            tmp=tmp,
            base=base,
            rlimits={"RLIMIT_AS": limits.memory_mb << 20, "RLIMIT_FSIZE": limits.disk_mb << 20},
            seen=[(environment.workdir, workdir), (HOME, home), (TMP, tmp), (VENV, str(python.folder))],
            doomed=str(root),
            confined=True,
        )
        loose = not_enforced(landlock.available(landlock.abi()))
        provenance = self.provenance(limits, trusted, recipe_sha256=python.recipe_sha256, not_enforced=loose)
        server_env = {k: v for k, v in env.items() if k != "PYTHONPATH"}
        return start([str(python.python), "-s", "-c"], server_env, settings, provenance, lambda: owned_folders.remove_folder(root))

    def reap(self) -> int:
        return owned_folders.reap_folders(self._prefix)


def not_enforced(forbidden: set[str]) -> tuple[str, ...]:
    """What a plain process can do against its limits, where the kernel forbids what is in ``forbidden``."""
    return (
        "network (Unix sockets of the host)",
        "reading host files" if landlock.FILES in forbidden else "reading and writing host files",
        "modes and times of the user's files on the host",
        user_ids.SHARED,
        *(() if landlock.SIGNALS in forbidden else ("signals to other processes of the user",)),
        "cpus",
        "pids",
        "memory_mb (for each process only)",
        "disk_mb (for each file only)",
        "inodes",
        "absolute paths inside of files (the workdir is mapped in tool arguments and outputs only)",
    )
