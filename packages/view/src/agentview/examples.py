"""Which runs and pairs stand in the report as examples: chosen by rule, never by hand."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trajschema.diffs import LineKind, line_kinds
from trajschema.preference import PreferencePair
from trajschema.score import Reward
from trajschema.task import Task
from trajschema.trajectory import Trajectory

from agentview.data import ReportData
from agentview.steps import RunView, Scores, run_view
from agentview.text import Excerpt, clean, head

_RUNS = 6


@dataclass(frozen=True)
class DiffLine:
    """One line, and what it is."""

    kind: LineKind
    text: str


def diff_lines(diff: str, limit: int = 60) -> list[DiffLine]:
    """The first ``limit`` lines of ``diff``; a last line says how many more there are."""
    lines = clean(diff).rstrip("\n").split("\n") if diff.strip() else []
    shown = [DiffLine(kind, line[:300]) for kind, line in line_kinds(lines[:limit])]
    rest = len(lines) - limit
    return [*shown, DiffLine("hunk", f"… {rest:,} more line{'' if rest == 1 else 's'}")] if rest > 0 else shown


@dataclass(frozen=True)
class TaskExample:
    """A task with one run of each agent, best total first."""

    task_id: str
    repo: str
    statement: Excerpt
    gold: list[DiffLine]
    runs: list[RunView]


@dataclass(frozen=True)
class PairExample:
    """A pair with both of its runs."""

    pair_id: str
    task_id: str
    kind: str
    why: str
    margin: float
    length_ratio: float
    chosen: RunView
    rejected: RunView
    chosen_diff: list[DiffLine]
    rejected_diff: list[DiffLine]


def task_examples(data: ReportData, scores: Scores, count: int = 2) -> list[TaskExample]:
    """Tasks whose runs differ most: of those with a resolved and an unresolved run first, the widest spread of totals."""
    by_task: dict[str, list[Reward]] = defaultdict(list)
    for reward in data.rewards:
        if reward.task_id:
            by_task[reward.task_id].append(reward)
    known = {t.task_id: t for t in data.tasks}
    runs = {t.trajectory_id: t for t in data.trajectories}
    ranked = sorted((t for t in by_task if t in known), key=lambda t: (_contrast(by_task[t]), t), reverse=True)
    picked = _one_a_repository(ranked, known, count)
    return [example for t in picked if (example := _task_example(known[t], by_task[t], runs, scores)).runs]


def _contrast(rewards: Sequence[Reward]) -> tuple[bool, float]:
    runs = [r for r in rewards if not r.control and r.total is not None]
    totals = [r.total or 0.0 for r in runs]
    return {"resolved", "unresolved"} <= {r.verdict for r in runs}, max(totals, default=0.0) - min(totals, default=0.0)


def _one_a_repository(ranked: Sequence[str], tasks: Mapping[str, Task], count: int) -> list[str]:
    first: dict[str, str] = {}
    for task_id in ranked:
        first.setdefault(tasks[task_id].repo, task_id)
    others = [t for t in ranked if t not in first.values()]
    return [*first.values(), *others][:count]


def _task_example(task: Task, rewards: Sequence[Reward], runs: Mapping[str, Trajectory], scores: Scores) -> TaskExample:
    first: dict[str, Reward] = {}
    for reward in sorted(rewards, key=lambda r: (r.total is None, r.trajectory_id)):
        if reward.trajectory_id in runs and runs[reward.trajectory_id].steps:
            first.setdefault(reward.agent, reward)
    shown = sorted(first.values(), key=lambda r: (r.control, -(r.total or 0.0), r.agent))[:_RUNS]
    views = [run_view(runs[r.trajectory_id], r, scores) for r in shown]
    return TaskExample(task.task_id, clean(task.repo), head(task.problem_statement, 12, 1_200), diff_lines(task.gold_patch, 30), views)


def pair_examples(data: ReportData, scores: Scores, count: int = 4) -> list[PairExample]:
    """Pairs of every kind, widest margins first, no task twice while others remain."""
    runs = {t.trajectory_id: t for t in data.trajectories}
    rewards = {r.trajectory_id: r for r in data.rewards}
    whole = [p for p in data.pairs if p.chosen_trajectory_id in runs and p.rejected_trajectory_id in runs]
    return [_pair_example(p, runs, rewards, scores) for p in _varied(whole, count)]


def _varied(pairs: Sequence[PreferencePair], count: int) -> list[PreferencePair]:
    ranked = sorted(pairs, key=lambda p: (-p.margin, p.pair_id))
    queues = [[p for p in ranked if p.kind == kind] for kind in ("outcome", "process", "step")]
    picked: list[PreferencePair] = []
    while len(picked) < count and any(queues):
        for queue in [q for q in queues if q]:
            seen = {p.task_id for p in picked}
            picked.append(queue.pop(next((i for i, p in enumerate(queue) if p.task_id not in seen), 0)))
    return picked[:count]


def _pair_example(pair: PreferencePair, runs: Mapping[str, Trajectory], rewards: Mapping[str, Reward], scores: Scores) -> PairExample:
    chosen, rejected = (run_view(runs[i], rewards.get(i), scores) for i in (pair.chosen_trajectory_id, pair.rejected_trajectory_id))
    return PairExample(
        pair_id=pair.pair_id,
        task_id=pair.task_id,
        kind=pair.kind,
        why=head(pair.why, 4, 400).text,
        margin=pair.margin,
        length_ratio=pair.length_ratio,
        chosen=chosen,
        rejected=rejected,
        chosen_diff=diff_lines(chosen.diff, 30),
        rejected_diff=diff_lines(rejected.diff, 30),
    )
