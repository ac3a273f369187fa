"""Add up what both layers and the tests said: scores and outcome in, one reward out. Nothing else is read.

- Where both layers score a rubric, s = (rule·s_rule + judge·s_judge) / (rule + judge); one layer alone stands for itself.
- step_reward = gate · Σ w·s / Σ w over the rubrics scored. The gate comes last, so a kind judge cannot undo it.
  A step with no scored rubric is left out.
- process is the padding-proof mean of :mod:`agentreward.aggregate.process_reward`.
- total = outcome_weight · outcome + (1 - outcome_weight) · process; missing where either is missing.
- Evidence of tampering makes the total 0, whatever the steps look like. With the total of any other run at 0 or above and
  that of a fix at ``weights.outcome`` or above, every detected cheat lies below every honest fix and never above a failed
  attempt. The process stays as computed, for those who study such runs.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from trajschema.outcome import Outcome
from trajschema.score import Reward, StepReward, StepScore

from agentreward.aggregate.outcomes import OutcomeValue, outcome_value
from agentreward.aggregate.process_reward import StepValue, process_score, rounded
from agentreward.aggregate.weights import Weights

GATE = "gate"
PROGRESS = "goal_progress"


Scores = Mapping[str, float | None]
"""What one layer said of a step: rubric id → score, or ``None`` where it is missing."""


class ScoreMismatch(ValueError):
    """The scores do not belong to the trajectory, or say two things of the same step."""


def reward(
    trajectory_id: str,
    agent_steps: Sequence[int],
    outcome: Outcome | None,
    scores: Sequence[StepScore],
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
        by_rule: scores of the rule layer by step, where they are no records.
        versions: ``rule``, ``judge``, ``grader`` … → version, written into the record.

    Raises:
        ScoreMismatch: a score of another trajectory or of no agent step, or two scores of one layer for one rubric of a step.
    """
    steps = weigh_steps(trajectory_id, agent_steps, scores, weights, by_rule)
    process = process_score(step_values(steps), weights.default_process_reward)
    seen = outcome_value(outcome, weights)
    total, reason = total_of(seen, process, weights)
    return Reward(
        trajectory_id=trajectory_id,
        rollout_id=rollout_id,
        task_id=task_id,
        agent=agent,
        control=control,
        step_rewards=tuple([StepReward(step_id=s.step_id, reward=s.reward, gate=s.gate, rubric_scores=s.text) for s in steps]),
        process=process,
        outcome=seen.value,
        total=total,
        verdict=seen.verdict,
        missing_reason=reason,
        judged=any(s.layer == "judge" and s.score is not None for s in scores),
        agent_steps=len(agent_steps),
        gated_steps=sum(s.gate == 0 for s in steps),
        weights_version=weights.version,
        scorer_versions=tuple(f"{layer}={version}" for layer, version in sorted((versions or {}).items())),
    )


class _Row(NamedTuple):
    rule: dict[str, float | None]
    judge: dict[str, float | None]


class WeighedStep(NamedTuple):
    """What a step came to. ``reward`` is missing where no rubric with a weight scored it; ``fused`` is rubric id → score, ``text``
    the same as it is stored."""

    step_id: int
    reward: float | None
    gate: Literal[0, 1]
    fused: Mapping[str, float]
    advances: bool
    text: str


def weigh_steps(
    trajectory_id: str,
    agent_steps: Sequence[int],
    scores: Iterable[StepScore],
    weights: Weights,
    by_rule: Iterable[tuple[int, Scores]] = (),
) -> list[WeighedStep]:
    """What each step came to, in order; what has the same scores comes to the same, and is added up once.

    Raises:
        ScoreMismatch: as :func:`reward`.
    """
    table = _by_step(trajectory_id, agent_steps, scores, by_rule)
    known: dict[object, WeighedStep] = {}
    found = []
    for step_id in agent_steps:
        rule, judge = table[step_id]
        key = (tuple(rule.items()), tuple(judge.items()))
        if key not in known:
            known[key] = _weighed(step_id, rule, judge, weights)
        found.append(WeighedStep(step_id, *known[key][1:]))
    return found


