"""All signals together: a record for each run, and one for each group of runs."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from trajschema.rollout import Rollout
from trajschema.score import Reward
from trajschema.signals import BestOf, GroupSignals, RolloutSignals
from trajschema.trajectory import Trajectory

from agentreward.signals.advantages import Advantage, group_advantages
from agentreward.signals.cuts import compact_filter, loss_mask, soft_overlong
from agentreward.signals.localisation import localisation
from agentreward.signals.selection import Attempt, best_of_k
from agentreward.signals.similarity import patch_similarity

_GRADED = ("resolved", "unresolved")


class Group(NamedTuple):
    """Runs that can be compared, by trajectory id."""

    task_id: str
    judged: bool
    runs: tuple[Reward, ...]


def groups_of(rewards: Iterable[Reward]) -> list[Group]:
    """Groups in order of task: no control, no run without a task, never a judged run with an unjudged one or with other weights."""
    found: dict[tuple[str, bool, str], list[Reward]] = {}
    for r in rewards:
        if r.task_id is not None and not r.control:
            found.setdefault((r.task_id, r.judged, r.weights_version), []).append(r)
    return [Group(key[0], key[1], tuple(sorted(found[key], key=lambda r: r.trajectory_id))) for key in sorted(found)]


def group_signals(group: Group) -> GroupSignals:
    """Solve rate, mean and best of k of one group."""
    graded = [r for r in group.runs if r.verdict in _GRADED]
    totals = [r.total for r in group.runs if r.total is not None]
    resolved = sum(r.verdict == "resolved" for r in graded)
    attempts = [Attempt(r.process, r.verdict == "resolved") for r in graded if r.process is not None]
    return GroupSignals(
        task_id=group.task_id,
        judged=group.judged,
        runs=len(group.runs),
        rewarded=len(totals),
        graded=len(graded),
        solve_rate=resolved / len(graded) if graded else None,
        mean_total=math.fsum(totals) / len(totals) if totals else None,
        best_of=tuple(BestOf(k=b.k, random=b.random, process=b.picked, oracle=b.oracle) for b in best_of_k(attempts)),
    )


def rollout_signals(
    trajectories: Iterable[Trajectory],
    rewards: Mapping[str, Reward],
    rollouts: Mapping[str, Rollout],
    gold_patches: Mapping[str, str],
) -> list[RolloutSignals]:
    """A record for each run, in order.

    Args:
        rewards: by trajectory id.
        rollouts: by rollout id; a run without one has no value for how it was cut off.
        gold_patches: by task id; a run at a task without one has no values in the columns that need it.
    """
    advantages: dict[str, tuple[int, Advantage | None, float | None]] = {}
    for group in groups_of(rewards.values()):
        rate = group_signals(group).solve_rate
        rewarded = [(r.trajectory_id, r.total) for r in group.runs if r.total is not None]
        found = group_advantages([total for _, total in rewarded]) if len(rewarded) > 1 else [None] * len(rewarded)
        own = dict(zip((name for name, _ in rewarded), found, strict=True))
        advantages |= {r.trajectory_id: (len(rewarded), own.get(r.trajectory_id), rate) for r in group.runs}
    return [
        _row(run, rewards.get(run.trajectory_id), rollouts.get(run.rollout_id or ""), gold_patches.get(run.task_id or "", ""), advantages)
        for run in trajectories
    ]


def _row(
    run: Trajectory,
    reward: Reward | None,
    rollout: Rollout | None,
    gold: str,
    advantages: Mapping[str, tuple[int, Advantage | None, float | None]],
) -> RolloutSignals:
    size, advantage, rate = advantages.get(run.trajectory_id, (0, None, None))
    place = localisation(run.steps, gold) if gold else None
    cut = compact_filter(rollout.exit, rollout.exit_reason) if rollout else None
    limit = _step_limit(rollout)
    taken = sum(s.source == "agent" for s in run.steps)
    return RolloutSignals(
        trajectory_id=run.trajectory_id,
        task_id=run.task_id,
        agent=run.agent,
        control=reward.control if reward else False,
        group_size=size,
        advantage_grpo=advantage.grpo if advantage else None,
        advantage_dr_grpo=advantage.dr_grpo if advantage else None,
        advantage_leave_one_out=advantage.leave_one_out if advantage else None,
        no_advantage=None if advantage else _why_none(reward),
        solve_rate=rate,
        patch_similarity=patch_similarity(run.final_diff, gold) if gold else None,
        fault_first_seen=place.first_seen if place else None,
        localisation_recall=place.recall if place else None,
        cut_off=cut.any if cut else None,
        cut_by_time=cut.time if cut else None,
        cut_by_length=cut.length if cut else None,
        cut_by_steps=cut.steps if cut else None,
        overlong_penalty=soft_overlong(taken, limit) if limit else None,
        loss_mask=loss_mask(run.steps),
    )


def _why_none(reward: Reward | None) -> str:
    if reward is None:
        return "no reward"
    if reward.control:
        return "a control is in no group"
    if reward.task_id is None:
        return "the task is not known"
    return f"no total: {reward.missing_reason}" if reward.total is None else "no other run of its group has a total"


def _step_limit(rollout: Rollout | None) -> int | None:
    """Steps that the agent was allowed, where its parameters name them."""
    limit = json.loads(rollout.agent.parameters).get("max_steps") if rollout else None
    return limit if isinstance(limit, int) and limit > 0 else None


def mean_best_of(groups: Sequence[GroupSignals]) -> list[tuple[BestOf, int]]:
    """Best of k over groups: each group counts once for every k that it is large enough for; with the number of groups."""
    by_k: dict[int, list[BestOf]] = {}
    for b in (b for g in groups for b in g.best_of):
        by_k.setdefault(b.k, []).append(b)
    return [(_over(k, found), len(found)) for k, found in sorted(by_k.items())]


def _over(k: int, found: Sequence[BestOf]) -> BestOf:
    return BestOf(
        k=k,
        random=_mean([b.random for b in found]),
        process=_mean([b.process for b in found]),
        oracle=_mean([b.oracle for b in found]),
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
