"""Add up what both layers and the tests said: scores and outcome in, one reward out. Nothing else is read.

- Where both layers score a rubric, s = (rule·s_rule + judge·s_judge) / (rule + judge); a score of one layer alone is used as it is.
- step_reward = gate · Σ w·s / Σ w over the rubrics scored. The gate comes last, so a kind judge cannot undo it.
  A step with no scored rubric is left out.
- process is the padding-proof mean of :mod:`agentreward.aggregate.process_reward`.
- total = outcome_weight · outcome + (1 - outcome_weight) · process; missing where either is missing.
- Evidence of tampering makes the total 0, whatever the steps look like. Other totals are at least 0, and that of
  a fix is at least ``weights.outcome``, so a detected cheat ranks below every honest fix and never above a failed attempt.
  A pass that is doubted has the outcome of a failed attempt that fixed nothing, and its process.
  The process stays as computed, for those who study such runs.

The engine, the explanation, the reward table and the verifier of a release all add up here.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Literal, NamedTuple

from trajschema.outcome import Outcome
from trajschema.score import Layer, Reward, StepReward, StepScore

from agentreward.aggregate.outcomes import OutcomeValue, outcome_value
from agentreward.aggregate.process_reward import StepValue, process_score, rounded
from agentreward.aggregate.weights import Weights

GATE = "gate"
PROGRESS = "goal_progress"

Scores = Mapping[str, float | None]
"""What one layer said of a step: rubric id → score, or ``None`` where it is missing."""


class ScoreMismatch(ValueError):
    """The scores do not belong to the trajectory, or give two values for the same step."""


def reward(
    trajectory_id: str,
    agent_steps: Sequence[int],
    outcome: Outcome | None,
    scores: Iterable[StepScore],
    weights: Weights,
    *,
    rollout_id: str | None = None,
    task_id: str | None = None,
    agent: str = "",
    control: bool = False,
    versions: Mapping[str, str] | None = None,
    by_rule: Iterable[tuple[int, Scores]] = (),
) -> Reward:
    """The reward of one trajectory.

    Args:
        agent_steps: ids of the steps that the agent took, in order.
        scores: scores of both layers, in any order. A missing score takes no part. A step without a gate score has gate 1.
        by_rule: scores of the rule layer by step, given as mappings instead of ``StepScore`` records.
        versions: ``rule``, ``judge``, ``grader`` … → version, written into the record.

    Raises:
        ScoreMismatch: a score of another trajectory or of no agent step, or two scores of one layer for one rubric of a step.
    """
    known = collect_scores(trajectory_id, agent_steps, scores, by_rule)
    run = Fusion(weights).run(known, outcome)
    return Reward(
        trajectory_id=trajectory_id,
        rollout_id=rollout_id,
        task_id=task_id,
        agent=agent,
        control=control,
        step_rewards=tuple([StepReward(step_id=s.step_id, reward=s.reward, gate=s.gate, rubric_scores=s.text) for s in run.steps]),
        process=run.process,
        outcome=run.outcome.value,
        total=run.total,
        verdict=run.outcome.verdict,
        confirmation=outcome.confirmation if outcome else None,
        missing_reason=run.missing_reason,
        judged=known.judged,
        agent_steps=len(agent_steps),
        gated_steps=run.gated_steps,
        weights_version=weights.version,
        scorer_versions=named_versions(versions or {}),
    )


class RunScores:
    """The scores of one run by step, layer and rubric.

    Args:
        agent_steps: ids of the steps that the agent took, in order.
    """

    def __init__(self, trajectory_id: str, agent_steps: Sequence[int]) -> None:
        self.trajectory_id = trajectory_id
        self.steps: dict[int, dict[Layer, dict[str, float | None]]] = {step: {"rule": {}, "judge": {}} for step in agent_steps}
        self.judged = False

    def add(self, step_id: int, layer: Layer, scores: Scores) -> None:
        """What ``layer`` said of a step.

        Raises:
            ScoreMismatch: it is no agent step, or the layer scored one of these rubrics already.
        """
        step = self.steps.get(step_id)
        if step is None:
            raise ScoreMismatch(f"{self.trajectory_id}: a score of step {step_id}, which is no agent step")
        known = step[layer]
        for rubric, score in scores.items():
            if rubric in known:
                raise ScoreMismatch(f"{self.trajectory_id}: two {layer} scores of {rubric} for step {step_id}; pass one scorer version")
            known[rubric] = score
            self.judged = self.judged or (layer == "judge" and score is not None)


def collect_scores(
    trajectory_id: str, agent_steps: Sequence[int], scores: Iterable[StepScore], by_rule: Iterable[tuple[int, Scores]] = ()
) -> RunScores:
    """The scores of a run, from records or, of the rule layer, by step.

    Raises:
        ScoreMismatch: as :func:`reward`.
    """
    known = RunScores(trajectory_id, agent_steps)
    for step_id, found in by_rule:
        known.add(step_id, "rule", found)
    for score in scores:
        if score.trajectory_id != trajectory_id:
            raise ScoreMismatch(f"{trajectory_id}: given a score of trajectory {score.trajectory_id}; pass the scores of one trajectory")
        known.add(score.step_id, score.layer, {score.rubric_id: score.score})
    return known


def named_versions(versions: Mapping[str, str]) -> tuple[str, ...]:
    """``layer=version``, in order of the layers, as rewards store them."""
    return tuple(f"{layer}={version}" for layer, version in sorted(versions.items()))


class WeighedStep(NamedTuple):
    """The reward of a step. ``reward`` is missing where no rubric with a weight scored it; ``fused`` is rubric id → score, ``text``
    the same as it is stored."""

    step_id: int
    reward: float | None
    gate: Literal[0, 1]
    fused: Mapping[str, float]
    advances: bool
    text: str


class WeighedRun(NamedTuple):
    """The reward of a run. ``total`` is missing with ``missing_reason`` where outcome or process is."""

    steps: list[WeighedStep]
    process: float | None
    outcome: OutcomeValue
    total: float | None
    missing_reason: str | None

    @property
    def gated_steps(self) -> int:
        """How many steps have gate 0."""
        return sum(s.gate == 0 for s in self.steps)


class Fusion:
    """Adds up runs with one set of weights. Steps with the same scores have the same reward, which is computed once."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self._known: dict[object, WeighedStep] = {}

    def run(self, scores: RunScores, outcome: Outcome | None) -> WeighedRun:
        """The reward of a run, and how it came about."""
        steps = self.steps(scores)
        process = process_score(step_values(steps), self.weights.default_process_reward)
        value = outcome_value(outcome, self.weights)
        return WeighedRun(steps, process, value, *_total(value, process, self.weights))

    def steps(self, scores: RunScores) -> list[WeighedStep]:
        """The reward of each step, in order."""
        found = []
        for step_id, layers in scores.steps.items():
            rule, judge = layers["rule"], layers["judge"]
            # One flat tuple: a long run has a hundred thousand of them, and the collector of garbage passes over those that hold no others.
            key = (*rule, *rule.values(), None, *judge, *judge.values())
            known = self._known.get(key)
            if known is None:
                known = self._known[key] = self._weigh(step_id, layers)
            found.append(known if known.step_id == step_id else known._replace(step_id=step_id))
        return found

    def _weigh(self, step_id: int, layers: Mapping[Layer, Scores]) -> WeighedStep:
        gate: Literal[0, 1] = 0 if layers["rule"].get(GATE) == 0 else 1
        fused = fuse(layers, self.weights)
        weight_of = self.weights.rubrics
        value = _mean([(weight_of.get(name, 0.0), score) for name, score in fused.items()])
        reward = None if value is None else rounded(gate * min(1.0, value))
        # By the rule layer alone where it spoke: a kind judge must not turn idling into progress.
        by_rule = layers["rule"].get(PROGRESS)
        progress = fused.get(PROGRESS) if by_rule is None else by_rule
        advances = progress is None or progress >= self.weights.advance_at
        text = ", ".join([f"{_quoted(name)}: {rounded(score)!r}" for name, score in fused.items()])
        return WeighedStep(step_id, reward, gate, fused, advances, f"{{{text}}}")


