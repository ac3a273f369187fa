"""Boxes as containers: no network, no capabilities, read-only root, everything writable in memory."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from trajruntime.process_owner import parse_owner, this_process
from trajschema.rollout import Limits
from trajschema.task import Environment

from agentsandbox import bootstrap, owned_folders, user_ids
from agentsandbox.backends import container_users
from agentsandbox.egress import SEEN, EgressProxy
from agentsandbox.errors import BackendUnavailable, SandboxError
from agentsandbox.images import Image, ensure_image
from agentsandbox.images.ledger import Ledger
from agentsandbox.sandbox import Backend, Sandbox
from agentsandbox.settings import BASE, HOME, PATH, SCRATCH_MB, TMP, fitted, server_settings, variables
from agentsandbox.stream import Stream

_LOG = logging.getLogger(__name__)
_ENGINE_TIMEOUT_S = 30
_PING_TIMEOUT_S = 3
_BEING_REMOVED = 409


class DockerBackend(Backend):
    """Containers of one image, or of the image that an environment names."""

    name = "docker"

    def __init__(self, environments: Path, image: str | None = None, label: str = "trajhub", budget_gb: float | None = None) -> None:
        self._environments = environments
        self._image = image
        self._budget_gb = budget_gb
        self._ledger = Ledger(environments)
        self._name = label
        self._label = f"{label}.owner"
        self._egress_prefix = f"{label}-egress-"
        self._names_prefix = f"{label}-names-"
        self._lock = threading.Lock()
        self._images: dict[str, Image] = {}
        self._client: Any = None
        self._shared: bool | None = None
        self._sees_files = True
        self._names: dict[str, container_users.Names] = {}

    def check(self, trusted: bool = True) -> None:
        try:
            client = docker.DockerClient.from_env(timeout=_PING_TIMEOUT_S)
            try:
                client.ping()
            finally:
                client.close()
        except (DockerException, OSError) as e:
            raise BackendUnavailable(f"no docker engine answers ({e})", "start docker, or choose another backend") from e

    def prepare(self, progress: Callable[[str], None]) -> None:
        """See :meth:`agentsandbox.sandbox.Backend.prepare`: the image."""
        with self._lock:
            self._images[self._image or ""] = self._ensure(self._image or "", progress)

    def open(self, limits: Limits, environment: Environment, trusted: bool = False) -> Sandbox:
        limits = fitted(limits, environment)
        api = self._api()
        reference = environment.image or self._image or ""
        image = self._image_for(reference)
        proxy = self._proxy(api, limits)
        try:
            try:
                return self._start(api, image, limits, environment, trusted, proxy)
            except ImageNotFound:  # removed to make room; have it made or pulled again
                with self._lock:
                    self._images.pop(reference, None)
                return self._start(api, self._image_for(reference), limits, environment, trusted, proxy)
        except BaseException as e:
            if proxy:
                proxy.close()
            if isinstance(e, DockerException | OSError):
                raise SandboxError(f"docker could not make a box from {image.name}: {e}", "check that the engine runs and has space") from e
            raise

    def reap(self) -> int:
        count = owned_folders.reap_folders(self._egress_prefix)
        api = self._api()
        try:
            for found in api.containers(all=True, filters={"label": self._label}):
                who = parse_owner(found["Labels"][self._label])
                if who and who.is_dead() and _removed(api, found["Id"]):
                    count += 1
        except (DockerException, OSError) as e:
            raise SandboxError(f"docker could not list or remove boxes: {e}", "check that the engine runs") from e
        return count

    def shared_uid(self) -> bool:
        """See :meth:`agentsandbox.sandbox.Backend.shared_uid`."""
        api = self._api()
        with self._lock:
            if self._shared is None:
                self._shared = container_users.maps_users(api)
            return self._shared

    def _api(self) -> Any:
        with self._lock:
            if self._client is None:
                self.check()
                self._client = docker.DockerClient.from_env(timeout=_ENGINE_TIMEOUT_S, max_pool_size=32)
            return self._client.api

    def _image_for(self, reference: str) -> Image:
        with self._lock:
            if reference not in self._images:
                self._images[reference] = self._ensure(reference, _LOG.info)
            image = self._images[reference]
        self._ledger.used(image.digest, image.name)
        return image

    def _ensure(self, reference: str, progress: Callable[[str], None]) -> Image:
        return ensure_image(reference or None, folder=self._environments, progress=progress, budget_gb=self._budget_gb, label=self._name)

    def _start(self, api: Any, image: Image, limits: Limits, environment: Environment, trusted: bool, proxy: EgressProxy | None) -> Sandbox:
        workdir = environment.workdir
        env = {**dict(image.variables), **variables(environment, workdir, HOME, TMP, image.path or PATH)}
        owner = user_ids.UserId(user_ids.AGENT, user_ids.AGENT, None) if self.shared_uid() else user_ids.draw()
        destroy: Callable[[], None] = owner.close
        try:
            with self._mounts(api, image, owner.number) as mounts:
                box_id = self._create(api, image, limits, workdir, env, proxy, owner.number, mounts)
                destroy = _remover(api, box_id, owner)
                socket = api.attach_socket(box_id, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
                api.start(box_id)
            fd = getattr(socket, "_sock", socket).fileno()
            settings = server_settings(
                limits,
                env,
                workdir=workdir,
                older=image.older,
                scratch=("/dev/shm", "/home"),
                rlimits={"RLIMIT_FSIZE": limits.disk_mb << 20},
                ways=proxy.ways if proxy else (),
            )
            loose = (user_ids.SHARED,) if owner.number == user_ids.AGENT else ()
            digests = {"recipe_sha256": image.recipe_sha256, "image_digest": image.digest}
            provenance = self.provenance(limits, trusted, not_enforced=loose, **digests)
            close = _then(_then(destroy, proxy.close if proxy else lambda: None), socket.close)
            return Sandbox(Stream(fd, fd, framed=True), settings, provenance, close)
        except BaseException:
            destroy()
            raise

    def _create(
        self,
        api: Any,
        image: Image,
        limits: Limits,
        workdir: str,
        env: dict[str, str],
        proxy: EgressProxy | None,
        user: int,
        mounts: Sequence[Any],
    ) -> str:
        what = dict(
            entrypoint=[image.python, "-s", "-c", bootstrap.BOOTSTRAP],
            command=[],
            stdin_open=True,
            user=f"{user}:{user}",
            hostname="box",
            working_dir="/",
            environment={k: v for k, v in env.items() if k != "PYTHONPATH"},
            labels={self._label: str(this_process())},
            network_disabled=not limits.network,
        )
        config = host_config(limits, workdir, proxy, user)
        try:
            made = api.create_container(image.digest, **what, host_config=api.create_host_config(**config, mounts=list(mounts)))
        except APIError as e:
            if not (mounts and container_users.sees_no_files(e)):
                raise
            self._sees_files = False
            made = api.create_container(image.digest, **what, host_config=api.create_host_config(**config))
        return str(made["Id"])

    @contextlib.contextmanager
    def _mounts(self, api: Any, image: Image, user: int) -> Iterator[list[Any]]:
        """What gives the user of a box its name there; nothing where that of the image fits, or the engine is elsewhere."""
        if user == user_ids.AGENT or not (self._sees_files and api.base_url.startswith("http+docker://")):
            yield []
            return
        with self._lock:
            if image.digest not in self._names:
                self._names[image.digest] = container_users.names_of(api, image.digest, {self._label: str(this_process())})
        with container_users.mounts(self._names[image.digest], user, self._names_prefix) as mounts:
            yield mounts

    def _proxy(self, api: Any, limits: Limits) -> EgressProxy | None:
        if limits.network or not limits.reach:
            return None
        if not api.base_url.startswith("http+docker://"):
            raise SandboxError("a box on another machine reaches no addresses", "use an engine on this machine, with a Unix socket")
        return EgressProxy(limits.reach, self._egress_prefix)


def host_config(limits: Limits, workdir: str, proxy: EgressProxy | None = None, user: int = user_ids.AGENT) -> dict[str, Any]:
    """What the engine is told about a box, as arguments of docker-py's ``create_host_config``."""

    def tmpfs(size_mb: int) -> str:
        return f"rw,exec,nosuid,nodev,size={size_mb}m,nr_inodes={limits.inodes},uid={user},gid={user},mode=755"

    memory = limits.memory_mb << 20
    return {
        "network_mode": "bridge" if limits.network else "none",
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "pids_limit": limits.pids,
        "mem_limit": memory,
        "memswap_limit": memory,
        "nano_cpus": int(limits.cpus * 1e9),
        "read_only": True,
        "tmpfs": {
            workdir: tmpfs(limits.disk_mb),
            BASE: tmpfs(limits.disk_mb),
            **{folder: tmpfs(SCRATCH_MB) for folder in (TMP, "/home", "/dev/shm")},
        },
        "binds": [f"{proxy.folder}:{SEEN}:ro", f"{proxy.hosts}:/etc/hosts:ro"] if proxy else [],
        "log_config": {"type": "none", "config": {}},
        "auto_remove": True,
    }


def _removed(api: Any, box_id: str) -> bool:
    """Remove a container; whether it was still there."""
    try:
        api.remove_container(box_id, force=True)
    except NotFound:
        return False
    except APIError as e:
        if e.status_code == _BEING_REMOVED:
            return False
        raise
    return True


def _remover(api: Any, box_id: str, owner: user_ids.UserId) -> Callable[[], None]:
    """Remove a container; only then may another box have its user."""

    def remove() -> None:
        try:
            _removed(api, box_id)
            owner.close()
        except (DockerException, OSError) as e:
            raise SandboxError(f"docker could not remove a box: {e}", "run reap once the engine is well") from e

    return remove


def _then(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    """Do both, the second even if the first fails."""

    def close() -> None:
        try:
            first()
        finally:
            with contextlib.suppress(OSError):
                second()

    return close
