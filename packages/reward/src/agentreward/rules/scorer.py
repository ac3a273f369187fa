"""Score steps as they come, or a whole trajectory: the same code, so the same scores.

An idle action leaves no trace in the history, nor does a copy of an earlier step: no later step can gain by them.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from trajschema.score import Evidence, StepScore
from trajschema.trajectory import Step, Trajectory

from agentreward.rules.facts import Facts, RuleScore
from agentreward.rules.gate import OPEN, gate, is_idle
from agentreward.rules.read.calls import answered
from agentreward.rules.registry import DEFAULT_RULES
from agentreward.rules.rubrics import Rule
from agentreward.rules.rubrics.goal_progress import step_progress
from agentreward.rules.state.copies import Words, copied, words_of
from agentreward.rules.state.history import History

GATE = "gate"
PROGRESS = "goal_progress"
_NO_CALL = RuleScore(0.0, "step.no_call")
_NOT_THIS_RUN = frozenset({"copied_context", "synthetic"})


class ScoredStep(NamedTuple):
    """Scores of one agent step: rubric id (``gate`` among them) → score, or missing with ``missing_reason``; and the
    evidence that each rests on, one for each action, equal ones once."""

    step_id: int
    scores: dict[str, float]
    evidence: dict[str, tuple[RuleScore, ...]]
    missing_reason: str | None = None


class ScoreColumns(NamedTuple):
    """Scores of a run as they are stored, by column; ``evidence`` are the rules that gave a score."""

    step_id: list[int]
    rubric_id: list[str]
    score: list[float | None]
    missing_reason: list[str | None]
    evidence: list[tuple[RuleScore, ...]]


class ScoredRun(NamedTuple):
    """Scores of a whole run, with the rubrics and the version of the rules that gave them."""

    trajectory_id: str
    scorer_version: str
    rubrics: tuple[str, ...]
    steps: tuple[ScoredStep, ...]

    def columns(self) -> ScoreColumns:
        """Its scores: for each step those on every rubric, and the gate."""
        rubrics = (*self.rubrics, GATE)
        return ScoreColumns(
            [s.step_id for s in self.steps for _ in rubrics],
            [rubric for _ in self.steps for rubric in rubrics],
            [s.scores.get(rubric) for s in self.steps for rubric in rubrics],
            [None if rubric in s.scores else s.missing_reason for s in self.steps for rubric in rubrics],
            [s.evidence.get(rubric, ()) for s in self.steps for rubric in rubrics],
        )

    def records(self) -> Iterator[StepScore]:
        """The same as records."""
        for step_id, rubric_id, score, missing_reason, evidence in zip(*self.columns(), strict=True):
            yield StepScore(
                trajectory_id=self.trajectory_id,
                step_id=step_id,
                rubric_id=rubric_id,
                layer="rule",
                score=score,
                missing_reason=missing_reason,
                evidence=tuple([Evidence(rule_id=m.rule, steps=m.steps, quote=m.quote) for m in evidence]),
                scorer_version=self.scorer_version,
            )


class RuleScorer:
    """Scores a run step by step. ``feed`` every step in order, whoever took it; each costs O(1) amortised in the steps before.

    ``task`` is what the agent was told where no step says so; evidence points at it as step 0.
    """

    def __init__(self, rules: Mapping[str, Rule] = DEFAULT_RULES, task: str = "") -> None:
        self._rules = rules
        self._history = History()
        self._history.knowledge.add(task, 0)
        self._taken: dict[Words, list[int]] = {}
        """The step that did it first, and how many changes there had been when it was done last."""
        self._listened: set[Words] = set()

    def feed(self, step: Step) -> ScoredStep | None:
        """Scores of an agent step; ``None`` for a step of the user or the system, which is only read."""
        if step.source != "agent":
            self._listen(step)
            return None
        if step.flags and _NOT_THIS_RUN.intersection(step.flags):
            if (words := words_of(step)) not in self._listened:
                self._listened.add(words)
                self._listen(step)
            return ScoredStep(step.step_id, {GATE: 1.0}, {}, "the step was not taken in this run (copied context or synthetic)")
        gated, facts = self.take(step)
        return _scores(step.step_id, gated, facts, self._rules)

    def take(self, step: Step) -> tuple[RuleScore, list[Facts]]:
        """The gate, and what the rules are given, of a step that the agent took. From now on it is part of the history."""
        history = self._history
        new = [step.step_id, 0]
        taken = self._taken.setdefault(words_of(step), new)
        if taken is not new:
            first, changes = taken
            taken[1] = history.changes
            unchanged = changes == history.changes
            again = [copied(history.examine(action, observation), first, unchanged=unchanged) for action, observation in answered(step)]
            return gate(again), again
        facts: list[Facts] = []
        idle = True
        for action, observation in answered(step):
            known = history.examine(action, observation)
            if not is_idle(known):
                history.record(known, observation, step.step_id)
                idle = False
            facts.append(known)
        if not idle:
            for observation in step.observations:
                history.knowledge.add(observation.content, step.step_id)
        taken[1] = history.changes
        return gate(facts) if idle else OPEN, facts

    def _listen(self, step: Step) -> None:
        self._history.knowledge.add(step.message, step.step_id)
        for observation in step.observations:
            self._history.knowledge.add(observation.content, step.step_id)


def scored_run(trajectory: Trajectory, *, scorer_version: str, rules: Mapping[str, Rule] = DEFAULT_RULES, task: str = "") -> ScoredRun:
    """Rule scores of every agent step on each rubric of ``rules`` (the five default ones) and ``gate``, in order of steps.

    Reads calls and outputs only: never the outcome, a gold patch, or what comes after a step.
    """
    scorer = RuleScorer(rules, task)
    known: dict[tuple[RuleScore, ...], tuple[RuleScore, ...]] = {}
    steps = []
    for step in trajectory.steps:
        scored = scorer.feed(step)
        if scored is not None:
            # Most evidence of a run is equal. Kept once, they leave the collector of garbage a third of the work on long runs.
            scored.evidence.update({rubric: known.setdefault(evidence, evidence) for rubric, evidence in scored.evidence.items()})
            steps.append(scored)
    return ScoredRun(trajectory.trajectory_id, scorer_version, tuple(rules), tuple(steps))


def agent_steps(trajectory: Trajectory) -> list[int]:
    """Ids of the steps that the agent took, in order: the ones that are scored."""
    return [s.step_id for s in trajectory.steps if s.source == "agent"]


def _scores(step_id: int, gated: RuleScore, facts: list[Facts], rules: Mapping[str, Rule]) -> ScoredStep:
    scores: dict[str, float] = {}
    evidence: dict[str, tuple[RuleScore, ...]] = {}
    if len(facts) == 1:
        fact = facts[0]
        for name, rule in rules.items():
            given = rule(fact)
            scores[name] = given.score
            evidence[name] = (given,)
    else:
        for name, rule in rules.items():
            found = [rule(f) for f in facts] or [_NO_CALL]
            scores[name] = sum(m.score for m in found) / len(found)
            evidence[name] = tuple(dict.fromkeys(found))
            if name == PROGRESS and facts:
                scores[name] = step_progress(facts, found)
    scores[GATE] = gated.score
    evidence[GATE] = (gated,)
    return ScoredStep(step_id, scores, evidence)
