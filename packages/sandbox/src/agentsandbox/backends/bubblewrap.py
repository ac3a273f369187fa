"""Boxes in namespaces of their own, made by bubblewrap: no network, no host files but programs, everything writable in memory."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from trajschema.rollout import Limits
from trajschema.task import Environment

from agentsandbox import owned_folders, user_ids
from agentsandbox.backends import host_mounts
from agentsandbox.backends.box_owner import BoxOwner
from agentsandbox.backends.process import start
from agentsandbox.egress import SEEN, EgressProxy
from agentsandbox.environments import PythonEnvironment, ensure_environment, refuse_image
from agentsandbox.errors import BackendUnavailable
from agentsandbox.sandbox import Backend, Sandbox
from agentsandbox.settings import BASE, HOME, PATH, SCRATCH_MB, TMP, VENV, fitted, server_settings, variables

_TRIAL = ("--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true")
_TRIAL_LIMIT_S = 10
_ROOT_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime")
_READ_ONLY_IN_PROC = ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi")
_HIDDEN_IN_PROC = ("kcore", "keys", "key-users", "kmsg", "kallsyms", "timer_list", "sched_debug", "latency_stats")
_REMEDY = "install bubblewrap and allow user namespaces (kernel.unprivileged_userns_clone, AppArmor), or choose another backend"


class BubblewrapBackend(Backend):
    """Sandboxes of one machine; needs no daemon and no root."""

    name = "bubblewrap"

    def __init__(self, environments: Path, label: str = "trajhub") -> None:
        self._environments = environments
        self._egress_prefix = f"{label}-egress-"
        self._names_prefix = f"{label}-names-"

    def check(self, trusted: bool = True) -> None:
        missing = [p for p in ("bwrap", "bash", "git") if shutil.which(p) is None]
        if missing:
            raise BackendUnavailable(f"bubblewrap boxes need {', '.join(missing)}", _REMEDY)
        with contextlib.closing(BoxOwner()) as owner:
            trial = [*owner.before, "bwrap", *owner.namespaces(network=False), *_TRIAL]
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
        proxy = _proxy(limits.reach, self._egress_prefix) if limits.reach and not limits.network else None
        owner = BoxOwner()
        after = partial(_close, owner, proxy)
        try:
            with owner.named(python, self._names_prefix) as names:
                return self._start(limits, environment, trusted, python, owner, names, proxy, after)
        except BaseException:
            after()
            raise

    def _start(
        self,
        limits: Limits,
        environment: Environment,
        trusted: bool,
        python: PythonEnvironment,
        owner: BoxOwner,
        names: Path,
        proxy: EgressProxy | None,
        after: Callable[[], None],
    ) -> Sandbox:
        env = variables(environment, environment.workdir, HOME, TMP, f"{VENV}/bin:{PATH}")
        rlimits = {"RLIMIT_AS": limits.memory_mb << 20, "RLIMIT_FSIZE": limits.disk_mb << 20, **owner.rlimits}
        if owner.counts_processes:
            rlimits["RLIMIT_NPROC"] = limits.pids
        loose = ("cpus", "memory_mb (for each process only)", "inodes", *owner.not_enforced)
        provenance = self.provenance(limits, trusted, recipe_sha256=python.recipe_sha256, not_enforced=loose)
        server_env = {k: v for k, v in env.items() if k != "PYTHONPATH"}
        argv = _argv(limits, environment.workdir, python, server_env, owner, names, proxy)
        settings = server_settings(
            limits,
            env,
            workdir=environment.workdir,
            scratch=("/dev/shm",),
            rlimits=rlimits,
            ways=proxy.ways if proxy else (),
            user=owner.number,
        )
        return start(argv, {"PATH": os.environ.get("PATH", PATH)}, settings, provenance, after)

    def shared_uid(self) -> bool:
        """See :meth:`agentsandbox.sandbox.Backend.shared_uid`."""
        return not (user_ids.is_full_root() or user_ids.subordinate())

    def reap(self) -> int:
        """See :meth:`agentsandbox.sandbox.Backend.reap`. A box dies with its owner, and its files are in memory; its proxy may stay."""
        return owned_folders.reap_folders(self._egress_prefix)


def _close(owner: BoxOwner, proxy: EgressProxy | None) -> None:
    owner.close()
    if proxy:
        proxy.close()


def _proxy(addresses: Sequence[str], prefix: str) -> EgressProxy:
    proxy = EgressProxy(addresses, prefix)
    try:
        proxy.needs_free_ports("bubblewrap")
    except BaseException:
        proxy.close()
        raise
    return proxy


def _argv(
    limits: Limits, workdir: str, python: PythonEnvironment, env: dict[str, str], owner: BoxOwner, names: Path, proxy: EgressProxy | None
) -> list[str]:
    argv = [*owner.before, "bwrap", *owner.namespaces(limits.network), "--die-with-parent", "--new-session", "--as-pid-1"]
    argv += ["--cap-drop", "ALL", *owner.capabilities, "--clearenv", "--hostname", "box"]
    for folder in ("/etc", "/opt", "/run", "/var", "/home"):  # made for a mount alone, they would be closed to all but root
        argv += ["--dir", folder]
    if limits.network:
        argv += ["--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf", "--ro-bind-try", "/etc/ssl", "/etc/ssl"]
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
        argv += ["--ro-bind", str(names / name), f"/etc/{name}"]
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
    return [*argv, "--remount-ro", "/dev", "--remount-ro", "/", f"{VENV}/bin/python3", "-s", "-c"]
