"""A run as a strip of steps, each with what it was, what it earned, and why."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trajschema.score import RUBRICS, Evidence, Reward, StepReward, StepScore
from trajschema.trajectory import Observation, Step, ToolCall, Trajectory

from agentview.text import Excerpt, arguments, clean, head

GLYPHS = {
    "file_read": "R",
    "file_write": "W",
    "file_edit": "E",
    "shell": "$",
    "search": "S",
    "symbols": "D",
    "git": "G",
    "think": "T",
    "submit": "✓",
    "other": "?",
}
SPOKEN = "·"


@dataclass(frozen=True)
class CallView:
    """One tool call: the name that the agent used, and its arguments by name."""

    name: str
    arguments: tuple[tuple[str, Excerpt], ...]


@dataclass(frozen=True)
class AnswerView:
    """What came back: the head of it, how the command ended, and why the call failed, if it did."""

    content: Excerpt
    exit_code: int | None
    error: str | None


@dataclass(frozen=True)
class ScoreView:
    """One layer's score on one rubric, with its evidence in words."""

    rubric: str
    layer: str
    score: float | None
    missing: str
    evidence: tuple[tuple[str, tuple[int, ...], str], ...]
    """Rule id, steps pointed at, text seen; each may be empty."""


@dataclass(frozen=True)
class StepView:
    """One agent step."""

    step_id: int
    glyph: str
    tool: str
    message: Excerpt
    reasoning: Excerpt
    calls: tuple[CallView, ...]
    answers: tuple[AnswerView, ...]
    reward: float | None
    gated: bool
    fused: tuple[tuple[str, float], ...]
    scores: tuple[ScoreView, ...]
    flags: tuple[str, ...]

    @property
    def failed(self) -> bool:
        return any(a.error or a.exit_code for a in self.answers)


@dataclass(frozen=True)
class RunView:
    """One run: who, how it ended, and its agent steps."""

    trajectory_id: str
    agent: str
    control: bool
    verdict: str
    confirmation: str
    """What its pass counts as; empty where there is none or nobody said."""
    process: float | None
    total: float | None
    steps: tuple[StepView, ...]
    diff: str
    opened: int
    """Position of the step that stands open at first: the one that its scores say most about."""


Scores = Mapping[tuple[str, int], list[StepScore]]


def scores_by_step(scores: Iterable[StepScore]) -> Scores:
    """Scores by trajectory and step, in the order of the rubrics, rules before judge."""
    found: dict[tuple[str, int], list[StepScore]] = defaultdict(list)
    order: dict[str, int] = {rubric: i for i, rubric in enumerate(RUBRICS)}
    for score in sorted(scores, key=lambda s: (order.get(s.rubric_id, len(order)), s.rubric_id, s.layer != "rule", s.scorer_version)):
        found[score.trajectory_id, score.step_id].append(score)
    return found


def run_view(trajectory: Trajectory, reward: Reward | None, scores: Scores) -> RunView:
    """``trajectory`` with what ``reward`` and ``scores`` say of it; what they do not say stays missing."""
    earned = {s.step_id: s for s in reward.step_rewards} if reward else {}
    steps = tuple(
        _step(step, earned.get(step.step_id), scores.get((trajectory.trajectory_id, step.step_id), []))
        for step in trajectory.steps
        if step.source == "agent"
    )
    return RunView(
        trajectory_id=trajectory.trajectory_id,
        agent=clean(trajectory.agent),
        control=bool(reward and reward.control),
        verdict=clean(reward.verdict) if reward else "not rewarded",
        confirmation=(reward.confirmation or "") if reward else "",
        process=reward.process if reward else None,
        total=reward.total if reward else None,
        steps=steps,
        diff=trajectory.final_diff,
        opened=_most_telling(steps),
    )


def _most_telling(steps: tuple[StepView, ...]) -> int:
    lowest = sorted(range(len(steps)), key=lambda i: (-sum(len(s.evidence) for s in steps[i].scores), steps[i].reward or 0.0, i))
    return lowest[0] if lowest else -1


def _step(step: Step, earned: StepReward | None, scores: list[StepScore]) -> StepView:
    first = step.tool_calls[0].name if step.tool_calls else None
    fused = json.loads(earned.rubric_scores) if earned else {}
    return StepView(
        step_id=step.step_id,
        glyph=GLYPHS[first] if first else SPOKEN,
        tool=", ".join(clean(c.raw_name) for c in step.tool_calls) or "no call",
        message=head(step.message, 8, 800),
        reasoning=head(step.reasoning or "", 8, 800),
        calls=tuple(_call(c) for c in step.tool_calls),
        answers=tuple(_answer(o) for o in step.observations),
        reward=earned.reward if earned else None,
        gated=bool(earned and earned.gate == 0),
        fused=tuple(sorted((clean(str(k)), float(v)) for k, v in fused.items() if v is not None)),
        scores=tuple(_score(s) for s in scores if not _open_gate(s)),
        flags=tuple(step.flags),
    )


def _open_gate(score: StepScore) -> bool:
    """A gate that lets the step pass says nothing to a reader."""
    return score.rubric_id == "gate" and score.score == 1 and not score.evidence


def _call(call: ToolCall) -> CallView:
    return CallView(clean(call.raw_name), tuple((clean(name), head(value, 12, 900)) for name, value in arguments(call.arguments)))


def _answer(observation: Observation) -> AnswerView:
    error = head(observation.error, 3, 300).text if observation.error else None
    return AnswerView(head(observation.content), observation.exit_code, error)


def _score(score: StepScore) -> ScoreView:
    evidence = tuple(_evidence(e) for e in score.evidence[:6])
    return ScoreView(clean(score.rubric_id), score.layer, score.score, clean(score.missing_reason or ""), evidence)


def _evidence(evidence: Evidence) -> tuple[str, tuple[int, ...], str]:
    quote = head(evidence.quote or "", 3, 240).text.replace("\n", " ⏎ ")
    return clean(evidence.rule_id or ""), evidence.steps[:8], quote
