"""Rewards made again from scores and outcomes, and pairs from rewards, then compared with what the release says."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from agentreward.aggregate.claims import examined
from agentreward.aggregate.fusion import ScoreMismatch, reward
from agentreward.preferences import build_pairs
from trajschema.score import Reward, StepScore
from trajschema.trajectory import Trajectory

from agentrelease.release import Release

_TOLERANCE = 1e-9
"""Room for floating point of another machine."""


def reward_problems(release: Release) -> Iterator[str]:
    """Rewards that do not follow from scores and outcomes, and runs without one."""
    scores: dict[str, list[StepScore]] = defaultdict(list)
    for score in release.scores:
        scores[score.trajectory_id].append(score)
    for trajectory_id, kept in release.records.rewards.items():
        trajectory = release.records.trajectories.get(trajectory_id)
        if trajectory is None:
            yield f"{trajectory_id}: there is no such run"
            continue
        try:
            made = _remade(kept, trajectory, scores[trajectory_id], release)
        except ScoreMismatch as problem:
            yield str(problem)
            continue
        yield from (
            f"{trajectory_id}: {name} is {old}, recomputed {new}"
            for name, old, new in _differences(kept.model_dump(mode="json"), made.model_dump(mode="json"))
        )
    yield from (f"{run}: there is no reward" for run in sorted(release.records.trajectories.keys() - release.records.rewards.keys()))


def _remade(kept: Reward, trajectory: Trajectory, scores: list[StepScore], release: Release) -> Reward:
    return reward(
        trajectory.trajectory_id,
        [step.step_id for step in trajectory.steps if step.source == "agent"],
        examined(release.records.outcome_of(trajectory), trajectory.steps, release.settings.weights),
        scores,
        release.settings.weights,
        rollout_id=trajectory.rollout_id,
        task_id=trajectory.task_id,
        agent=trajectory.agent,
        control=kept.control,
        versions=dict(version.split("=", 1) for version in kept.scorer_versions if "=" in version),
    )


def pair_problems(release: Release) -> Iterator[str]:
    """Pairs that the rewards do not give, and pairs that they give and that are missing."""
    settings = release.settings.pairs
    rewards = list(release.records.rewards.values())
    built = build_pairs(rewards, min_margin=settings.min_margin, max_pairs_per_task=settings.max_pairs_per_task)
    made, kept = {p.pair_id: p for p in built}, {p.pair_id: p for p in release.records.pairs}
    yield from (f"{pair_id} does not follow from the rewards" for pair_id in sorted(kept.keys() - made.keys()))
    yield from (f"{pair_id} follows from the rewards but is missing" for pair_id in sorted(made.keys() - kept.keys()))
    for pair_id in sorted(kept.keys() & made.keys()):
        found = _differences(kept[pair_id].model_dump(mode="json"), made[pair_id].model_dump(mode="json"))
        yield from (f"{pair_id}: {name} is {old}, rebuilt {new}" for name, old, new in found)


def _differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name, value in one.items():
        new = other[name]
        if isinstance(value, list) and isinstance(new, list) and len(value) == len(new):
            for i, (a, b) in enumerate(zip(value, new, strict=True)):
                inner = _differences(a, b) if isinstance(a, dict) else iter([("", a, b)] if not _same(a, b) else [])
                yield from ((f"{name}[{i}]{'.' if part else ''}{part}", x, y) for part, x, y in inner)
        elif not _same(value, new):
            yield name, value, new


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=0, abs_tol=_TOLERANCE)
    return bool(one == other)
