"""What a box and a backend do. Every backend gives boxes that behave alike."""

import contextlib
import dataclasses
import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from trajschema.rollout import Limits, Provenance
from trajschema.task import Environment
from trajschema.trajectory import Observation

from agentsandbox import bootstrap
from agentsandbox.errors import BoxLost, CopyRefused, HistoryLeak, PatchRejected, SandboxError, TreeTooLarge
from agentsandbox.messages import Command, CommandResult, Layout, Probe, Snapshot
from agentsandbox.server.mapping import PathMap
from agentsandbox.stream import Stream
from agentsandbox.tools import problem_of

INTERRUPT_S = 0.2
"""Seconds between repeated interrupts of one call: the first may arrive before the command has started."""
GRACE_S = 10.0
"""Seconds that a server may be late beyond the limit of a call before its box counts as lost."""
SETUP_S = 60.0
"""Seconds for starting, loading, taking a diff, applying and restoring."""
COPY_BYTES = 64 << 20
"""Most bytes of one copy into or out of a box."""


class Sandbox:
    """A place where an agent acts. One call at a time; calls from several threads queue up.

    Every method raises :class:`~agentsandbox.errors.BoxLost` when the box died or stopped answering. The server in the box is reached
    over ``stream``, whatever the backend; ``destroy`` removes the box, also one that hangs.
    """

    def __init__(self, stream: Stream, settings: Mapping[str, Any], provenance: Provenance, destroy: Callable[[], None]) -> None:
        self.provenance = provenance
        """Backend, image and limits of this box."""
        self._stream = stream
        self.layout = Layout(settings["workdir"], settings["base"], PathMap([(seen, real) for seen, real in settings["seen"]]))
        """Where things lie in this box."""
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
        """Answer of one tool call (see :mod:`agentsandbox.tools`). ``timeout_s`` defaults to the limit of the box.

        What the agent did wrong (unknown tool, bad arguments, missing file, time-out) is in ``Observation.error``.
        """
        problem = problem_of(tool, arguments)
        if problem:
            return Observation(content=problem, error=problem, seconds=0.0)
        limit = timeout_s or self.provenance.limits.call_timeout_s
        given = {name: value for name, value in arguments.items() if value is not None}
        return Observation(**self._ask("tool", limit, tool=tool, arguments=given, timeout_s=limit)[0])

    def interrupt(self) -> None:
        """End the tool call that another thread waits for: what it started is killed, and its answer carries an error.

        Returns when the call is answered; at once if none runs. A call that starts no process goes on to its end.
        """
        call = self._count
        while self._count == call and not self._answered.is_set():
            with self._sending, contextlib.suppress(BoxLost):  # whoever waits for the answer learns that the box is lost
                if self._count == call:
                    self._stream.send(b"\n", time.monotonic() + GRACE_S)
            self._answered.wait(INTERRUPT_S)

    def load(self, tree: bytes, patches: Sequence[str] = ()) -> None:
        """Make the workdir the tar archive ``tree`` with ``patches`` applied; all earlier state of the box goes.

        Git is initialised to one commit with a fixed author and date, no remotes, no other refs, no reflog.

        Raises:
            PatchRejected: a patch does not apply.
            ValueError: ``tree`` is no tar archive, or names paths outside of itself.
            TreeTooLarge: the tree and its git objects take more than half of the memory limit.
            HistoryLeak: the new repository holds more than its one commit.
        """
        self._ask("load", SETUP_S, tree, patches=list(patches))

    def snapshot(self) -> Snapshot:
        """Keep the workdir as it is now, in memory that no process of the agent reaches; ``.git`` included.

        Contents, modes, times, links, hard links and extended attributes are kept; special files are not. Processes of
        the agent are paused meanwhile.

        Raises:
            TreeTooLarge: the different contents of the base and all snapshots take more than half of the memory limit.
        """
        result, _ = self._ask("snapshot", SETUP_S)
        return Snapshot(str(result["id"]), str(result["tree_hash"]))

    def reset(self, snapshot: Snapshot | None = None) -> str:
        """Put the box back exactly: the workdir to ``snapshot``, by default to what it was after :meth:`load`.

        Every process of the agent is killed; home, temporary folders and shared memory are emptied. Contents
        are compared, because modification times can miss changes. Inode numbers and access times are not put back.

        Returns:
            The tree hash (see :mod:`agentsandbox.server.tree`).

        Raises:
            ValueError: the snapshot is of another box, or was taken before the last load.
        """
        return str(self._ask("reset", SETUP_S, snapshot=snapshot.id if snapshot else None)[0]["tree_hash"])

    def tree_hash(self) -> str:
        """Hash of the workdir as it is now, ``.git`` included (see :mod:`agentsandbox.server.tree`), read anew.

        Raises:
            TreeTooLarge: the files exceed ``disk_mb`` (sparse files count at full size), or a path is over 4,000 bytes.
        """
        return str(self._ask("tree_hash", SETUP_S)[0]["tree_hash"])

    def copy_in(self, path: str, data: bytes, *, archive: bool = False) -> None:
        """Write ``data`` as the file ``path``, relative to the workdir; with ``archive`` unpack it as a tar into that folder.

        Of an archive, permissions and times are taken over, owners are not.

        Raises:
            CopyRefused: over 64 MiB; a path or link leads out of the workdir, or through a link; a special file.
        """
        self._ask("copy_in", SETUP_S, data, path=path, archive=archive, limit=COPY_BYTES)

    def copy_out(self, path: str, *, limit: int = COPY_BYTES) -> bytes:
        """Content of the file ``path``, relative to the workdir; for a folder a tar archive of it.

        Links in a folder are copied as links, special files are left out. To unpack it use ``filter="data"``.

        Raises:
            CopyRefused: over ``limit`` bytes, or all that a box can hold; the path leads out of the workdir or through a link, or is
                missing or a special file.
        """
        return self._ask("copy_out", SETUP_S, path=path, limit=limit)[1]

    def diff(self) -> str:
        """Unified diff of the workdir against the base commit: new, deleted and binary files and modes included.

        Files in order of path. Byte code, caches, paths over 4,000 bytes and files over 64 MiB are left out. Applying it to the
        base gives the rest of the workdir back; of modes only the executable bit is kept, as in git.
        """
        return str(self._ask("diff", SETUP_S)[0]["diff"])

    def apply(self, patch: str) -> None:
        """Apply a unified diff to the workdir, all of it or nothing.

        Raises:
            PatchRejected: it does not apply.
        """
        self._ask("apply", SETUP_S, patch=patch)

    def restore(self, patterns: Sequence[str]) -> list[str]:
        """Put paths that match a pattern back to the base commit; remove those that were added.

        Patterns are those of :mod:`agentsandbox.server.globs`. Changes the mode of
        unreadable or read-only folders where needed. Returns the paths that differed, sorted.
        """
        return [str(p) for p in self._ask("restore", SETUP_S, patterns=list(patterns))[0]["paths"]]

    def run(self, command: Command) -> CommandResult:
        """Run a command and wait for it. Whatever it started is dead afterwards.

        Raises:
            SandboxError: there is no such program.
        """
        return CommandResult.of(self._ask("run", command.timeout_s, **dataclasses.asdict(command))[0])

    def install(self, probe: Probe) -> None:
        """Send a probe into the box and start it. A second time does nothing. A later :meth:`load` does not remove it."""
        if probe.package not in self._installed:
            self._ask("install", SETUP_S, package=probe.package, sources=bootstrap.sources_of(probe.package))
            self._installed.add(probe.package)

    def ask(self, probe: Probe, method: str, params: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        """Answer of a probe's handler. ``timeout_s`` bounds the call and is passed to the handler as a parameter.

        A probe that is not installed yet is installed first.

        Raises:
            SandboxError: the box lacks what it needs, or its handler failed.
        """
        self.install(probe)
        return self._ask("ask", timeout_s, package=probe.package, question=method, params={**params, "timeout_s": timeout_s})[0]

    def close(self) -> None:
        """Remove the box with every process in it. Idempotent."""
        if not self._closed:
            self._closed = True
            self._destroy()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
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


class Backend(ABC):
    """Makes boxes. Safe to use from several threads."""

    name: str
    """docker, bubblewrap or local."""

    @abstractmethod
    def check(self, trusted: bool = True) -> None:
        """Raise unless this backend can run trusted code (see :meth:`open`) or, with ``trusted`` false, any code.

        Raises:
            Untrusted: it can run trusted code only.
            BackendUnavailable: what is missing, and what to do about it.
        """

    @abstractmethod
    def prepare(self, progress: Callable[[str], None]) -> None:
        """Build or fetch what boxes are made of, if it is not there yet; ``progress`` is told what takes long.

        Raises:
            BackendUnavailable: it cannot be had here, and what to do about it.
        """

    @abstractmethod
    def open(self, limits: Limits, environment: Environment, trusted: bool = False) -> Sandbox:
        """A new, empty box. Each limit is the larger of that in ``limits`` and that in ``environment.needs``.

        ``trusted`` says that all that will run in it is known to be harmless: embedded agents, and tests of libraries that
        were chosen by hand. It is recorded in the provenance; a backend that does not isolate refuses untrusted code.

        Raises:
            Untrusted: the backend does not isolate, and ``trusted`` is false.
            BackendUnavailable: the backend cannot be used on this machine.
            SandboxError: the box could not be made.
        """

    def shared_uid(self) -> bool:
        """Whether boxes made here share a user of the host, and so what the kernel counts for each user.

        Raises:
            BackendUnavailable: the backend cannot be used on this machine.
        """
        return True

    def provenance(self, limits: Limits, trusted: bool, **more: Any) -> Provenance:
        """What a record says of a box of this backend; ``more`` are fields of it."""
        return Provenance(backend=self.name, limits=limits, trusted=trusted, sandbox_version=bootstrap.version(), **more)

    @abstractmethod
    def reap(self) -> int:
        """Remove all our boxes whose owner process is dead. Returns how many there were."""


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
