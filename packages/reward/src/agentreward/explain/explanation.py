"""Where a reward comes from, as data: what each step contributed, whether it counted, and what it lost by which rubric.

Nothing is scored here; a reward is taken apart by the functions that put it together (:mod:`agentreward.aggregate.fusion`,
:mod:`agentreward.aggregate.process_reward`), so the contributions of the steps (or of the default reward) add up to the process score.
"""

from dataclasses import dataclass
from typing import Literal

from trajschema.score import Evidence

from agentreward.aggregate.fusion import Fusion, WeighedStep, collect_scores, step_values
from agentreward.aggregate.process_reward import Process, Role, process_of
from agentreward.aggregate.weights import Weights
from agentreward.result import TrajectoryReward

WORDS: dict[Role | None, str] = {
    "advances": "counts: it advanced",
    "lowers": "counts: it lowers the mean",
    "left_out": "left out: it would raise the mean without advancing",
    None: "left out: no rubric with a weight scored it",
}


@dataclass(frozen=True)
class LayerScore:
    """What one layer said of a step on one rubric. ``score`` is missing with ``missing_reason``."""

    layer: Literal["rule", "judge"]
    score: float | None
    missing_reason: str | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class RubricPart:
    """One rubric of a step: its share of the weight in [0, 1], the fused score, what the reward of the step lost by it."""

    rubric: str
    weight: float
    score: float | None
    lost: float
    layers: tuple[LayerScore, ...]


@dataclass(frozen=True)
class StepExplained:
    """One agent step. ``brings`` is its contribution to the process score; ``role`` is missing for a step without a reward.

    ``parts`` are sorted by what was lost, most first. A gate of 0 takes all that the rubrics left.
    """

    step_id: int
    reward: float | None
    gate: int
    role: Role | None
    brings: float
    parts: tuple[RubricPart, ...]
    gated_by: tuple[Evidence, ...]

    @property
    def counted(self) -> bool:
        """Whether it takes part in the process score."""
        return self.role not in ("left_out", None)


@dataclass(frozen=True)
class Explanation:
    """One run: its steps, and in ``sums`` how total, outcome and process came about."""

    trajectory_id: str
    steps: tuple[StepExplained, ...]
    default_brings: float
    """What ``default_reward`` contributes, where no step advanced."""
    sums: tuple[str, ...]
    tamper: tuple[str, ...]
    notes: tuple[str, ...]


def explain(result: TrajectoryReward, weights: Weights) -> Explanation:
    """Take ``result`` apart. ``weights`` are those that it was made with."""
    record = result.record
    weighed = Fusion(weights).steps(collect_scores(record.trajectory_id, [s.step_id for s in record.step_rewards], result.scores))
    process = process_of(step_values(weighed), weights.default_process_reward)
    rewarded = [s.step_id for s in weighed if s.reward is not None]
    roles: dict[int, Role] = dict(zip(rewarded, process.roles, strict=True))
    said: dict[tuple[int, str], list[LayerScore]] = {}
    for score in result.scores:
        heard = LayerScore(score.layer, score.score, score.missing_reason, score.evidence)
        said.setdefault((score.step_id, score.rubric_id), []).append(heard)
    steps = []
    for step in weighed:
        role = roles.get(step.step_id)
        brings = (step.reward or 0.0) / process.counted if role not in ("left_out", None) else 0.0
        gated_by = () if step.gate else tuple(e for s in said.get((step.step_id, "gate"), ()) for e in s.evidence)
        parts = _parts(step, said, weights)
        steps.append(StepExplained(step.step_id, step.reward, step.gate, role, brings, parts, gated_by))
    sums = (_total(result, weights), _outcome(result), _process(process))
    default_brings = 0.0 if process.default_reward is None else process.default_reward / process.counted
    return Explanation(record.trajectory_id, tuple(steps), default_brings, sums, result.tamper, result.notes)


def _parts(step: WeighedStep, said: dict[tuple[int, str], list[LayerScore]], weights: Weights) -> tuple[RubricPart, ...]:
    whole = sum(weights.rubrics.get(name, 0.0) for name in step.fused)
    parts = []
    for name in weights.rubrics:
        heard = tuple(sorted(said.get((step.step_id, name), ()), key=lambda s: s.layer, reverse=True))
        score = step.fused.get(name)
        weight = weights.rubrics[name] / whole if score is not None and whole else 0.0
        if heard:
            parts.append(RubricPart(name, weight, score, 0.0 if score is None else weight * (1 - score), heard))
    return tuple(sorted(parts, key=lambda p: -p.lost))


def _total(result: TrajectoryReward, weights: Weights) -> str:
    total, outcome, process = result.total_score, result.outcome_score, result.process_score
    if total is None:
        return f"no total: {result.missing_reason}"
    if result.tamper:
        return "total 0: the run tampered, whatever its steps look like"
    share = weights.outcome
    return f"total {total:.4f} = {share:g} · outcome {outcome or 0:.4f} + {1 - share:g} · process {process or 0:.4f}"


def _outcome(result: TrajectoryReward) -> str:
    value = "missing" if result.outcome_score is None else f"{result.outcome_score:.4f}"
    passed = f"a {result.record.confirmation} pass, " if result.record.confirmation else ""
    return f"outcome {value} ({passed}{result.record.verdict.replace('_', ' ')})"


def _process(process: Process) -> str:
    if process.score is None:
        return "process missing: no agent step has a score"
    roles = process.roles
    named = {"advances": "advanced", "lowers": "lowering it", "left_out": "left out"}
    told = ", ".join(f"{n} {name}" for role, name in named.items() if (n := roles.count(role)))
    extra = f"{process.default_reward:g}, since none advanced, and " if process.default_reward is not None else ""
    return f"process {process.score:.4f} = mean of {extra}{len(roles) - roles.count('left_out')} of {len(roles)} steps: {told}"
