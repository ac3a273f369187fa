"""From a run to its explanation, and to a page of explanations."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from trajschema.trajectory import Trajectory

from agentreward.dict_runs import read_run
from agentreward.errors import MissingExtra, RewardError
from agentreward.explain.explanation import WORDS, Explanation, explain
from agentreward.result import TrajectoryReward
from agentreward.reward import RewardEngine

if TYPE_CHECKING:
    from agentview.explanation import ExplainedRun


class Explained(NamedTuple):
    """A run, its reward, and where that comes from."""

    trajectory: Trajectory
    result: TrajectoryReward
    explanation: Explanation


def explained(run: Mapping[str, Any] | Trajectory, engine: RewardEngine) -> Explained:
    """Score ``run`` with ``engine`` and take the reward apart.

    Raises:
        InvalidRun: it is no run.
    """
    result = engine.score(run)
    weights = engine.config.weights(engine.rubrics)
    return Explained(read_run(run).trajectory, result, explain(result, weights))


def page(found: Sequence[Explained], title: str) -> str:
    """One HTML page with a strip a run; it needs nothing beside itself.

    Raises:
        MissingExtra: the library that draws it is not installed.
    """
    try:
        from agentview.explanation import render_explanation
    except ImportError as missing:
        raise MissingExtra("a page of explanations", "view") from missing
    return render_explanation(title, [_shown(f) for f in found])


def write_page(file: Path, found: Sequence[Explained]) -> None:
    """Write the page to ``file``.

    Raises:
        MissingExtra: as :func:`page`.
        RewardError: the file cannot be written.
    """
    text = page(found, f"Why these rewards: {len(found)} run{'' if len(found) == 1 else 's'}")
    try:
        file.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise RewardError(f"{file}: {error.strerror or error}; name a file that can be written") from error


def _shown(found: Explained) -> "ExplainedRun":
    from agentview.explanation import ExplainedRun, StepPart
    from agentview.steps import run_view, scores_by_step

    told = found.explanation
    parts = {
        s.step_id: StepPart(s.counted, WORDS[s.role], s.brings, tuple((p.rubric, p.lost) for p in s.parts if p.lost > 0 and s.gate))
        for s in told.steps
    }
    view = run_view(found.trajectory, found.result.record, scores_by_step(found.result.scores))
    return ExplainedRun(view, told.sums, parts, told.tamper, told.notes)
