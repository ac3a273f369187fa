"""What a box and a backend do. Every backend gives boxes that behave alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from trajschema.rollout import Limits, Provenance
from trajschema.task import Environment
from trajschema.trajectory import Observation

from agentsandbox.server.mapping import PathMap


@dataclass(frozen=True)
class Snapshot:
    """The state of a workdir at one moment, kept in its box until the next load."""

    id: str
    tree_hash: str
    """See :mod:`agentsandbox.server.tree`."""


@dataclass(frozen=True)
class Layout:
    """Where things lie in a box, as its processes see it. Paths are absolute."""

    workdir: str
    """The repository."""
    base: str
    """A folder for code of ours, outside of the workdir: never named to an agent."""
    paths: PathMap
    """Between paths as a task names them and as they are here; the two differ where plain processes serve as boxes."""


@dataclass(frozen=True)
class Command:
    """A program to start in the workdir, with files that only this run knows."""

    argv: tuple[str, ...]
    timeout_s: float
    folder: str
    """A path below :attr:`Layout.base` that does not exist yet: made for the command, removed after it."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Name → text; written into ``folder`` first."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables beside those of the box."""
    report: Literal["stdout", "file"] = "stdout"
    """What :attr:`CommandResult.report` is: what the program prints on its standard output, or what it writes to a file of
    ``folder`` that exists before it starts. A program that opens the file should unlink it at once, so that no other one finds it."""
    report_name: str = "report"
    """Name of that file. A name that cannot be guessed keeps the code under test from opening it first."""


@dataclass(frozen=True)
class CommandResult:
    """A command that ended."""

    report: bytes
    """As it was written, whoever wrote it; at most 64 MiB."""
    cut: bool
    """It was longer than that."""
    exit_code: int
    """128 + n for signal n, 124 for a command that was out of time."""
    timed_out: bool
    seconds: float
    output: str
    """All else that was printed, head and tail."""
    begun: bool = True
    """Somebody opened the file for the report; true where there is none."""

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """From its form in a message."""
        return cls(**{**raw, "report": raw["report"].encode("utf-8", "surrogateescape")})


@dataclass(frozen=True)
class Probe:
    """Code of ours that answers questions from inside of a box: one Python package, sent there as source.

    It runs in the process of the in-box server, out of the reach of whatever the box is for, and under every Python from 3.9 on.
    Its modules import each other, the standard library, :mod:`agentsandbox.server`, and nothing else before a request asks for it.
    Its module ``main`` has a function ``start(host)`` that takes a :class:`agentsandbox.server.host.Host` and returns the
    handlers: name of a method → function from the parameters of a request to its answer. Both are JSON objects.
    """

    package: str
    """Dotted name."""


class Sandbox(Protocol):
    """A place where an agent acts. One call at a time; calls from several threads queue up.

    Every method raises :class:`~agentsandbox.errors.BoxLost` when the box died or stopped answering.
    """

    @property
    def provenance(self) -> Provenance:
        """Backend, image and limits of this box."""
        ...

    def call(self, tool: str, arguments: Mapping[str, Any], timeout_s: float | None = None) -> Observation:
        """Answer of one tool call (see :mod:`agentsandbox.tools`). ``timeout_s`` defaults to the limit of the box.

        What the agent did wrong (unknown tool, bad arguments, missing file, time-out) is in ``Observation.error``.
        """
        ...

    def interrupt(self) -> None:
        """End the tool call that another thread waits for: what it started is killed, and its answer carries an error.

        Returns when the call is answered; at once if none runs. A call that starts no process goes on to its end.
        """
        ...

    def load(self, tree: bytes, patches: Sequence[str] = ()) -> None:
        """Make the workdir the tar archive ``tree`` with ``patches`` applied; all earlier state of the box goes.

        Git is initialised to one commit with a fixed author and date, no remotes, no other refs, no reflog.

        Raises:
            PatchRejected: a patch does not apply.
            ValueError: ``tree`` is no tar archive, or names paths outside of itself.
            TreeTooLarge: half of the box's memory does not hold the contents of the tree and its repository.
            HistoryLeak: what lies in the workdir is not one commit and nothing else.
        """
        ...

    def snapshot(self) -> Snapshot:
        """Keep the workdir as it is now, in memory that no process of the agent reaches; ``.git`` included.

        Contents, modes, times, links, hard links and extended attributes are kept; special files are not. Processes of
        the agent stand still meanwhile, and go on.

        Raises:
            TreeTooLarge: the base and all snapshots have more different contents than half of the box's memory.
        """
        ...

    def reset(self, snapshot: Snapshot | None = None) -> str:
        """Put the box back exactly: the workdir to ``snapshot``, by default to what it was after :meth:`load`.

        Every process of the agent is killed; home, temporary folders and shared memory are emptied. Every byte is
        compared, as times do not tell of each change. Inode numbers and times of access are not put back.

        Returns:
            The tree hash (see :mod:`agentsandbox.server.tree`).

        Raises:
            ValueError: the snapshot is of another box, or was taken before the last load.
        """
        ...

    def tree_hash(self) -> str:
        """Hash of the workdir as it is now, ``.git`` included (see :mod:`agentsandbox.server.tree`), read anew.

        ``agentsandbox.server.tree.hash_tar(box.copy_out("."))`` gives the same on the host, where there are no special files.

        Raises:
            TreeTooLarge: the files have more bytes than ``disk_mb`` allows (holes count), or a path has over 4,000.
        """
        ...

    def copy_in(self, path: str, data: bytes, *, archive: bool = False) -> None:
        """Write ``data`` as the file ``path``, relative to the workdir; with ``archive`` unpack it as a tar into that folder.

        Of an archive, permissions and times are taken over, owners are not.

        Raises:
            CopyRefused: over 64 MiB; a path or link leads out of the workdir, or through a link; a special file.
        """
        ...

    def copy_out(self, path: str) -> bytes:
        """Content of the file ``path``, relative to the workdir; for a folder a tar archive of it.

        Links in a folder are copied as links, special files are left out. To unpack it use ``filter="data"``.

        Raises:
            CopyRefused: over 64 MiB; the path leads out of the workdir or through a link, or is missing or a special file.
        """
        ...

    def diff(self) -> str:
        """Unified diff of the workdir against the base commit: new, deleted and binary files and modes included.

        Files in order of path. Byte code and caches are left out, and what lies deeper than a path of 4,000 bytes can say.
        Applying it to the base gives the workdir back, with the one bit of a mode that git keeps.
        """
        ...

    def apply(self, patch: str) -> None:
        """Apply a unified diff to the workdir, all of it or nothing.

        Raises:
            PatchRejected: it does not apply.
        """
        ...

    def restore(self, patterns: Sequence[str]) -> list[str]:
        """Put paths that match a pattern back to the base commit; remove those that were added.

        Patterns are those of :mod:`agentsandbox.server.globs`. Folders that forbid looking or writing are opened. Returns the
        paths that differed, sorted.
        """
        ...

    @property
    def layout(self) -> Layout:
        """Where things lie in this box."""
        ...

    def run(self, command: Command) -> CommandResult:
        """Run a command and wait for it. Whatever it started is dead afterwards.

        Raises:
            SandboxError: there is no such program.
        """
        ...

    def install(self, probe: Probe) -> None:
        """Send a probe into the box and start it. A second time does nothing. To :meth:`load` a tree leaves it there."""
        ...

    def ask(self, probe: Probe, method: str, params: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        """Answer of a probe's handler, which may take ``timeout_s`` and finds it among its parameters.

        A probe that is not installed yet is installed first.

        Raises:
            SandboxError: the box lacks what it needs, or its handler failed.
        """
        ...

    def close(self) -> None:
        """Remove the box with every process in it. Idempotent."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class Backend(Protocol):
    """Makes boxes. Safe to use from several threads."""

    @property
    def name(self) -> str:
        """docker, bubblewrap or local."""
        ...

    def check(self, trusted: bool = True) -> None:
        """Return if boxes can be made here, for what is ``trusted`` (see :meth:`open`) or for anything.

        Raises:
            Untrusted: not for what is not trusted.
            BackendUnavailable: what is missing, and what to do about it.
        """
        ...

    def prepare(self, progress: Callable[[str], None]) -> None:
        """Build or fetch what boxes are made of, if it is not there yet; ``progress`` is told what takes long.

        Raises:
            BackendUnavailable: it cannot be had here, and what to do about it.
        """
        ...

    def open(self, limits: Limits, environment: Environment, trusted: bool = False) -> Sandbox:
        """A new, empty box with ``limits``, or with what the environment needs where that is more.

        ``trusted`` says that all that will run in it is known to be harmless: embedded agents, and tests of libraries that
        were chosen by hand. It stands in the provenance. A backend that does not isolate refuses the rest.

        Raises:
            Untrusted: the backend does not isolate, and was not told that this does not matter.
            BackendUnavailable: the backend cannot be used on this machine.
            SandboxError: the box could not be made.
        """
        ...

    def reap(self) -> int:
        """Remove every box of ours whose owner process is dead. Returns how many there were."""
        ...
