"""The records of a release, parsed and looked up by id: what the derived configs are made from."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from trajschema.arrow import from_table
from trajschema.outcome import Outcome
from trajschema.preference import PreferencePair
from trajschema.rollout import Rollout
from trajschema.score import Reward
from trajschema.task import Task
from trajschema.trajectory import Trajectory


@dataclass(frozen=True)
class Records:
    """Tasks, runs, verdicts, rewards and pairs, in the order of their tables."""

    tasks: Mapping[str, Task]
    rollouts: Mapping[str, Rollout]
    trajectories: Mapping[str, Trajectory]
    outcomes: Mapping[str, Outcome]
    """By rollout id."""
    rewards: Mapping[str, Reward]
    """By trajectory id."""
    pairs: tuple[PreferencePair, ...]

    def outcome_of(self, trajectory: Trajectory) -> Outcome | None:
        """The verdict on the rollout that ``trajectory`` records, where there is one."""
        return self.outcomes.get(trajectory.rollout_id or "")

    def repo_of(self, task_id: str | None) -> str | None:
        """Repository of a task; none where the task is not in the release."""
        task = self.tasks.get(task_id or "")
        return task.repo if task else None


def records_of(tables: Mapping[str, pa.Table]) -> Records:
    """Parse tables by config name (see ``agentrelease.configs``).

    Raises:
        pydantic.ValidationError: a row breaks the contract.
        trajschema.record.UnknownSchemaVersion: a row follows another schema version.
    """
    return Records(
        tasks={r.task_id: r for r in from_table(Task, tables["tasks"])},
        rollouts={r.rollout_id: r for r in from_table(Rollout, tables["rollouts"])},
        trajectories={r.trajectory_id: r for r in from_table(Trajectory, tables["trajectories"])},
        outcomes={r.rollout_id: r for r in from_table(Outcome, tables["outcomes"])},
        rewards={r.trajectory_id: r for r in from_table(Reward, tables["rewards"])},
        pairs=tuple(from_table(PreferencePair, tables["preference_pairs"])),
    )