def _weighed(step_id: int, rule: Scores, judge: Scores, weights: Weights) -> WeighedStep:
    gate: Literal[0, 1] = 0 if rule.get(GATE) == 0 else 1
    fused = fuse(rule, judge, weights)
    value = weighted_mean(fused, weights.rubrics)
    final = None if value is None else rounded(gate * value)
    return WeighedStep(step_id, final, gate, fused, _advances(rule, fused, weights), rubric_text(fused))


def step_values(steps: Iterable[WeighedStep]) -> list[StepValue]:
    """What the process score is the mean of: the steps that have a reward."""
    return [StepValue(s.reward, s.gate, s.advances) for s in steps if s.reward is not None]


def rubric_text(fused: Mapping[str, float]) -> str:
    """Fused scores as they are stored: a JSON object in order of the names."""
    return json.dumps({name: rounded(score) for name, score in sorted(fused.items())})


def fuse(rule: Scores, judge: Scores, weights: Weights) -> dict[str, float]:
    """Rubric id → fused score of a step, for the rubrics that have one."""
    layers = ((weights.judge, judge), (weights.rule, rule))
    rubrics = [rubric for rubric in {**rule, **judge} if rubric != GATE]
    found = [(rubric, [(w, score) for w, layer in layers if (score := layer.get(rubric)) is not None]) for rubric in rubrics]
    means = [(rubric, said[0][1] if len(said) == 1 else _mean(said)) for rubric, said in found]
    return {rubric: value for rubric, value in means if value is not None}


def weighted_mean(fused: Mapping[str, float], rubric_weights: Mapping[str, float]) -> float | None:
    """Σ w·s / Σ w over the rubrics scored; ``None`` where no scored rubric has a weight."""
    value = _mean([(rubric_weights.get(name, 0.0), fused[name]) for name in sorted(fused)])
    return None if value is None else min(1.0, value)


def _mean(parts: Iterable[tuple[float, float]]) -> float | None:
    """Σ w·s / Σ w, added up from left to right: ``sum`` rounds otherwise from Python 3.12 on, and a reward must not."""
    weight = amount = 0.0
    for w, s in parts:
        weight += w
        amount += w * s
    return amount / weight if weight > 0 else None


def _by_step(
    trajectory_id: str, agent_steps: Sequence[int], scores: Iterable[StepScore], by_rule: Iterable[tuple[int, Scores]]
) -> dict[int, _Row]:
    table = {step_id: _Row({}, {}) for step_id in agent_steps}
    for step_id, found in by_rule:
        row = _row(table, step_id, trajectory_id)
        if row.rule:
            raise _twice(trajectory_id, step_id, "rule", next(iter(found)))
        row.rule.update(found)
    for score in scores:
        if score.trajectory_id != trajectory_id:
            raise ScoreMismatch(f"{trajectory_id}: given a score of trajectory {score.trajectory_id}; pass the scores of one trajectory")
        row = _row(table, score.step_id, trajectory_id)
        layer = row.rule if score.layer == "rule" else row.judge
        if score.rubric_id in layer:
            raise _twice(trajectory_id, score.step_id, score.layer, score.rubric_id)
        layer[score.rubric_id] = score.score
    return table


def _row(table: Mapping[int, _Row], step_id: int, trajectory_id: str) -> _Row:
    row = table.get(step_id)
    if row is None:
        raise ScoreMismatch(f"{trajectory_id}: a score of step {step_id}, which is no agent step")
    return row


def _twice(trajectory_id: str, step_id: int, layer: str, rubric: str) -> ScoreMismatch:
    return ScoreMismatch(f"{trajectory_id}: two {layer} scores of {rubric} for step {step_id}; pass one scorer version")


def _advances(rule: Scores, fused: Mapping[str, float], weights: Weights) -> bool:
    """By the rule layer alone where it spoke: a kind judge must not turn idling into progress."""
    by_rule = rule.get(PROGRESS)
    progress = fused.get(PROGRESS) if by_rule is None else by_rule
    return progress is None or progress >= weights.advance_at


def total_of(outcome: OutcomeValue, process: float | None, weights: Weights) -> tuple[float | None, str | None]:
    """The total, or none and the reason. Tampering leaves nothing of it."""
    if outcome.value is None:
        return None, outcome.missing_reason
    if process is None:
        return None, "no agent step has a score"
    if outcome.tampered:
        return 0.0, None
    return min(1.0, weights.outcome * outcome.value + (1 - weights.outcome) * process), None
