"""An explanation to read in the terminal: the run in a table, or one step in full."""

from trajschema.score import Evidence
from trajschema.trajectory import Trajectory

from agentreward.errors import InvalidRun
from agentreward.explain.explanation import WORDS, Explanation, RubricPart, StepExplained
from agentreward.show import console, number, printable, table

_NAMED = 2
"""Rubrics that a line of the table names."""
_LEAST = 0.005
"""Loss below which a rubric is not named."""


def show_explanation(found: Explanation, trajectory: Trajectory) -> None:
    """The run: how its total came about, and a line a step."""
    console.print(f"run {found.trajectory_id}")
    for line in (*found.sums, *(f"tampering: {t}" for t in found.tamper), *(f"note: {n}" for n in found.notes)):
        console.print(f"  {printable(line)}")
    rows = table("step", "reward", "brings", left=("what it did", "part in the process score", "lost most by"))
    did = tools(trajectory)
    for s in found.steps:
        brings = number(s.brings) if s.counted else "-"
        rows.add_row(str(s.step_id), number(s.reward), brings, did.get(s.step_id, ""), WORDS[s.role], _losses(s))
    console.print(rows)


def show_step(found: Explanation, trajectory: Trajectory, step_id: int) -> None:
    """One step: every rubric with what each layer said, and what the evidence points at.

    Raises:
        InvalidRun: the run has no such agent step.
    """
    step = next((s for s in found.steps if s.step_id == step_id), None)
    if step is None:
        there = f"its agent steps are {', '.join(str(s.step_id) for s in found.steps)}" if found.steps else "it has no agent step"
        raise InvalidRun(f"run {found.trajectory_id} has no agent step {step_id}; {there}")
    did = tools(trajectory)
    console.print(f"run {found.trajectory_id}, step {step_id}: {did.get(step_id, '')}")
    console.print(f"  reward {number(step.reward)}; brings {number(step.brings)} to the process score")
    console.print(f"  {WORDS[step.role]}")
    if not step.gate:
        console.print("  gated: it earns nothing")
        _evidence(step.gated_by, did)
    for part in step.parts:
        console.print(f"  {part.rubric}: {number(part.score, 2)}, weight {number(part.weight, 2)}, lost {number(part.lost, 4)}")
        for said in part.layers:
            missing = f" ({printable(said.missing_reason)})" if said.missing_reason else ""
            console.print(f"    {said.layer} {number(said.score, 2)}{missing}")
            _evidence(said.evidence, did)


def _evidence(evidence: tuple[Evidence, ...], did: dict[int, str]) -> None:
    for e in evidence:
        at = "; ".join(f"step {s}{f' ({did[s]})' if s in did else ''}" for s in e.steps)
        console.print("      " + " · ".join(filter(None, (e.rule_id, printable(e.quote or ""), at))))


def tools(trajectory: Trajectory) -> dict[int, str]:
    """Step id → the names of the tools that the agent used in it."""
    agent = (s for s in trajectory.steps if s.source == "agent")
    return {s.step_id: printable(", ".join(c.raw_name for c in s.tool_calls)) or "no call" for s in agent}


def _losses(step: StepExplained) -> str:
    if not step.gate:
        return f"gate ({_why(step.gated_by)})"
    return ", ".join(f"-{p.lost:.2f} {p.rubric} ({_because(p)})" for p in step.parts[:_NAMED] if p.lost >= _LEAST)


def _because(part: RubricPart) -> str:
    lowest = min((s for s in part.layers if s.score is not None), key=lambda s: s.score or 0.0, default=None)
    return _why(lowest.evidence) if lowest else ""


def _why(evidence: tuple[Evidence, ...]) -> str:
    first = next(iter(evidence), None)
    if first is None:
        return "no evidence"
    at = f" at step {', '.join(map(str, first.steps))}" if first.steps else ""
    return f"{first.rule_id}{at}" if first.rule_id else f"“{printable(first.quote or '')[:80]}”"
