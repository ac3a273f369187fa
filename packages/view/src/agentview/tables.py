"""The tables of the report: tasks with every agent's verdict, provenance, lineage."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from trajschema.manifest import Lineage
from trajschema.outcome import Outcome
from trajschema.rollout import Rollout
from trajschema.score import Reward
from trajschema.task import Task

from agentview.data import ReportData
from agentview.text import clean

SHOWN_TASKS = 300
_GLYPHS = {"resolved": "✓", "unresolved": "×", "error": "!", "not_evaluated": "?", "claimed": "…"}


@dataclass(frozen=True)
class Verdict:
    """What one agent's attempts at one task came to."""

    text: str
    kind: str
    """``resolved``, ``unresolved``, ``mixed``, ``other`` or ``none``."""
    title: str


@dataclass(frozen=True)
class TaskRow:
    """One task."""

    task: Task
    operators: str
    certificate: str
    verdicts: tuple[Verdict, ...]


def task_rows(data: ReportData, agents: Sequence[str]) -> list[TaskRow]:
    """Tasks by repository and id, at most ``SHOWN_TASKS``, with a verdict for each of ``agents``."""
    by_cell: dict[tuple[str | None, str], list[Reward]] = defaultdict(list)
    for reward in data.rewards:
        by_cell[reward.task_id, reward.agent].append(reward)
    shown = sorted(data.tasks, key=lambda t: (t.repo, t.task_id))[:SHOWN_TASKS]
    return [
        TaskRow(
            t,
            clean(", ".join(t.source.operators)) or t.source.kind,
            _certificate(t),
            tuple(_verdict(by_cell[t.task_id, a]) for a in agents),
        )
        for t in shown
    ]


def _certificate(task: Task) -> str:
    proof = task.certificate
    if proof is None:
        return "none"
    known = proof.comparability
    parts = [
        f"{proof.gold_runs} + {proof.bug_runs}",
        f"{len(proof.flaky)} flaky" if proof.flaky else "",
        f"{known.compared}/{known.functions} comparable" if known else "",
    ]
    return ", ".join(filter(None, parts))


def _verdict(rewards: Sequence[Reward]) -> Verdict:
    counts = Counter(r.verdict for r in rewards)
    title = ", ".join(f"{n} {clean(v)}" for v, n in sorted(counts.items())) or "no run"
    if len(rewards) == 1:
        verdict = rewards[0].verdict
        return Verdict(_GLYPHS.get(verdict, "?"), verdict if verdict in ("resolved", "unresolved") else "other", title)
    if not rewards:
        return Verdict("", "none", title)
    kind = "mixed" if 0 < counts["resolved"] < len(rewards) else next(iter(counts)) if len(counts) == 1 else "other"
    return Verdict(f"{counts['resolved']}/{len(rewards)}", kind if kind in ("resolved", "unresolved", "mixed") else "other", title)


@dataclass(frozen=True)
class BackendRow:
    """Runs that took place in the same kind of box."""

    backend: str
    recipe: str
    network: bool
    not_enforced: str
    runs: int


def backend_rows(rollouts: Sequence[Rollout]) -> list[BackendRow]:
    """Boxes by kind, with what each could not enforce."""
    kinds = Counter(
        (place.backend, place.recipe_sha256[:12], place.limits.network, ", ".join(sorted(place.not_enforced)))
        if place
        else ("elsewhere", "", False, "not known")
        for place in (r.provenance for r in rollouts)
    )
    return [BackendRow(clean(b), clean(recipe), network, clean(missing), n) for (b, recipe, network, missing), n in sorted(kinds.items())]


@dataclass(frozen=True)
class LineageRow:
    """One asset: stored partitions that went in, and the distinct keys and contents among them."""

    asset: str
    partitions: int
    keys: int
    example: str


def lineage_rows(lineage: Sequence[Lineage]) -> list[LineageRow]:
    """Stored partitions by asset, in the order in which assets first appear."""
    by_asset: dict[str, list[Lineage]] = {}
    for line in lineage:
        by_asset.setdefault(line.asset, []).append(line)
    return [_lineage_row(asset, lines) for asset, lines in by_asset.items()]


def _lineage_row(asset: str, lines: Sequence[Lineage]) -> LineageRow:
    first = min(lines, key=lambda line: line.partition)
    example = f"{first.partition}: key {first.key[:12]}, content {first.digest[:12]}"
    return LineageRow(clean(asset), len(lines), len({line.key for line in lines}), clean(example))


@dataclass(frozen=True)
class Doubt:
    """Runs whose diff gives reason to doubt their verdict."""

    task_id: str
    agents: str
    verdict: str
    kind: str
    """``tampering``, ``doubted``, or ``differs`` for a pass that differs where tests do not decide."""
    evidence: tuple[str, ...]


def doubts(data: ReportData) -> list[Doubt]:
    """Evidence of tampering, doubted passes, and diffs that answer otherwise than the gold patch.

    By task and diff, at most ``SHOWN_TASKS``.
    """
    agents = {r.rollout_id: r.agent.name for r in data.rollouts}
    found: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in sorted(data.outcomes, key=lambda o: o.rollout_id):
        if outcome.tamper or outcome.passed_as == "doubted" or (outcome.differential and outcome.differential.differing):
            found[outcome.task_id, outcome.diff_sha256].append(outcome)
    rows = []
    for (task_id, _), outcomes in sorted(found.items()):
        names = clean(", ".join(sorted({agents.get(o.rollout_id, o.rollout_id) for o in outcomes})))
        said = next((o.differential for o in outcomes if o.differential), None)
        if outcomes[0].tamper:
            rows.append(Doubt(clean(task_id), names, outcomes[0].verdict, "tampering", tuple(map(clean, outcomes[0].tamper))))
        doubted = outcomes[0].passed_as == "doubted"
        if doubted or (said and said.differing):
            counted = f"{said.differing} of {said.compared} calls differ from the gold patch" if said else ""
            lines = [outcomes[0].confirmation_reason or counted, *(d.sentence for d in (said.differences if said else ()))]
            rows.append(Doubt(clean(task_id), names, outcomes[0].verdict, "doubted" if doubted else "differs", tuple(map(clean, lines))))
    return rows[:SHOWN_TASKS]
