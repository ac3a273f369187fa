"""Boxes in namespaces of their own, made by bubblewrap: no network, no host files but programs, everything writable in memory."""

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

from trajschema.rollout import Limits, Provenance
from trajschema.task import Environment

from agentsandbox import payload
from agentsandbox.box import Box
from agentsandbox.environments import PythonEnvironment, ensure_environment
from agentsandbox.errors import BackendUnavailable
from agentsandbox.processbox import start
from agentsandbox.settings import BASE, HOME, PATH, SCRATCH_MB, TMP, VENV, server_settings, variables

_ID = "1000"
_TRIAL_LIMIT_S = 10
_ROOT_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime")
_UCOUNTS = (5, 14)  # first kernel that counts processes for each user namespace
_REMEDY = "install bubblewrap and allow user namespaces (kernel.unprivileged_userns_clone, AppArmor), or choose another backend"


class BubblewrapBackend:
    """Sandboxes of one machine; needs no daemon and no root."""

    name = "bubblewrap"

    def __init__(self, environments: Path) -> None:
        self._environments = environments

    def check(self) -> None:
        """See :meth:`agentsandbox.box.Backend.check`."""
        missing = [p for p in ("bwrap", "bash", "git") if shutil.which(p) is None]
        if missing:
            raise BackendUnavailable(f"bubblewrap boxes need {', '.join(missing)}", _REMEDY)
        trial = ["bwrap", "--unshare-all", "--uid", _ID, "--gid", _ID, "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"]
        try:
            done = subprocess.run(trial, capture_output=True, text=True, timeout=_TRIAL_LIMIT_S)
        except (OSError, subprocess.TimeoutExpired) as e:
            raise BackendUnavailable(f"bubblewrap does not run ({e})", _REMEDY) from e
        if done.returncode:
            raise BackendUnavailable(f"bubblewrap does not work here ({done.stderr.strip()})", _REMEDY)

    def prepare(self, progress: Callable[[str], None]) -> None:
        """See :meth:`agentsandbox.box.Backend.prepare`: the Python environment."""
        ensure_environment(self._environments, progress)

    def open(self, limits: Limits, environment: Environment) -> Box:
        """See :meth:`agentsandbox.box.Backend.open`."""
        if shutil.which("bwrap") is None:
            self.check()
        python = ensure_environment(self._environments)
        env = variables(environment, environment.workdir, HOME, TMP, f"{VENV}/bin:{PATH}")
        rlimits = {"RLIMIT_AS": limits.memory_mb << 20, "RLIMIT_FSIZE": limits.disk_mb << 20}
        if _counts_processes():
            rlimits["RLIMIT_NPROC"] = limits.pids
        settings = server_settings(limits, env, workdir=environment.workdir, scratch=("/dev/shm",), rlimits=rlimits)
        provenance = Provenance(
            backend=self.name,
            recipe_sha256=python.recipe_sha256,
            limits=limits,
            not_enforced=("cpus", "memory_mb (for each process only)", *(() if _counts_processes() else ("pids",))),
            sandbox_version=payload.version(),
        )
        server_env = {k: v for k, v in env.items() if k != "PYTHONPATH"}
        argv = [*_argv(limits, environment.workdir, python, server_env), f"{VENV}/bin/python3", "-s", "-c"]
        return start(argv, {"PATH": os.environ.get("PATH", PATH)}, settings, environment, provenance)

    def reap(self) -> int:
        """Nothing to do: such a box is a process that dies with its owner, and its files are in memory."""
        return 0


def _argv(limits: Limits, workdir: str, python: PythonEnvironment, env: dict[str, str]) -> list[str]:
    argv = ["bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--as-pid-1"]
    argv += ["--cap-drop", "ALL", "--clearenv", "--uid", _ID, "--gid", _ID, "--hostname", "box"]
    if limits.network:
        argv += ["--share-net", "--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf", "--ro-bind-try", "/etc/ssl", "/etc/ssl"]
    for name, value in env.items():
        argv += ["--setenv", name, value]
    argv += ["--ro-bind", "/usr", "/usr"]
    for folder in _ROOT_FOLDERS:
        path = Path("/", folder)
        if path.is_symlink():
            argv += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            argv += ["--ro-bind", str(path), str(path)]
    for name in _ETC:
        argv += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    prefix = Path(sys.base_prefix).resolve()
    if not prefix.is_relative_to("/usr"):
        argv += ["--ro-bind", str(prefix), str(prefix)]
    for folder in _host_packages():
        argv += ["--tmpfs", folder, "--remount-ro", folder]
    argv += ["--ro-bind", str(python.folder), VENV, "--proc", "/proc", "--dev", "/dev"]
    for name in ("passwd", "group"):
        argv += ["--ro-bind", str(python.folder / "etc" / name), f"/etc/{name}"]
    for folder, size_mb in (
        (workdir, limits.disk_mb),
        (BASE, limits.disk_mb),
        (TMP, SCRATCH_MB),
        (HOME, SCRATCH_MB),
        ("/dev/shm", SCRATCH_MB),
    ):
        argv += ["--size", str(size_mb << 20), "--tmpfs", folder]
    return [*argv, "--remount-ro", "/dev", "--remount-ro", "/"]


def _host_packages() -> list[str]:
    """Folders with the host's own Python packages, which a box must not see."""
    paths = [sysconfig.get_path(kind, vars={"base": sys.base_prefix, "platbase": sys.base_prefix}) for kind in ("purelib", "platlib")]
    found = {str(Path(p).resolve()) for p in paths}
    for root in ("/usr/lib", "/usr/local/lib"):
        found |= {str(p) for pattern in ("python3*/dist-packages", "python3*/site-packages") for p in Path(root).glob(pattern)}
    return sorted(p for p in found if Path(p).is_dir())


def _counts_processes() -> bool:
    """Whether RLIMIT_NPROC holds for one box: not for root, and not where it counts everything that the user runs."""
    found = re.match(r"(\d+)\.(\d+)", platform.release())
    return os.geteuid() != 0 and found is not None and (int(found[1]), int(found[2])) >= _UCOUNTS
