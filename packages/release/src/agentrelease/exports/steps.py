"""The ``steps`` config: one flat row for each step of each run, with what it earned."""

import json
from collections.abc import Iterator
from typing import Any

from agentreward.signals.cuts import loss_mask
from trajschema.score import RUBRICS, Reward, StepReward
from trajschema.trajectory import Step, Trajectory

from agentrelease.records import Records

Row = dict[str, Any]


def step_rows(records: Records) -> Iterator[Row]:
    """Rows with the columns of ``agentrelease.configs.STEPS``. A step without a reward has none: it is never filled in."""
    for trajectory in records.trajectories.values():
        reward = records.rewards.get(trajectory.trajectory_id)
        run = _run_columns(trajectory, reward, records)
        earned = {r.step_id: r for r in reward.step_rewards} if reward else {}
        for step, mask in zip(trajectory.steps, loss_mask(trajectory.steps), strict=True):
            yield {**run, **_step_columns(step), **_reward_columns(earned.get(step.step_id)), "loss_mask": mask}


def _run_columns(trajectory: Trajectory, reward: Reward | None, records: Records) -> Row:
    return {
        "task_id": trajectory.task_id,
        "repo": records.repo_of(trajectory.task_id),
        "trajectory_id": trajectory.trajectory_id,
        "agent": trajectory.agent,
        "control": reward.control if reward else None,
        "verdict": reward.verdict if reward else None,
    }


def _step_columns(step: Step) -> Row:
    usage = step.usage
    return {
        "step_id": step.step_id,
        "source": step.source,
        "message": step.message,
        "reasoning": step.reasoning,
        "tools": [c.name for c in step.tool_calls],
        "raw_tools": [c.raw_name for c in step.tool_calls],
        "arguments": [c.arguments for c in step.tool_calls],
        "observations": [o.content for o in step.observations],
        "exit_codes": [o.exit_code for o in step.observations],
        "errors": [o.error for o in step.observations],
        "flags": list(step.flags),
        "prompt_tokens": usage.prompt_tokens if usage else None,
        "completion_tokens": usage.completion_tokens if usage else None,
    }


def _reward_columns(earned: StepReward | None) -> Row:
    scores = json.loads(earned.rubric_scores) if earned else {}
    return {
        "reward": earned.reward if earned else None,
        "gate": earned.gate if earned else None,
        **{rubric: scores.get(rubric) for rubric in RUBRICS},
    }
