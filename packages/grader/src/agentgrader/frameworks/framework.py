"""What a test framework has to offer so that its runs can be graded."""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agentsandbox.messages import Command, CommandResult, Probe
from agentsandbox.sandbox import Sandbox

from agentgrader.copies.copy import Copy, Part
from agentgrader.report import TestReport

PROBE = Probe("agentgrader.probes")
"""The grader's code inside a box."""


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


class TestBox:
    """A box, seen by a framework for one run. Names and token are random and new in every run."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    def __init__(self, box: Sandbox) -> None:
        self._box = box
        self.workdir = box.layout.workdir
        """Absolute path of the repository, as processes in the box see it."""
        self.cache = f"{box.layout.base}/cache"
        """Absolute path of a folder that lasts as long as the tree that is loaded."""
        self.folder = f"{box.layout.base}/{secrets.token_hex(8)}"
        """Absolute path of the run's own folder, which is made for a command and removed after it."""
        self.report = f"{self.folder}/{secrets.token_hex(8)}"
        """Absolute path of the file that a report is written to. Whoever opens it unlinks it at once."""
        self.token = secrets.token_hex(16)
        """Secret that a valid report carries; the code under test is never told it."""

    def command(
        self,
        argv: Sequence[str],
        timeout_s: float,
        report: Literal["stdout", "file"],
        env: Mapping[str, str] | None = None,
        files: Mapping[str, str] | None = None,
    ) -> CommandResult:
        """Start a program with ``files`` (name → text) in :attr:`folder` and wait for it.

        Its report is what it prints on its standard output, or what one of the files makes it write into :attr:`report`.

        Raises:
            SandboxError: there is no such program.
        """
        name = self.report.rpartition("/")[2]
        return self._box.run(Command(tuple(argv), timeout_s, self.folder, files or {}, env or {}, report, name))

    def fork(self, timeout_s: float, **request: Any) -> CommandResult:
        """Run tests in a fork of a process that has the framework imported (see :mod:`agentgrader.probes.fork_server`)."""
        return CommandResult.of(self._box.ask(PROBE, "run_tests", {"token": self.token, "folder": self.folder, **request}, timeout_s))


class Framework(ABC):
    """A test framework: tells its commands from others, runs tests, and reads what they did."""

    name: str
    """As people call it."""
    protected: tuple[str, ...]
    """Patterns of the tests, of their configuration, and of what else decides what they say."""

    endings: tuple[str, ...] = (".py",)
    """Of the files whose code runs with its tests."""

    @abstractmethod
    def runs(self, command: Sequence[str]) -> bool:
        """Whether ``command`` is one of this framework's."""

    def holders(self, test: str) -> tuple[str, ...]:
        """Patterns of the files that may hold the test of that id: the file in front of the first ``::``, unless ids are made otherwise."""
        return (test.partition("::")[0],)

    def function(self, test: str) -> str:
        """Dotted name, in its file, of the function that is the test; empty where it is none, or none that is found by name."""
        return ""

    def copy_name(self, function: str, letters: str) -> str:
        """Name for a copy of ``function`` (dotted) that is found as a test like it; all else of it is ``letters``, twelve of a to z."""
        return f"test_{letters}"

    def renamed(self, test: str, function: str, name: str) -> str:
        """Id of the copy called ``name`` that stands in the place of ``function``, which ``test`` is or is a case of.

        Ids of its cases start with it.
        """
        return test

    def rewrite(self, source: bytes, path: str, wanted: Mapping[str, Copy]) -> tuple[str, list[str]]:
        """The file ``path`` with each test function in ``wanted`` (dotted name → copy) replaced by its copy; and the names of those made.

        A function that is not there, or of which no copy can be made, stays as it is. Nothing of the text of a replaced one is left.

        Raises:
            ValueError: ``source`` cannot be read.
        """
        return source.decode("utf-8", "replace"), []

    def parts(self, source: bytes, path: str, functions: Sequence[str]) -> tuple[str, dict[str, Part]]:
        """The file ``path`` with each of ``functions`` (dotted) that asserts several things replaced by versions that assert one each.

        Returns name → what it asserts, beside the text; none where nothing is split. Marks are those that a copy's ``telling`` takes.

        Raises:
            ValueError: ``source`` cannot be read.
        """
        return source.decode("utf-8", "replace"), {}

    @abstractmethod
    def run(self, box: TestBox, job: Job) -> TestReport:
        """Run tests with the canaries among them.

        Raises:
            SandboxError: the framework is missing in the box, or cannot do what is asked for.
        """
