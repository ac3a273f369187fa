"""The sandbox that the settings ask for."""

import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from agentrollout.embedded import EMBEDDED
from agentsandbox.backends import choose
from agentsandbox.sandbox import Backend
from trajschema.rollout import Limits

from resources.settings import Settings


def _say(line: str) -> None:
    print(f"sandbox: {line}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class SandboxResource:
    """Opens the backend on first use and hands the same one to every task."""

    settings: Settings
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False)
    _opened: list[Backend] = field(default_factory=list, compare=False)

    @property
    def backend(self) -> Backend:
        """The backend that answers, with its image or environment ready; which one it is, is said aloud.

        Raises:
            BackendUnavailable: the one asked for does not work here; says what is missing and the remedy.
        """
        with self._lock:
            if not self._opened:
                asked = self.settings.sandbox
                environments = self.settings.data_dir / "environments"
                backend = choose(
                    asked.backend,
                    image=asked.image,
                    environments=environments,
                    allow_local=asked.allow_local,
                    progress=_say,
                    images_gb=asked.images_gb,
                )
                who = "every agent may run here" if asked.allow_local else "only embedded agents may run here"
                weak = f" (no isolation: {who})" if backend.name == "local" else ""
                _say(f"{backend.name}{weak}")
                self._opened.append(backend)
            return self._opened[0]

    def check(self, agents: Iterable[str]) -> None:
        """Return if boxes can be made here, for agents of these names.

        Raises:
            BackendUnavailable: see :attr:`backend`.
            Untrusted: one of them is not embedded, and the backend does not isolate.
        """
        self.backend.check(trusted=EMBEDDED.keys() >= set(agents))

    @property
    def agent_limits(self) -> Limits:
        """What the box of an agent may use; it alone reaches addresses outside."""
        return self.limits.model_copy(update={"reach": self.settings.sandbox.reach})

    @property
    def limits(self) -> Limits:
        """What one box may use."""
        asked = self.settings.sandbox
        return Limits(
            cpus=asked.cpus,
            memory_mb=asked.memory_mb,
            pids=asked.pids,
            disk_mb=asked.disk_mb,
            inodes=asked.inodes,
            network=False,
            call_timeout_s=asked.call_timeout_s,
            output_bytes=asked.output_bytes,
        )
