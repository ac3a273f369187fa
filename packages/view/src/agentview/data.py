"""What a report is made from: records, and the few facts that stand in none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trajschema.calibration import Calibration
from trajschema.manifest import Lineage
from trajschema.outcome import Outcome
from trajschema.preference import PreferencePair
from trajschema.rollout import Rollout
from trajschema.score import Reward, StepScore
from trajschema.task import Task
from trajschema.trajectory import Trajectory


@dataclass(frozen=True)
class Goal:
    """Something that the project set itself to reach."""

    name: str
    have: float | None
    """Missing where it has not been measured."""
    want: float

    @property
    def met(self) -> bool:
        return self.have is not None and self.have >= self.want


@dataclass(frozen=True)
class ReportData:
    """Everything that a report shows. Records may come in any order; the page does not depend on it."""

    title: str
    tasks: tuple[Task, ...]
    trajectories: tuple[Trajectory, ...]
    outcomes: tuple[Outcome, ...]
    scores: tuple[StepScore, ...]
    """Of both layers."""
    rewards: tuple[Reward, ...]
    pairs: tuple[PreferencePair, ...]
    calibration: Calibration
    rollouts: tuple[Rollout, ...] = ()
    goals: tuple[Goal, ...] = ()
    lineage: tuple[Lineage, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    """Shown with the provenance as they are: release id, code version, configuration."""
    compare: tuple[str, str] = ("localising", "random")
    """The two agents whose pass rates are set against each other, task by task."""
