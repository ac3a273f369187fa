"""Preference pairs: two runs at one task, one better than the other, and why.

:func:`build_pairs` makes the stored records from rewards; :func:`build_preferences` takes what the engine gave, or runs whose reward is
known and nothing else.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Union

from trajschema.ids import content_id
from trajschema.outcome import Confirmation
from trajschema.preference import PreferencePair as PairRecord
from trajschema.score import Reward

from agentreward.errors import InvalidScores, short

if TYPE_CHECKING:
    from agentreward.result import TrajectoryReward

_MOST_STEPS = 1_000_000_000
Rewarded = Union[Mapping[str, Any], "TrajectoryReward"]


@dataclass(frozen=True)
class PreferencePair:
    """One run preferred to another at the same task.

    ``kind`` is what sets the two apart: the outcome, how the work was done (process), or the reward that was given for the run,
    where no more is known of it. ``length_ratio`` is steps of chosen over steps of rejected. What is stored is
    :class:`trajschema.preference.PreferencePair`.
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
    confirmation: Confirmation | None = None

    def margin(self) -> float:
        """How much better the chosen run is: the difference of the rewards, in (0, 1]."""
        return self.chosen_reward - self.rejected_reward


class _Candidate(NamedTuple):
    chosen: Reward
    rejected: Reward
    kind: Literal["outcome", "process"]
    margin: float

    @property
    def quality(self) -> float:
        """A wide margin between runs of similar length says most about the work and least about its length."""
        return self.margin / (1.0 + abs(math.log(self.chosen.agent_steps / self.rejected.agent_steps)))


def build_pairs(rewards: Sequence[Reward], *, min_margin: float = 0.05, max_pairs_per_task: int | None = 8) -> list[PairRecord]:
    """At most ``max_pairs_per_task`` pairs of each task (``None``: all), in order of task and quality.

    - kind ``outcome``: resolved over unresolved, or a better claim over a worse one. A doubted pass is unresolved, and never chosen.
    - kind ``process``: the same verdict, and neither outcome nor process worse.
    - The total of chosen is at least ``min_margin`` above that of rejected.
    - Never a control, a missing total, a judged with an unjudged run, or two runs scored with different weights.
    - Runs take turns: a pair of runs that are in few pairs yet comes first, then margin over difference in length. The same
      rewards in any order give the same pairs.

    Raises:
        ValueError: ``min_margin`` is not above 0, or ``max_pairs_per_task`` is negative.
    """
    if not min_margin > 0 or (max_pairs_per_task is not None and max_pairs_per_task < 0):
        raise ValueError(f"min_margin must be above 0 and max_pairs_per_task not negative, not {min_margin} and {max_pairs_per_task}")
    by_task: dict[str, dict[str, Reward]] = {}
    for reward in rewards:
        if reward.task_id is not None and reward.total is not None and not reward.control and reward.agent_steps > 0:
            by_task.setdefault(reward.task_id, {})[reward.trajectory_id] = reward
    pairs: list[PairRecord] = []
    for task_id in sorted(by_task):
        runs = [by_task[task_id][i] for i in sorted(by_task[task_id])]
        candidates = [c for a, b in combinations(runs, 2) if (c := _candidate(a, b, min_margin)) is not None]
        pairs.extend(_pair(task_id, c) for c in _choose(candidates, max_pairs_per_task))
    return pairs


def _candidate(a: Reward, b: Reward, min_margin: float) -> _Candidate | None:
    if a.judged != b.judged or a.weights_version != b.weights_version or a.total is None or b.total is None:
        return None
    chosen, rejected, margin = (a, b, a.total - b.total) if a.total >= b.total else (b, a, b.total - a.total)
    # Decimal rewards differ by a little less than they seem to: 0.9 - 0.8 < 0.1.
    if round(margin, 12) < min_margin or chosen.confirmation == "doubted":
        return None
    if (chosen.verdict, rejected.verdict) == ("resolved", "unresolved") or _claimed_better(chosen, rejected):
        return _Candidate(chosen, rejected, "outcome", margin)
    same = chosen.verdict == rejected.verdict and (chosen.outcome or 0.0) >= (rejected.outcome or 0.0)
    if same and (chosen.process or 0.0) > (rejected.process or 0.0):
        return _Candidate(chosen, rejected, "process", margin)
    return None


def _claimed_better(chosen: Reward, rejected: Reward) -> bool:
    """Two claims that differ. A claim is never compared with a graded run: that would compare words with tests."""
    return chosen.verdict == rejected.verdict == "claimed" and (chosen.outcome or 0.0) > (rejected.outcome or 0.0)


def _choose(candidates: Iterable[_Candidate], most: int | None) -> list[_Candidate]:
    left = sorted(candidates, key=lambda c: (-c.quality, c.chosen.trajectory_id, c.rejected.trajectory_id))
    if most is None:
        return left
    used: dict[str, int] = {}
    chosen: list[_Candidate] = []
    while left and len(chosen) < most:
        best = min(left, key=lambda c: used.get(c.chosen.trajectory_id, 0) + used.get(c.rejected.trajectory_id, 0))
        left.remove(best)
        chosen.append(best)
        for run in (best.chosen, best.rejected):
            used[run.trajectory_id] = used.get(run.trajectory_id, 0) + 1
    return chosen


