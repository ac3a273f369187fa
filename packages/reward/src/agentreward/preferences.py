"""Preference pairs from runs that are rewarded already, grouped by task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from trajschema.score import Reward

from agentreward.dict_runs import short
from agentreward.errors import InvalidScores
from agentreward.pairs import build_pairs
from agentreward.result import TrajectoryReward

_MOST_STEPS = 1_000_000_000
Rewarded = Mapping[str, Any] | TrajectoryReward


@dataclass(frozen=True)
class PreferencePair:
    """One run preferred to another at the same task.

    ``kind`` is what sets the two apart: the outcome, how the work was done (process), or the reward that was given for the run,
    where no more is known of it. ``length_ratio`` is steps of chosen over steps of rejected.
    """

    pair_id: str
    task_id: str
    chosen_trajectory_id: str
    rejected_trajectory_id: str
    chosen_reward: float
    rejected_reward: float
    kind: Literal["outcome", "process", "step", "reward"]
    why: str
    length_ratio: float

    def margin(self) -> float:
        """How much better the chosen run is: the difference of the rewards, in (0, 1]."""
        return self.chosen_reward - self.rejected_reward


def build_preferences(
    trajectories_by_task: Mapping[str, Sequence[Rewarded]], min_margin: float = 0.1, max_pairs_per_task: int | None = None
) -> list[PreferencePair]:
    """Pairs of each task whose rewards differ by at least ``min_margin``, the clearest first; all of them by default.

    A run is ``{"id": …, "reward": from 0 to 1, "step_count": …}`` or what the engine gave for it. Of the latter, pairs keep the
    promises of :func:`agentreward.pairs.build_pairs`; a run whose total is missing is in no pair.

    Raises:
        InvalidScores: a run is neither, lacks one of the three or has it out of range, two runs of a task share an id, or a limit
            is wrong.
    """
    rewards, plain = [], set()
    if not isinstance(trajectories_by_task, Mapping):
        raise InvalidScores(f"{short(trajectories_by_task)} is no object; give task id → list of runs")
    for task_id, runs in trajectories_by_task.items():
        if not isinstance(runs, Sequence) or isinstance(runs, str):
            raise InvalidScores(f"{task_id}: {short(runs)} is no list of runs; give task id → list of runs")
        seen: set[str] = set()
        for place, run in enumerate(runs):
            reward = _engine(run, task_id) if isinstance(run, TrajectoryReward) else _given(run, task_id, f"{task_id}[{place}]")
            if reward.trajectory_id in seen:
                raise InvalidScores(f"{task_id}: two runs with the id {reward.trajectory_id!r}; give each run an id of its own")
            seen.add(reward.trajectory_id)
            rewards.append(reward)
            if not isinstance(run, TrajectoryReward):
                plain.add((task_id, reward.trajectory_id))
    try:
        found = build_pairs(rewards, min_margin=min_margin, max_pairs_per_task=max_pairs_per_task)
    except ValueError as error:
        raise InvalidScores(str(error)) from error
    return [
        PreferencePair(
            pair_id=p.pair_id,
            task_id=p.task_id,
            chosen_trajectory_id=p.chosen_trajectory_id,
            rejected_trajectory_id=p.rejected_trajectory_id,
            chosen_reward=p.chosen_reward,
            rejected_reward=p.rejected_reward,
            kind="reward" if (p.task_id, p.chosen_trajectory_id) in plain else p.kind,
            why=p.why,
            length_ratio=p.length_ratio,
        )
        for p in found
    ]


def _engine(run: TrajectoryReward, task_id: str) -> Reward:
    return run.record.model_copy(update={"task_id": task_id})


def _given(run: Mapping[str, Any], task_id: str, where: str) -> Reward:
    if not isinstance(run, Mapping):
        raise InvalidScores(f"{where}: {short(run)} is no run; give id, reward and step_count, or what the engine gave for it")
    name, reward, steps = run.get("id"), run.get("reward"), run.get("step_count")
    if not isinstance(name, str) or not name:
        raise InvalidScores(f"{where}: 'id' is {name!r}; name the run with a text")
    if isinstance(reward, bool) or not isinstance(reward, int | float) or not 0 <= reward <= 1:
        raise InvalidScores(f"{where}: 'reward' is {short(reward)}; give a number from 0 to 1")
    if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= _MOST_STEPS:
        raise InvalidScores(f"{where}: 'step_count' is {short(steps)}; give the number of steps, 1 to {_MOST_STEPS:,}")
    return Reward(trajectory_id=name, task_id=task_id, agent=name, process=reward, total=reward, agent_steps=steps, weights_version="given")
