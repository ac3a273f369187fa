"""The ``sft`` config: runs worth imitating."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trajschema.trajectory import Trajectory

from agentrelease.exports.messages import messages_of, tools_of
from agentrelease.records import Records


def sft_rows(records: Records, definitions: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows with the columns of ``agentrelease.configs.SFT``, one for each run that :func:`teaches`."""
    for trajectory in records.trajectories.values():
        if teaches(trajectory, records):
            reward = records.rewards[trajectory.trajectory_id]
            yield {
                "task_id": trajectory.task_id,
                "trajectory_id": trajectory.trajectory_id,
                "repo": records.repo_of(trajectory.task_id),
                "agent": trajectory.agent,
                "confirmation": reward.confirmation,
                "messages": messages_of(trajectory),
                "tools": tools_of(trajectory, definitions),
                "total": reward.total,
                "process": reward.process,
            }


def teaches(trajectory: Trajectory, records: Records) -> bool:
    """Whether a run may be imitated: graded resolved, not doubted, no sign of tampering, known to be no control, and it acted."""
    outcome, reward = records.outcome_of(trajectory), records.rewards.get(trajectory.trajectory_id)
    if outcome is None or reward is None or reward.control:
        return False
    acted = any(step.source == "agent" and step.tool_calls for step in trajectory.steps)
    return outcome.passed_as in ("confirmed", "unconfirmed") and not outcome.tamper and acted
