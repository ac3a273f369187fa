"""One run of the tests with faults put in, compared with what the unchanged library's tests say."""

from collections.abc import Sequence
from dataclasses import dataclass

from agentgrader.run import run_tests
from agentsandbox.sandbox import Sandbox
from trajschema.task import Environment

from agenttasks.validation.gold import Gold
from agenttasks.validation.verdict import Why


@dataclass(frozen=True)
class Trial:
    """Tests that pass without the faults and not with them."""

    failing: frozenset[str]
    lost: Why | None = None
    """The run proves nothing: it ran too long, or did not see the tests that the unchanged library has."""
    detail: str = ""


@dataclass
class TestBench:
    """A box that holds the unchanged library, and takes one patch after the other."""

    box: Sandbox
    environment: Environment
    gold: Gold

    def trial(self, patch: str, tests: Sequence[str] = ()) -> Trial:
        """Put the patch in, run ``tests`` (or the whole suite), take it out again.

        Raises:
            agentsandbox.errors.PatchRejected: the patch does not apply to the unchanged library.
        """
        self.box.apply(patch)
        try:
            return run(self.box, self.environment, self.gold, tests)
        finally:
            self.box.restore(["**"])


def run(box: Sandbox, environment: Environment, gold: Gold, tests: Sequence[str] = ()) -> Trial:
    """Run the tests on the box as it is."""
    expected = set(tests or gold.seen)
    limit = deadline(gold, len(expected))
    report = run_tests(box, environment, ids=tests, timeout_s=limit)
    if report.timed_out:
        return Trial(frozenset(), "timed_out", f"{len(expected)} tests took more than {limit:.0f} s")
    if not report.complete or set(report.statuses) != expected:
        missing = len(expected - set(report.statuses))
        return Trial(frozenset(), "tests_lost", f"{missing} of {len(expected)} tests were not seen, exit status {report.exit_code}")
    return Trial(frozenset(test for test in gold.passed if test in expected and report.statuses[test] != "passed"))


def deadline(gold: Gold, tests: int) -> float:
    """Seconds after which a run of that many tests counts as hanging: ten times its share of the unchanged library's run."""
    return max(5.0, 10.0 * gold.seconds * tests / len(gold.seen))