@cache
def _quoted(rubric: str) -> str:
    """As JSON. The encoder of the standard library takes longer for a step than all the rest of its fusion."""
    return json.dumps(rubric)


def step_values(steps: Iterable[WeighedStep]) -> list[StepValue]:
    """What the process score is the mean of: the steps that have a reward."""
    return [StepValue(s.reward, s.gate, s.advances) for s in steps if s.reward is not None]


def fuse(layers: Mapping[Layer, Scores], weights: Weights) -> dict[str, float]:
    """Rubric id → fused score of a step, in order of the ids, for the rubrics that have one."""
    judge, rule = layers["judge"], layers["rule"]
    found: dict[str, float] = {}
    for rubric in sorted({*judge, *rule} - {GATE}):
        by_judge, by_rule = judge.get(rubric), rule.get(rubric)
        if by_judge is None or by_rule is None:
            score = by_rule if by_judge is None else by_judge
        else:
            score = _mean([(weights.judge, by_judge), (weights.rule, by_rule)])
        if score is not None:
            found[rubric] = score
    return found


def _mean(parts: Iterable[tuple[float, float]]) -> float | None:
    """Σ w·s / Σ w, added up from left to right: ``sum`` rounds otherwise from Python 3.12 on, and a reward must not."""
    weight = amount = 0.0
    for w, s in parts:
        weight += w
        amount += w * s
    return amount / weight if weight > 0 else None


def _total(outcome: OutcomeValue, process: float | None, weights: Weights) -> tuple[float | None, str | None]:
    """The total, or none and the reason. Tampering makes it 0."""
    if outcome.value is None:
        return None, outcome.missing_reason
    if process is None:
        return None, "no agent step has a score"
    if outcome.tampered:
        return 0.0, None
    return min(1.0, weights.outcome * outcome.value + (1 - weights.outcome) * process), None
