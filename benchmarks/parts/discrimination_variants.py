"""The candidates of the leave-one-source-out choice: the rules as shipped, and each reading of theirs left out.

Small and fixed: a candidate leaves out one reading that has a reason of its own, or all of them. None has a number fitted to outcomes.
"""

from collections.abc import Callable, Mapping

from agentreward.aggregate.fusion import reward
from agentreward.aggregate.weights import Weights
from agentreward.rules.facts import Facts, RuleScore
from agentreward.rules.read.actions import is_test_config, is_test_path
from agentreward.rules.read.failures import ActionFailure
from agentreward.rules.registry import DEFAULT_RULES
from agentreward.rules.rubrics import Rule
from agentreward.rules.scorer import agent_steps
from trajschema.trajectory import Trajectory
from trajtests.reward_cases import score_rules

Candidate = str
"""Name of a reading."""
Reading = Callable[[Facts], Facts]


def _as_shipped(facts: Facts) -> Facts:
    return facts


def _programs_unread(facts: Facts) -> Facts:
    if facts.action.kind != "run" or facts.counts is None:
        return facts
    failed = ActionFailure("exit_code", facts.counts.line) if facts.counts.failed else None
    return facts._replace(counts=None, trend="unknown", failure=failed)


def _failures_forgotten(facts: Facts) -> Facts:
    return facts._replace(failing=None)


def _rework_unseen(facts: Facts) -> Facts:
    return facts._replace(changes_before=0)


def _proof_not_asked(facts: Facts) -> Facts:
    return facts._replace(unproved=False)


def _throw_away_kept(facts: Facts) -> Facts:
    path = facts.action.path
    return facts._replace(source_file=not (is_test_path(path) or is_test_config(facts.action)))


def _none(facts: Facts) -> Facts:
    for reading in READINGS.values():
        facts = facts if reading is _none else reading(facts)
    return facts


READINGS: Mapping[str, Reading] = {
    "as shipped": _as_shipped,
    "results of programs unread": _programs_unread,
    "failures seen before an edit forgotten": _failures_forgotten,
    "rework of a file unseen": _rework_unseen,
    "proof before handing in not asked": _proof_not_asked,
    "throw-away files advance": _throw_away_kept,
    "all of these": _none,
}
CANDIDATES: tuple[Candidate, ...] = tuple(READINGS)
SHIPPED = CANDIDATES[0]


def processes(trajectory: Trajectory) -> dict[Candidate, float | None]:
    """The process score of a run by each candidate. The outcome takes no part: none is given."""
    found: dict[Candidate, float | None] = {}
    steps = agent_steps(trajectory)
    for name, reading in READINGS.items():
        scores = score_rules(trajectory, scorer_version="benchmark", rules={r: _read(rule, reading) for r, rule in DEFAULT_RULES.items()})
        found[name] = reward(trajectory.trajectory_id, steps, None, scores, Weights()).process
    return found


def _read(rule: Rule, reading: Reading) -> Rule:
    def read(facts: Facts) -> RuleScore:
        return rule(reading(facts))

    return read