def _pair(task_id: str, c: _Candidate) -> PairRecord:
    chosen, rejected = c.chosen, c.rejected
    return PairRecord(
        pair_id=content_id([chosen.trajectory_id, rejected.trajectory_id, c.kind]),
        task_id=task_id,
        chosen_trajectory_id=chosen.trajectory_id,
        rejected_trajectory_id=rejected.trajectory_id,
        chosen_reward=chosen.total or 0.0,
        rejected_reward=rejected.total or 0.0,
        margin=c.margin,
        kind=c.kind,
        confirmation=_confirmation(c),
        why=_why(c),
        length_ratio=chosen.agent_steps / rejected.agent_steps,
        weights_version=chosen.weights_version,
    )


def _confirmation(c: _Candidate) -> Confirmation | None:
    """That of the passes among the two runs: as weak as the weaker one."""
    passes = [run.confirmation for run in (c.chosen, c.rejected) if run.verdict == "resolved"]
    if not passes or None in passes:
        return None
    return "confirmed" if set(passes) == {"confirmed"} else "unconfirmed"


def _why(c: _Candidate) -> str:
    a, b = c.chosen, c.rejected
    if a.outcome is None:
        return f"{_name(a)} was rewarded {a.total or 0:.2f} in {a.agent_steps} steps, {_name(b)} {b.total or 0:.2f} in {b.agent_steps}."
    if c.kind == "outcome" and a.verdict == "claimed":
        return f"{_name(a)} ended better by what it claims ({a.outcome:.2f} against {b.outcome or 0:.2f})."
    if c.kind == "outcome":
        did_not = "passes the tests and is doubted" if b.confirmation == "doubted" else "did not"
        return f"{_name(a)} resolved the task in {a.agent_steps} steps; {_name(b)} {did_not}, in {b.agent_steps}."
    return (
        f"Both ended {a.verdict}; {_name(a)} worked better (process {a.process or 0:.2f} in {a.agent_steps} steps) "
        f"than {_name(b)} ({b.process or 0:.2f} in {b.agent_steps})."
    )


def _name(run: Reward) -> str:
    return run.agent or "one run"


def build_preferences(
    trajectories_by_task: Mapping[str, Sequence[Rewarded]], min_margin: float = 0.1, max_pairs_per_task: int | None = None
) -> list[PreferencePair]:
    """Pairs of each task whose rewards differ by at least ``min_margin``, the clearest first; all of them by default.

    A run is ``{"id": …, "reward": from 0 to 1, "step_count": …}`` or what the engine gave for it. For the latter, pairs keep the
    rules of :func:`build_pairs`; a run whose total is missing is in no pair.

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
            reward = _reward(run, task_id, f"{task_id}[{place}]")
            if reward.trajectory_id in seen:
                raise InvalidScores(f"{task_id}: two runs with the id {reward.trajectory_id!r}; give each run an id of its own")
            seen.add(reward.trajectory_id)
            rewards.append(reward)
            if isinstance(run, Mapping):
                plain.add((task_id, reward.trajectory_id))
    try:
        records = build_pairs(rewards, min_margin=min_margin, max_pairs_per_task=max_pairs_per_task)
    except ValueError as error:
        raise InvalidScores(str(error)) from error
    named = [f.name for f in fields(PreferencePair)]
    found = []
    for record in records:
        given = (record.task_id, record.chosen_trajectory_id) in plain
        found.append(PreferencePair(**{name: getattr(record, name) for name in named} | ({"kind": "reward"} if given else {})))
    return found


def _reward(run: Rewarded, task_id: str, where: str) -> Reward:
    if not isinstance(run, Mapping):
        record = getattr(run, "record", None)
        if isinstance(record, Reward):
            return record.model_copy(update={"task_id": task_id})
        raise InvalidScores(f"{where}: {short(run)} is no run; give id, reward and step_count, or what the engine gave for it")
    name, reward, steps = run.get("id"), run.get("reward"), run.get("step_count")
    if not isinstance(name, str) or not name:
        raise InvalidScores(f"{where}: 'id' is {name!r}; name the run with a text")
    if isinstance(reward, bool) or not isinstance(reward, int | float) or not 0 <= reward <= 1:
        raise InvalidScores(f"{where}: 'reward' is {short(reward)}; give a number from 0 to 1")
    if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= _MOST_STEPS:
        raise InvalidScores(f"{where}: 'step_count' is {short(steps)}; give the number of steps, 1 to {_MOST_STEPS:,}")
    return Reward(trajectory_id=name, task_id=task_id, agent=name, process=reward, total=reward, agent_steps=steps, weights_version="given")
