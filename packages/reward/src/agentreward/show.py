"""Results to read, on standard output."""

import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from trajschema.score import Evidence

from agentreward.result import StepReward, TrajectoryReward
from agentreward.rubrics import RubricSet

_WIDTH = 1_000
"""Columns where the output is no terminal: a program that reads it wants no line broken."""
console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else _WIDTH)
Named = tuple[str, TrajectoryReward]


def show(result: TrajectoryReward) -> None:
    """One run: what it earned, and each step with the rules or the sentence behind its lowest score."""
    console.print(f"run {result.trajectory_id}: {len(result.step_rewards)} steps")
    console.print(f"  total    {number(result.total_score)}{f'  ({result.missing_reason})' if result.missing_reason else ''}")
    console.print(f"  process  {number(result.process_score)}")
    passed = f", {result.record.confirmation}" if result.record.confirmation else ""
    console.print(f"  outcome  {number(result.outcome_score)}  ({result.record.verdict}{passed})")
    for evidence in result.tamper:
        console.print(f"  tampering: {evidence}")
    for note in result.notes:
        console.print(f"  note: {note}")
    rows = table("step", "reward", *(name.replace("_", "\n") for name in result.rubrics), left=("lowest because",))
    for step in result.step_rewards:
        marks = [number(step.rubric_scores.get(name), 2) for name in result.rubrics]
        rows.add_row(str(step.step_id), number(step.total_score), *marks, _why(step))
    console.print(rows)


def _why(step: StepReward) -> str:
    """The rules of what lowered the step most."""
    low = "gate" if step.gate == 0 else min(step.rubric_scores, key=lambda name: step.rubric_scores[name], default="gate")
    found = step.evidence.get(low, ())
    return ", ".join(_named(e) for e in found)


def _named(e: Evidence) -> str:
    if not e.rule_id:
        return printable(e.quote or "")
    return f"{e.rule_id} (step {_list(e.steps)})" if e.steps else e.rule_id


def _list(steps: Iterable[int]) -> str:
    return ", ".join(map(str, steps))


def ranked(found: Iterable[Named]) -> list[Named]:
    """Best first: by total, those without one last; then by process."""

    def key(item: Named) -> tuple[float, float]:
        total, process = item[1].total_score, item[1].process_score
        return -1.0 if total is None else total, -1.0 if process is None else process

    return sorted(found, key=key, reverse=True)


def show_ranking(found: Iterable[Named]) -> None:
    """A line a run."""
    rows = table("rank", "total", "process", "outcome", "steps", left=("run",))
    for rank, (file, r) in enumerate(found, 1):
        numbers = map(number, (r.total_score, r.process_score, r.outcome_score))
        rows.add_row(str(rank), *numbers, str(len(r.step_rewards)), f"{file}: {r.trajectory_id}{_remark(r)}")
    console.print(rows)


def _remark(result: TrajectoryReward) -> str:
    doubted = "doubted" if result.record.confirmation == "doubted" else None
    reason = "tampering" if result.tamper else doubted or result.missing_reason
    return f" ({reason})" if reason else ""


def show_calibration(row: dict[str, Any]) -> None:
    """The figures, with intervals where there are any."""
    for name in ("pearson_r", "spearman_rho", "agreement_rate", "mae"):
        low_high = row["intervals"].get(name)
        interval = f"  (95 %: {low_high[0]:.4f} to {low_high[1]:.4f})" if low_high else ""
        console.print(f"{name:15} {number(row[name])}{interval}")
    console.print(f"{row['n']} runs: {row['level']}")


def show_rubrics(rubrics: RubricSet) -> None:
    """A line a rubric."""
    rows = Table(box=None, pad_edge=False)
    for name in ("id", "name", "weight", "led by", "question"):
        rows.add_column(name, justify="right" if name == "weight" else "left")
    for r in rubrics.rubrics:
        rows.add_row(r.id, r.name, f"{r.weight:.2f}", r.evaluator, r.description)
    console.print(rows)


def number(value: float | None, digits: int = 4) -> str:
    """A number, or a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def printable(text: str) -> str:
    """``text`` on one line, with what could steer a terminal written as escapes: it comes from runs."""
    return "".join(c if c.isprintable() else "⏎" if c == "\n" else ascii(c)[1:-1] for c in text)


def table(*right: str, left: Iterable[str] = ()) -> Table:
    """A table without lines: columns of numbers, then columns of words."""
    made = Table(box=None, pad_edge=False)
    for name in right:
        made.add_column(name, justify="right")
    for name in left:
        made.add_column(name)
    return made
