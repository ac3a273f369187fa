"""Boxes in namespaces of their own, made by bubblewrap: no network, no host files but programs, everything writable in memory."""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from trajschema.rollout import Limits
from trajschema.task import Environment

from agentsandbox import owned_folders
from agentsandbox.backends import host_mounts
from agentsandbox.backends.process import start
from agentsandbox.egress import SEEN, EgressProxy
from agentsandbox.environments import PythonEnvironment, ensure_environment, refuse_image
from agentsandbox.errors import BackendUnavailable
from agentsandbox.sandbox import Backend, Sandbox
from agentsandbox.settings import BASE, HOME, PATH, SCRATCH_MB, TMP, VENV, fitted, server_settings, variables

_ID = "1000"
_TRIAL_LIMIT_S = 10
_ROOT_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime")
_READ_ONLY_IN_PROC = ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi")
_HIDDEN_IN_PROC = ("kcore", "keys", "key-users", "kmsg", "kallsyms", "timer_list", "sched_debug", "latency_stats")
_UCOUNTS = (5, 14)  # first kernel that counts processes for each user namespace
_REMEDY = "install bubblewrap and allow user namespaces (kernel.unprivileged_userns_clone, AppArmor), or choose another backend"


class BubblewrapBackend(Backend):
    """Sandboxes of one machine; needs no daemon and no root."""

    name = "bubblewrap"

    def __init__(self, environments: Path, label: str = "trajhub") -> None:
        self._environments = environments
        self._egress_prefix = f"{label}-egress-"

    def check(self, trusted: bool = True) -> None:
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
        """See :meth:`agentsandbox.sandbox.Backend.prepare`: the Python environment."""
        ensure_environment(self._environments, progress)

    def open(self, limits: Limits, environment: Environment, trusted: bool = False) -> Sandbox:
        refuse_image(environment, self.name)
        limits = fitted(limits, environment)
        if shutil.which("bwrap") is None:
            self.check()
        python = ensure_environment(self._environments)
        env = variables(environment, environment.workdir, HOME, TMP, f"{VENV}/bin:{PATH}")
        rlimits = {"RLIMIT_AS": limits.memory_mb << 20, "RLIMIT_FSIZE": limits.disk_mb << 20}
        if _counts_processes():
            rlimits["RLIMIT_NPROC"] = limits.pids
        proxy = _proxy(limits.reach, self._egress_prefix) if limits.reach and not limits.network else None
        loose = ("cpus", "memory_mb (for each process only)", "inodes", *(() if _counts_processes() else ("pids",)))
        provenance = self.provenance(limits, trusted, recipe_sha256=python.recipe_sha256, not_enforced=loose)
        server_env = {k: v for k, v in env.items() if k != "PYTHONPATH"}
        argv = [*_argv(limits, environment.workdir, python, server_env, proxy), f"{VENV}/bin/python3", "-s", "-c"]
        ways = proxy.ways if proxy else ()
        settings = server_settings(limits, env, workdir=environment.workdir, scratch=("/dev/shm",), rlimits=rlimits, ways=ways)
        host_env = {"PATH": os.environ.get("PATH", PATH)}
        return start(argv, host_env, settings, provenance, proxy.close if proxy else lambda: None)

    def reap(self) -> int:
        """See :meth:`agentsandbox.sandbox.Backend.reap`. A box dies with its owner, and its files are in memory; its proxy may stay."""
        return owned_folders.reap_folders(self._egress_prefix)


def _proxy(addresses: Sequence[str], prefix: str) -> EgressProxy:
    proxy = EgressProxy(addresses, prefix)
    try:
        proxy.needs_free_ports("bubblewrap")
    except BaseException:
        proxy.close()
        raise
    return proxy


def _argv(limits: Limits, workdir: str, python: PythonEnvironment, env: dict[str, str], proxy: EgressProxy | None) -> list[str]:
    argv = ["bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--as-pid-1"]
    argv += ["--cap-drop", "ALL", "--clearenv", "--uid", _ID, "--gid", _ID, "--hostname", "box"]
    if limits.network:
        argv += ["--share-net", "--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf", "--ro-bind-try", "/etc/ssl", "/etc/ssl"]
    for name, value in env.items():
        argv += ["--setenv", name, value]
    argv += host_mounts.arguments(Path(sys.base_prefix).resolve())
    for folder in _ROOT_FOLDERS:
        path = Path("/", folder)
        if path.is_symlink():
            argv += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            argv += ["--ro-bind", str(path), str(path)]
    for name in _ETC:
        argv += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    argv += ["--ro-bind", str(python.folder), VENV, "--proc", "/proc", "--dev", "/dev"]
    for name in _READ_ONLY_IN_PROC:  # a box made by root belongs to root, who may write these without any capability
        argv += ["--ro-bind-try", f"/proc/{name}", f"/proc/{name}"]
    for name in _HIDDEN_IN_PROC:
        if Path("/proc", name).exists():
            argv += ["--ro-bind", "/dev/null", f"/proc/{name}"]
    for name in ("passwd", "group"):
        argv += ["--ro-bind", str(python.folder / "etc" / name), f"/etc/{name}"]
    if proxy:
        argv += ["--ro-bind", str(proxy.folder), SEEN, "--ro-bind", str(proxy.hosts), "/etc/hosts"]
    for folder, size_mb in (
        (workdir, limits.disk_mb),
        (BASE, limits.disk_mb),
        (TMP, SCRATCH_MB),
        (HOME, SCRATCH_MB),
        ("/dev/shm", SCRATCH_MB),
    ):
        argv += ["--size", str(size_mb << 20), "--tmpfs", folder]
    return [*argv, "--remount-ro", "/dev", "--remount-ro", "/"]


def _counts_processes() -> bool:
    """Whether RLIMIT_NPROC holds for one box: not for root, and not where it counts everything that the user runs."""
    found = re.match(r"(\d+)\.(\d+)", platform.release())
    return os.geteuid() != 0 and found is not None and (int(found[1]), int(found[2])) >= _UCOUNTS
