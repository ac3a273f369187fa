"""Does a report agree with itself, with what was started and with the exit status?"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from agentsandbox.messages import CommandResult
from trajschema.outcome import TestStatus

from agentgrader.report import TestReport

_WORST_FIRST: tuple[TestStatus, ...] = ("missing", "error", "failed", "skipped", "xfailed", "xpassed", "passed")


@dataclass
class Reading:
    """What was read of a report."""

    statuses: dict[str, TestStatus] = field(default_factory=dict)
    """Test id → status."""
    units: dict[str, TestStatus] = field(default_factory=dict)
    """What holds tests and failed or was skipped as a whole: a module, a package, a suite."""
    canaries: dict[str, TestStatus] = field(default_factory=dict)
    started: set[str] | None = None
    """Ids of the tests that were collected, canaries under ``canary::NAME``; nothing if the report does not say."""
    ended: bool = False
    """The report is whole."""
    codes: tuple[int, ...] = (0,)
    """Exit statuses that fit the report."""
    notes: list[str] = field(default_factory=list)
    lines: dict[str, dict[str, list[int]]] = field(default_factory=dict)

    def add(self, test: str, status: TestStatus) -> None:
        """A result. Of several for one id, the worst stands: tests may share a name, and none may hide another."""
        self.statuses[test] = worse(status, self.statuses.get(test, status))

    def note(self, text: str) -> None:
        """Something that contradicts itself; each once."""
        if text not in self.notes:
            self.notes.append(text)


def worse(one: TestStatus, other: TestStatus) -> TestStatus:
    """The one of two statuses that is further from passed."""
    return min(one, other, key=_WORST_FIRST.index)


def of_every_process(planted: Mapping[str, str], seen: Sequence[tuple[str, TestStatus]], processes: int) -> dict[str, TestStatus]:
    """Canary → status, where each of ``processes`` test processes runs all of them: the expected one only if all agree."""
    found: dict[str, TestStatus] = {}
    counts = Counter(name for name, _ in seen)
    for name, expected in planted.items():
        wrong = [status for canary, status in seen if canary == name and status != expected]
        right: Literal["passed", "failed"] = "passed" if expected == "passed" else "failed"
        found[name] = wrong[0] if wrong else right if processes and counts[name] == processes else "missing"
    return found


def judged(reading: Reading, ended: CommandResult, ids: Iterable[str] = ()) -> TestReport:
    """The report of a run; of the tests ``ids`` alone, if there are any."""
    notes = list(reading.notes)
    ran = {*reading.statuses, *(f"canary::{name}" for name, status in reading.canaries.items() if status != "missing")}
    whole = reading.ended and reading.started is not None and not ended.cut
    if ended.cut:
        notes.append("the report is longer than what is kept of one")
    if not whole and not ended.timed_out:
        notes.append(f"the test process ended with status {ended.exit_code} before the session was over")
    elif whole and ended.exit_code not in reading.codes:
        fits = " or ".join(map(str, reading.codes))
        notes.append(f"the process ended with status {ended.exit_code}; its report says {fits}")
    elif whole and reading.started != ran:
        notes.append(f"{len(reading.started or ())} tests were collected, {len(ran)} reported")
    chosen = set(ids)
    statuses = {test: status for test, status in reading.statuses.items() if not chosen or test in chosen}
    return TestReport(
        statuses={**{unit: status for unit, status in reading.units.items() if unit not in statuses}, **statuses},
        canaries=dict(reading.canaries),
        exit_code=ended.exit_code,
        complete=whole and not ended.timed_out and not notes,
        timed_out=ended.timed_out,
        output=ended.output,
        seconds=ended.seconds,
        lines=reading.lines,
        notes=tuple(dict.fromkeys(notes)),
    )
