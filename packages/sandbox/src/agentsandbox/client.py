"""A box behind a stream: the one implementation of :class:`agentsandbox.sandbox.Sandbox`, whatever the backend."""

import contextlib
import dataclasses
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from trajschema.rollout import Provenance
from trajschema.trajectory import Observation

from agentsandbox import bootstrap
from agentsandbox.errors import BoxLost, CopyRefused, HistoryLeak, PatchRejected, SandboxError, TreeTooLarge
from agentsandbox.sandbox import Command, CommandResult, Layout, Probe, Snapshot
from agentsandbox.server.mapping import PathMap
from agentsandbox.stream import Stream
from agentsandbox.tools import problem_of

INTERRUPT_S = 0.2
"""Seconds between interruptions of one call: the first may come before there is anything to interrupt."""
GRACE_S = 10.0
"""Seconds that a server may be late beyond the limit of a call before its box counts as lost."""
SETUP_S = 60.0
"""Seconds for starting, loading, taking a diff, applying and restoring."""
COPY_BYTES = 64 << 20
"""Most bytes of one copy into or out of a box."""


class SandboxClient:
    """A box whose server is reached over ``stream``. ``destroy`` removes the box, also one that hangs."""

    def __init__(self, stream: Stream, settings: Mapping[str, Any], provenance: Provenance, destroy: Callable[[], None]) -> None:
        self.provenance = provenance
        self._stream = stream
        self.layout = Layout(settings["workdir"], settings["base"], PathMap([(seen, real) for seen, real in settings["seen"]]))
        self._installed: set[str] = set()
        self._destroy = destroy
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._answered = threading.Event()
        self._answered.set()
        self._closed = False
        self._lost: BoxLost | None = None
        self._count = 0
        try:
            deadline = time.monotonic() + SETUP_S
            stream.send(bootstrap.first_line(settings), deadline)
            if "ready" not in stream.receive(deadline)[0]:
                raise BoxLost("the server in the box did not start", "check that the image has Python 3.9 or later")
        except BaseException:
            self.close()
            raise

    def call(self, tool: str, arguments: Mapping[str, Any], timeout_s: float | None = None) -> Observation:
        """See :meth:`agentsandbox.sandbox.Sandbox.call`."""
        problem = problem_of(tool, arguments)
        if problem:
            return Observation(content=problem, error=problem, seconds=0.0)
        limit = timeout_s or self.provenance.limits.call_timeout_s
        given = {name: value for name, value in arguments.items() if value is not None}
        return Observation(**self._ask("tool", limit, tool=tool, arguments=given, timeout_s=limit)[0])

    def interrupt(self) -> None:
        """See :meth:`agentsandbox.sandbox.Sandbox.interrupt`."""
        call = self._count
        while self._count == call and not self._answered.is_set():
            with self._sending, contextlib.suppress(BoxLost):  # whoever waits for the answer learns that the box is lost
                if self._count == call:
                    self._stream.send(b"\n", time.monotonic() + GRACE_S)
            self._answered.wait(INTERRUPT_S)

    def load(self, tree: bytes, patches: Sequence[str] = ()) -> None:
        """See :meth:`agentsandbox.sandbox.Sandbox.load`."""
        self._ask("load", SETUP_S, tree, patches=list(patches))

    def snapshot(self) -> Snapshot:
        """See :meth:`agentsandbox.sandbox.Sandbox.snapshot`."""
        result, _ = self._ask("snapshot", SETUP_S)
        return Snapshot(str(result["id"]), str(result["tree_hash"]))

    def reset(self, snapshot: Snapshot | None = None) -> str:
        """See :meth:`agentsandbox.sandbox.Sandbox.reset`."""
        return str(self._ask("reset", SETUP_S, snapshot=snapshot.id if snapshot else None)[0]["tree_hash"])

    def tree_hash(self) -> str:
        """See :meth:`agentsandbox.sandbox.Sandbox.tree_hash`."""
        return str(self._ask("tree_hash", SETUP_S)[0]["tree_hash"])

    def copy_in(self, path: str, data: bytes, *, archive: bool = False) -> None:
        """See :meth:`agentsandbox.sandbox.Sandbox.copy_in`."""
        self._ask("copy_in", SETUP_S, data, path=path, archive=archive, limit=COPY_BYTES)

    def copy_out(self, path: str) -> bytes:
        """See :meth:`agentsandbox.sandbox.Sandbox.copy_out`."""
        return self._ask("copy_out", SETUP_S, path=path, limit=COPY_BYTES)[1]

    def diff(self) -> str:
        """See :meth:`agentsandbox.sandbox.Sandbox.diff`."""
        return str(self._ask("diff", SETUP_S)[0]["diff"])

    def apply(self, patch: str) -> None:
        """See :meth:`agentsandbox.sandbox.Sandbox.apply`."""
        self._ask("apply", SETUP_S, patch=patch)

    def restore(self, patterns: Sequence[str]) -> list[str]:
        """See :meth:`agentsandbox.sandbox.Sandbox.restore`."""
        return [str(p) for p in self._ask("restore", SETUP_S, patterns=list(patterns))[0]["paths"]]

    def run(self, command: Command) -> CommandResult:
        """See :meth:`agentsandbox.sandbox.Sandbox.run`."""
        return CommandResult.of(self._ask("run", command.timeout_s, **dataclasses.asdict(command))[0])

    def install(self, probe: Probe) -> None:
        """See :meth:`agentsandbox.sandbox.Sandbox.install`."""
        if probe.package not in self._installed:
            self._ask("install", SETUP_S, package=probe.package, sources=bootstrap.sources_of(probe.package))
            self._installed.add(probe.package)

    def ask(self, probe: Probe, method: str, params: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        """See :meth:`agentsandbox.sandbox.Sandbox.ask`."""
        self.install(probe)
        return self._ask("ask", timeout_s, package=probe.package, question=method, params={**params, "timeout_s": timeout_s})[0]

    def close(self) -> None:
        """See :meth:`agentsandbox.sandbox.Sandbox.close`."""
        if not self._closed:
            self._closed = True
            self._destroy()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _ask(self, method: str, limit_s: float, body: bytes = b"", **params: Any) -> tuple[dict[str, Any], bytes]:
        with self._lock:
            if self._lost:
                raise self._lost
            if self._closed:
                raise BoxLost("the box is closed", "open a new box and load the tree again")
            self._count += 1
            request = {"id": self._count, "method": method, "params": params, "body": len(body)}
            reply, back = self._exchange(request, body, time.monotonic() + limit_s + GRACE_S)
        if "error" in reply:
            raise _error_of(reply, method)
        result: dict[str, Any] = reply["result"]
        return result, back

    def _exchange(self, request: Mapping[str, Any], body: bytes, deadline: float) -> tuple[dict[str, Any], bytes]:
        try:
            with self._sending:
                self._stream.send(json.dumps(request).encode() + b"\n", deadline)
                self._stream.send(body, deadline)
                self._answered.clear()
            reply, back = self._stream.receive(deadline)
            if reply.get("id") != request["id"]:
                raise BoxLost("the box answers out of turn", "open a new box and load the tree again")
            return reply, back
        except BoxLost as e:
            self._lost = e
            with contextlib.suppress(SandboxError):  # it cannot be removed now: reap will
                self.close()
            raise
        finally:
            self._answered.set()


def _error_of(reply: Mapping[str, Any], method: str) -> Exception:
    kind, message = reply["error"], str(reply["message"])
    if kind == "Rejected":
        return PatchRejected(message)
    if kind == "BadTree":
        return ValueError(message)
    if kind == "Refused":
        return CopyRefused(message)
    if kind == "Oversize":
        return TreeTooLarge(message, "give the box more memory_mb and disk_mb, or make the tree smaller")
    if kind == "Leak":
        return HistoryLeak(message, "report this: no archive should bring it about")
    if kind == "Unable":
        return SandboxError(message, "use an image or environment that has it")
    return SandboxError(f"{method} failed in the box: {message}", "see the message; the box may lack space or a program")
