"""What the host and a box hand each other: commands and what came of them, probes, snapshots, and where things lie."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

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
    """A folder for our own code, outside the workdir: never named to an agent."""
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
    """As it was written, by whatever process; at most 64 MiB."""
    cut: bool
    """It was longer than that."""
    exit_code: int
    """128 + n for signal n, 124 for a command that was out of time."""
    timed_out: bool
    seconds: float
    output: str
    """All else that was printed, head and tail."""
    begun: bool = True
    """Whether a process opened the report file; true where there is none."""

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """From its form in a message."""
        return cls(**{**raw, "report": raw["report"].encode("utf-8", "surrogateescape")})


@dataclass(frozen=True)
class Probe:
    """Trusted code that answers questions from inside a box: one Python package, sent there as source.

    It runs in the process of the tool server, out of reach of the code under test, under any Python from 3.9 on.
    Its modules import each other, the standard library, :mod:`agentsandbox.server`, and nothing else before a request asks for it.
    Its module ``main`` has a function ``start(host)`` that takes a :class:`agentsandbox.server.host.Host` and returns the
    handlers: name of a method → function from the parameters of a request to its answer. Both are JSON objects.
    """

    package: str
    """Dotted name."""
