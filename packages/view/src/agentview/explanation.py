"""The explanation of runs as one HTML page: a strip of steps, and below it each step with what it earned, lost and rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentview.page import environment
from agentview.steps import RunView
from agentview.text import clean


@dataclass(frozen=True)
class StepPart:
    """A step's part in the run's score: whether it counts, why, what it brings, and what it lost by which rubric."""

    counted: bool
    why: str
    brings: float
    lost: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class ExplainedRun:
    """A run, how its scores add up in sentences, the part of each step by id, and what a reader must know."""

    run: RunView
    sums: tuple[str, ...]
    parts: Mapping[int, StepPart]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def render_explanation(title: str, runs: Sequence[ExplainedRun]) -> str:
    """The page. The same runs give the same text.

    It needs nothing beside itself and runs no script; what comes from runs is escaped and stripped of control characters. Each
    step has an address, ``#r1-5`` for step 5 of the first run, and evidence links to the steps that it points at.
    """
    return environment().get_template("explanation.html.j2").render(title=clean(title), runs=runs)
