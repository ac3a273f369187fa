"""The sandbox that the settings ask for."""

import functools
import threading
from dataclasses import dataclass

from agentsandbox.backends import choose
from agentsandbox.box import Backend
from trajschema.rollout import Limits

from resources.settings import Settings


@dataclass(frozen=True)
class SandboxResource:
    """Opens the backend on first use and hands the same one to every task."""

    settings: Settings

    @functools.cached_property
    def _lock(self) -> threading.Lock:
        return threading.Lock()

    @functools.cached_property
    def backend(self) -> Backend:
        """The backend that answers.

        Raises:
            BackendUnavailable: the one asked for does not work here; says what is missing and the remedy.
        """
        asked = self.settings.sandbox
        return choose(asked.backend, image=asked.image, environments=self.settings.data_dir / "environments")

    @property
    def limits(self) -> Limits:
        """What one box may use."""
        asked = self.settings.sandbox
        return Limits(
            cpus=asked.cpus,
            memory_mb=asked.memory_mb,
            pids=asked.pids,
            disk_mb=asked.disk_mb,
            network=False,
            call_timeout_s=asked.call_timeout_s,
            output_bytes=asked.output_bytes,
        )
