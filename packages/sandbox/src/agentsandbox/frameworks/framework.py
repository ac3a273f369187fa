"""What a test framework has to offer so that its runs can be graded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from agentsandbox.report import TestReport


@dataclass(frozen=True)
class Job:
    """Tests to run once."""

    command: tuple[str, ...]
    """The environment's test command."""
    paths: tuple[str, ...]
    """Files or folders, relative to the workdir; none for all."""
    ids: tuple[str, ...]
    """Test ids; none for all."""
    canaries: Mapping[str, str]
    """Name of a planted test → ``passed`` or ``failed``."""
    lines_of: tuple[str, ...]
    """Folders or files whose executed lines are recorded for each test."""
    timeout_s: float
    plain: bool = False
    """Whether assertions may run as they are, where a framework would rewrite them: large modules start sooner."""


@dataclass(frozen=True)
class Command:
    """A program to start in the workdir, with files that only this run knows.

    ``files`` (name → text) are written into :attr:`Place.folder` first. The report is what the program prints on its standard
    output, or what one of the files makes it write into :attr:`Place.report`; all else that it prints is output.
    """

    argv: tuple[str, ...]
    timeout_s: float
    report: Literal["stdout", "file"]
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ended:
    """A run that ended."""

    report: bytes
    """As it was written, whoever wrote it."""
    cut: bool
    """It was longer than what is kept."""
    exit_code: int
    """128 + n for signal n."""
    timed_out: bool
    seconds: float
    output: str
    """Printed output, head and tail."""
    begun: bool = True
    """Somebody opened the file for the report; true where there is none."""


class Place(Protocol):
    """A box, seen by a framework. Names and token are random and new in every run."""

    @property
    def workdir(self) -> str:
        """Absolute path of the repository, as processes in the box see it."""
        ...

    @property
    def cache(self) -> str:
        """Absolute path of a folder that lasts as long as the tree that is loaded."""
        ...

    @property
    def folder(self) -> str:
        """Absolute path of the run's own folder, which is made for a command and removed after it."""
        ...

    @property
    def report(self) -> str:
        """Absolute path of the file that a report is written to. Whoever opens it unlinks it at once."""
        ...

    @property
    def token(self) -> str:
        """What a report bears, and nothing that the code under test is told."""
        ...

    def command(self, command: Command) -> Ended:
        """Start a program and wait for it. Raises ``SandboxError`` if there is no such program."""
        ...

    def fork(self, request: Mapping[str, Any]) -> Ended:
        """Run tests in a fork of the server (see :mod:`agentsandbox.server.testing`)."""
        ...


class Framework(Protocol):
    """A test framework: tells its commands from others, runs tests, and reads what they did."""

    @property
    def name(self) -> str:
        """As people call it."""
        ...

    @property
    def protected(self) -> tuple[str, ...]:
        """Patterns of the tests, of their configuration, and of what else decides what they say."""
        ...

    def runs(self, command: Sequence[str]) -> bool:
        """Whether ``command`` is one of this framework's."""
        ...

    def holders(self, test: str) -> tuple[str, ...]:
        """Patterns of the files that may hold the test of that id."""
        ...

    def function(self, test: str) -> str:
        """Dotted name, in its module, of the Python function that is the test; empty where it is none."""
        ...

    def run(self, place: Place, job: Job) -> TestReport:
        """Run tests with the canaries among them.

        Raises:
            SandboxError: the framework is missing in the box, or cannot do what is asked for.
        """
        ...
