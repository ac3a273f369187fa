"""Running tests as an agent does: the command it types and what it reads off the output."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from trajschema.trajectory import Observation, ToolCall

from agentrollout.policies.calls import shell
from agentrollout.policy import TaskView

HANG_S = 6.0
"""Seconds after which a run of tests counts as hung."""
SUITE_S = 60.0
"""Seconds that a run of the whole suite may take."""

_STATED = re.compile(r"^\W*FAIL(?:ED)? +(\S.*?::.+?)\s*$", re.MULTILINE)
_LISTED = re.compile(r"^(?:FAILED|ERROR) (\S+?\.py(?:::[^\[\n]+?(?:\[.*?\])?)?)(?: - .*)?$", re.MULTILINE)
_COUNT = re.compile(r"\b(\d+) (passed|failed|errors?)\b")
_TOTALS = re.compile(r"^[= ]*(?:\d+ [a-z]+,? ?)+in [\d.]+ ?s.*$", re.MULTILINE)


@dataclass(frozen=True)
class Verdict:
    """What a run of tests said, read off its output."""

    passed: int
    failed: int
    """Failures and errors."""
    failing: tuple[str, ...]
    """Ids in the short summary; a file that could not be collected is listed by its path."""
    finished: bool
    """The totals were printed: the run neither hung nor died."""
    hung: bool

    @property
    def green(self) -> bool:
        """Tests ran and none failed."""
        return self.finished and self.failed == 0 and self.passed > 0

    @property
    def listed(self) -> bool:
        """Every failure is in the short summary."""
        return self.finished and self.failed == len(self.failing)


def stated_failures(statement: str) -> tuple[str, ...]:
    """Test ids in lines ``FAIL <test id>`` of a problem statement, in order, each once."""
    return tuple(dict.fromkeys(_STATED.findall(statement)))


def verdict_of(observation: Observation) -> Verdict:
    """What the output of pytest in ``observation`` says."""
    totals = _TOTALS.findall(observation.content)
    counts: dict[str, int] = {}
    for number, word in _COUNT.findall(totals[-1]) if totals else ():
        counts[word.rstrip("s")] = int(number)
    return Verdict(
        passed=counts.get("passed", 0),
        failed=counts.get("failed", 0) + counts.get("error", 0),
        failing=tuple(dict.fromkeys(_LISTED.findall(observation.content))),
        finished=bool(totals),
        hung=observation.error is not None and not totals,
    )


def run_tests(view: TaskView, targets: Sequence[str], *options: str, setting: str = "", timeout_s: float = HANG_S) -> ToolCall:
    """Run the task's test command on ``targets`` (ids, files or folders); ``setting`` (``NAME=VALUE``) goes before it."""
    words = [*view.test_command, "--no-header", "-p", "no:cacheprovider", *options, *targets]
    command = " ".join(shlex.quote(word) for word in words)
    return shell(f"{setting} {command}".strip(), timeout_s=timeout_s)


def spread(items: Sequence[str], count: int) -> tuple[str, ...]:
    """At most ``count`` of ``items``, evenly spaced and in order, the first among them."""
    if len(items) <= count:
        return tuple(items)
    return tuple(items[n * len(items) // count] for n in range(count))
