"""What the code of a probe may use: the box as the server sees it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from agentsandbox.server.git.repository import Repository
from agentsandbox.server.mapping import OutwardStream
from agentsandbox.server.process import supervisor
from agentsandbox.server.process.command import REPORT_BYTES, result
from agentsandbox.server.process.truncation import HeadTail
from agentsandbox.server.settings import Settings, Unable

__all__ = ["Host", "Unable"]


class Host:
    """The box, for a probe. ``settings`` says where things lie and what the environment of a process of the agent is."""

    def __init__(self, settings: Settings, repository: Repository, client: int) -> None:
        self.settings = settings
        self._repository = repository
        self._client = client

    def tracked(self) -> list[str]:
        """Paths of the tree that was loaded, relative to the workdir; none before."""
        return self._repository.tracked()

    def in_background(self, work: Callable[[], None]) -> threading.Thread:
        """Start ``work`` in a thread, for what the first request would wait for. No fork is made until it is through."""
        return supervisor.in_background(work)

    def fork(self, work: Callable[[int], int], timeout_s: float) -> dict[str, Any]:
        """Run ``work(report_fd)`` in a fork of the server, in the workdir with the agent's environment; leave nothing of it behind.

        The answer has the fields of :class:`agentsandbox.messages.CommandResult`: ``report`` is what it wrote to the descriptor, the
        exit code what it returned.
        """
        out = HeadTail(self.settings.output_bytes)
        gathered = bytearray()

        def gather(data: bytes) -> None:
            if len(gathered) <= REPORT_BYTES:
                gathered.extend(data)

        stream = OutwardStream(self.settings.paths, out.feed)
        child = supervisor.fork(work, dict(self.settings.env), self.settings.workdir)
        ended = supervisor.supervise(child, timeout_s, stream.feed, gather, self._client, sweep=True)
        stream.finish()
        return result(ended, bytes(gathered), out)
