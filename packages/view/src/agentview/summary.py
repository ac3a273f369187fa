"""The numbers of the report, counted from the records."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trajschema.outcome import Confirmation, Outcome, confirmation_counts
from trajschema.score import Reward

from agentview.data import ReportData
from agentview.statistics import Interval, auc, paired_difference, wilson

_GRADED = ("resolved", "unresolved")


@dataclass(frozen=True)
class AgentSummary:
    """One agent: its verdicts, pass rate and rewards. ``index`` chooses its colour."""

    name: str
    control: bool
    index: int
    runs: int
    resolved: int
    """As rewards count it: a doubted pass is unresolved."""
    passes: Mapping[Confirmation, int]
    """Runs that the tests call resolved, by confirmation."""
    rate: Interval
    other: dict[str, int]
    """Runs by verdict that is neither resolved nor unresolved."""
    totals: tuple[float, ...]
    steps: float
    """Mean agent steps a run."""
    gated: float | None
    """Share of agent steps that were gated."""

    @property
    def mean_total(self) -> float | None:
        return sum(self.totals) / len(self.totals) if self.totals else None


def agent_summaries(data: ReportData) -> list[AgentSummary]:
    """Agents, best pass rate first, controls last."""
    by_agent: dict[tuple[str, bool], list[Reward]] = defaultdict(list)
    for reward in data.rewards:
        by_agent[reward.agent, reward.control].append(reward)
    names = sorted(by_agent)
    outcomes = {o.rollout_id: o for o in data.outcomes}
    found = [_summary(name, control, i, by_agent[name, control], outcomes) for i, (name, control) in enumerate(names)]
    return sorted(found, key=lambda a: (a.control, -(a.rate.value or 0), a.name))


def _summary(name: str, control: bool, index: int, rewards: list[Reward], outcomes: Mapping[str, Outcome]) -> AgentSummary:
    verdicts = Counter(r.verdict for r in rewards)
    steps = sum(r.agent_steps for r in rewards)
    return AgentSummary(
        name=name,
        control=control,
        index=index,
        runs=len(rewards),
        resolved=verdicts["resolved"],
        passes=confirmation_counts(o for r in rewards if (o := outcomes.get(r.rollout_id or ""))),
        rate=wilson(verdicts["resolved"], sum(verdicts[v] for v in _GRADED)),
        other={v: n for v, n in sorted(verdicts.items()) if v not in _GRADED},
        totals=tuple(sorted(r.total for r in rewards if r.total is not None)),
        steps=steps / len(rewards),
        gated=sum(r.gated_steps for r in rewards) / steps if steps else None,
    )


def pass_difference(data: ReportData) -> Interval:
    """Pass rate of the first compared agent minus the second's, paired by task."""
    one, other = (_verdicts(data, agent) for agent in data.compare)
    return paired_difference(one, other)


def _verdicts(data: ReportData, agent: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for reward in sorted(data.rewards, key=lambda r: r.trajectory_id):
        if reward.agent == agent and reward.task_id and reward.verdict in _GRADED:
            found[reward.task_id].append(float(reward.verdict == "resolved"))
    return found


def separable(data: ReportData) -> list[Reward]:
    """Runs that can show whether process tells resolved from unresolved: graded, scored, no controls."""
    kept = [r for r in data.rewards if r.process is not None and r.verdict in _GRADED and not r.control]
    return sorted(kept, key=lambda r: r.trajectory_id)


def process_auc(data: ReportData) -> Interval:
    """How well the process reward alone, outcome hidden, tells resolved from unresolved runs."""
    return _auc(data, lambda r: r.process or 0.0)


def brevity_auc(data: ReportData) -> Interval:
    """The trivial baseline beside it: the shorter run is the resolved one."""
    return _auc(data, lambda r: -float(r.agent_steps))


def _auc(data: ReportData, value: Callable[[Reward], float]) -> Interval:
    runs = separable(data)
    return auc([value(r) for r in runs], [r.verdict == "resolved" for r in runs], [r.task_id or r.trajectory_id for r in runs])


@dataclass(frozen=True)
class Headline:
    """One number at the top of the page."""

    value: str
    label: str
    note: str


def headlines(data: ReportData) -> list[Headline]:
    """The six numbers that a reader wants first."""
    runs = [r for r in data.rewards if not r.control]
    graded = [r for r in runs if r.verdict in _GRADED]
    resolved = sum(r.verdict == "resolved" for r in graded)
    repos = len({t.repo for t in data.tasks})
    steps = sum(r.agent_steps for r in data.rewards)
    scored = sum(s.reward is not None for r in data.rewards for s in r.step_rewards)
    judged = sum(r.judged for r in data.rewards)
    kinds = Counter(p.kind for p in data.pairs)
    missing = sum(r.total is None for r in data.rewards)
    return [
        Headline(f"{len(data.tasks):,}", "tasks", f"from {repos} repositor{'y' if repos == 1 else 'ies'}"),
        Headline(f"{len(data.trajectories):,}", "runs", f"{len(data.rewards) - len(runs):,} of them controls"),
        Headline(f"{steps:,}", "agent steps", f"{scored:,} with a reward"),
        Headline(_percent(resolved, len(graded)), "resolved", f"{resolved:,} of {len(graded):,} graded runs, no controls"),
        Headline(f"{len(data.pairs):,}", "preference pairs", ", ".join(f"{n:,} by {k}" for k, n in sorted(kinds.items())) or "none"),
        Headline(_percent(judged, len(data.rewards)), "runs judged", f"{missing:,} run{'' if missing == 1 else 's'} without a total"),
    ]


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "–"
