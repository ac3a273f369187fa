"""The sandbox that the settings ask for."""

import functools
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from agentrollout.embedded import EMBEDDED
from agentsandbox.backends import choose
from agentsandbox.sandbox import Backend
from pydantic import Field
from trajschema.rollout import Limits

from resources.section import SectionResource
from resources.settings import Sandbox, Settings

_OPENING = threading.Lock()


def _say(line: str) -> None:
    print(f"sandbox: {line}", file=sys.stderr, flush=True)


class SandboxResource(SectionResource, Sandbox):
    """Opens the backend on first use and hands the same one to every task."""

    section = "sandbox"
    reach: list[str] = Field([], description="Addresses (host:port) that agents reach from their boxes; none by default.")  # type: ignore[assignment]
    environments: str = Field(description="Folder of the environments that boxes without a container image run in.")

    @classmethod
    def of(cls, settings: Settings) -> "SandboxResource":
        """The sandbox of a project."""
        return cls(**settings.sandbox.model_dump(mode="json"), environments=str(settings.data_dir / "environments"))

    @property
    def opened(self) -> Backend:
        """The backend that answers, with its image or environment ready; which one it is, is printed.

        Raises:
            BackendUnavailable: the one asked for does not work here; says what is missing and the remedy.
        """
        with _OPENING:
            return _open(self.backend, self.image, self.environments, self.allow_local, self.images_gb)

    def check(self, agents: Iterable[str]) -> None:
        """Raise unless boxes can be made here for agents of these names.

        Raises:
            BackendUnavailable: see :attr:`opened`.
            Untrusted: one of them is not embedded, and the backend does not isolate.
        """
        self.opened.check(trusted=EMBEDDED.keys() >= set(agents))

    @property
    def agent_limits(self) -> Limits:
        """Limits of an agent's box, the only kind that may reach outside addresses."""
        return self.limits.model_copy(update={"reach": tuple(self.reach)})

    @property
    def limits(self) -> Limits:
        """Limits of one box."""
        return Limits(
            cpus=self.cpus,
            memory_mb=self.memory_mb,
            pids=self.pids,
            disk_mb=self.disk_mb,
            inodes=self.inodes,
            network=False,
            call_timeout_s=self.call_timeout_s,
            output_bytes=self.output_bytes,
        )


@functools.cache
def _open(backend: str, image: str | None, environments: str, allow_local: bool, images_gb: float) -> Backend:
    """One backend for each configuration in this process, because Dagster creates the resource again for each run."""
    opened = choose(backend, image=image, environments=Path(environments), allow_local=allow_local, progress=_say, images_gb=images_gb)
    who = "every agent may run here" if allow_local else "only embedded agents may run here"
    _say(f"{opened.name} (no isolation: {who})" if opened.name == "local" else opened.name)
    return opened
