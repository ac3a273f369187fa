"""What is known of one action when it is scored: the action, its answer, and what came before. Nothing of what comes after."""

from typing import Literal, NamedTuple

from agentreward.rules.read.actions import Action
from agentreward.rules.read.failures import ActionFailure
from agentreward.rules.read.test_report import TestCounts

Trend = Literal["first", "better", "same", "worse", "unknown"]
"""A run of tests or of a program against the best earlier run of the same."""


class Facts(NamedTuple):
    """Inputs of the rules. Fields that name a step are ``None`` where there is no such step."""

    action: Action
    failure: ActionFailure | None = None
    counts: TestCounts | None = None
    repeat_of: int | None = None
    """Step of the same request with the same answer, nothing relevant having changed since; or the step that showed a file as it is now
    written. The action is idle."""
    same_call: int | None = None
    """Same request before, whatever happened since."""
    shown_by: int | None = None
    """The lines asked for had been shown and the file had not changed."""
    failures_before: int = 0
    """Failed actions of this kind on this path so far."""
    path_seen: int | None = None
    text_seen: tuple[int, ...] | None = None
    query_seen: int | None = None
    trend: Trend = "unknown"
    best_failed: int = 0
    best_step: int | None = None
    code_changed: bool = False
    """Since the best earlier run of the same, source was changed and not just taken back, or another program ran that may have done so."""
    no_code: bool = False
    """A change of blanks and comments only."""
    untested_change: bool = True
    """Something changed since these tests ran last, or they had not run."""
    last_run: int | None = None
    undoes: int | None = None
    last_change: int | None = None
    verified: bool = False
    """Since the last change of a source file, what was seen failing was seen passing, or tests passed."""
    changes_before: int = 0
    """New changes of this source file so far; of one that nothing had shown, of all such files."""
    unproved: bool = False
    """A source file was changed, and nothing of that kind was seen since."""
    failing: int | None = None
    """Step at which a test, or a program, was first seen to fail."""
    cut: bool = False
    """The answer was cut: the agent saw head and tail only."""
    source_file: bool = True
    """No change of a test, of test configuration, of a document or of a throw-away file, and none without code."""
    copy_of: int | None = None
    """Step with the very same calls and answers, whatever happened since."""


class RuleScore(NamedTuple):
    """A score in [0, 1], the rule that gave it, the steps it points at and the text it saw."""

    score: float
    rule: str
    steps: tuple[int, ...] = ()
    quote: str | None = None


def steps(*found: int | None) -> tuple[int, ...]:
    """The steps that are there, ascending, each once."""
    kept = [s for s in found if s is not None]
    return tuple(kept) if len(kept) < 2 else tuple(sorted(set(kept)))
