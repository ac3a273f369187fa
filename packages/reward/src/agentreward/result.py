"""What the engine gives back: the reward of a run, readable step by step."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from trajschema.score import Evidence, Reward, StepScore

from agentreward.rules.scorer import ScoredRun


@dataclass(frozen=True)
class StepReward:
    """What a step earned. Scores lie in [0, 1]; ``total_score`` is missing where no rubric of the set scored the step."""

    step_id: int
    total_score: float | None
    rubric_scores: dict[str, float]
    gate: int
    evidence: dict[str, tuple[Evidence, ...]]


@dataclass(frozen=True)
class TrajectoryReward:
    """The reward of a run: the stored record, the scores that it was added up from, and what a reader should know.

    ``tamper`` is what voided a claimed outcome, ``notes`` what a pass counts as, and what did not go as configured (no judge, an
    option that was refused). Scores come as records, as what the rules gave (``by_rule``), or both.
    """

    record: Reward
    records: tuple[StepScore, ...]
    rubrics: tuple[str, ...]
    tamper: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    by_rule: ScoredRun | None = field(default=None, hash=False, repr=False)

    @cached_property
    def scores(self) -> tuple[StepScore, ...]:
        """Scores of both layers, those of the rules first. Created on request: few callers need them, and they are large."""
        return (*(self.by_rule.records() if self.by_rule else ()), *self.records)

    @property
    def trajectory_id(self) -> str:
        """Id of the run."""
        return self.record.trajectory_id

    @property
    def total_score(self) -> float | None:
        """In [0, 1]; missing with ``missing_reason`` where outcome or process is."""
        return self.record.total

    @property
    def outcome_score(self) -> float | None:
        """In [0, 1]; missing where nothing is known of the outcome."""
        return self.record.outcome

    @property
    def process_score(self) -> float | None:
        """In [0, 1]; missing for a run without a scored step."""
        return self.record.process

    @property
    def missing_reason(self) -> str | None:
        """Why there is no total."""
        return self.record.missing_reason

    @cached_property
    def step_rewards(self) -> tuple[StepReward, ...]:
        """Agent steps in order."""
        evidence: dict[int, dict[str, tuple[Evidence, ...]]] = {}
        for score in self.scores:
            if score.rubric_id in self.rubrics or score.rubric_id == "gate":
                row = evidence.setdefault(score.step_id, {})
                row[score.rubric_id] = (*row.get(score.rubric_id, ()), *score.evidence)
        return tuple(
            StepReward(
                step_id=step.step_id,
                total_score=step.reward,
                rubric_scores=self._rubric_scores(step.rubric_scores),
                gate=step.gate,
                evidence=evidence.get(step.step_id, {}),
            )
            for step in self.record.step_rewards
        )

    def _rubric_scores(self, text: str) -> dict[str, float]:
        fused: dict[str, float] = json.loads(text)
        return {name: fused[name] for name in self.rubrics if name in fused}

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "trajectory_id": self.trajectory_id,
            "total_score": self.total_score,
            "outcome_score": self.outcome_score,
            "process_score": self.process_score,
            "verdict": self.record.verdict,
            "confirmation": self.record.confirmation,
            "missing_reason": self.missing_reason,
            "judged": self.record.judged,
            "tamper": list(self.tamper),
            "notes": list(self.notes),
            "weights_version": self.record.weights_version,
            "scorer_versions": list(self.record.scorer_versions),
            "steps": [
                {
                    "step_id": step.step_id,
                    "total_score": step.total_score,
                    "gate": step.gate,
                    "rubric_scores": step.rubric_scores,
                    "evidence": {name: [e.model_dump(mode="json") for e in found] for name, found in step.evidence.items()},
                }
                for step in self.step_rewards
            ],
        }
