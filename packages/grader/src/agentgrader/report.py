"""What a test run said, in a form that no text on stdout can forge."""

from dataclasses import dataclass, field

from trajschema.outcome import TestStatus


@dataclass(frozen=True)
class TestReport:
    """One run of a test suite.

    Statuses come over a channel of their own, never from printed text. Keys are pytest node ids relative to the workdir;
    a module that could not be collected is listed by its path with status ``error``.
    """

    __test__ = False  # not a test class, whatever pytest thinks of the name

    statuses: dict[str, TestStatus]
    """Test id → status, in the order the tests ran."""
    canaries: dict[str, TestStatus]
    """Canary name → status; ``missing`` for one that did not run."""
    exit_code: int
    """Exit status of the test process; 128 + n for signal n."""
    complete: bool
    """The session finished normally, reported every collected test, and its exit code agrees with the report."""
    timed_out: bool
    """The run was killed at its deadline."""
    output: str
    """Printed output, head and tail."""
    seconds: float
    """Wall seconds of the run."""
    lines: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    """Test id → file relative to the workdir → executed lines (1-based, sorted). Only with ``lines_of``."""
    notes: tuple[str, ...] = ()
    """What contradicts itself in the run: a test reported as passed though it raised, a process that ended early. None if complete."""
