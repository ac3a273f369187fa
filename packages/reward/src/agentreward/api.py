"""What the command line and the MCP server do alike: from JSON values to plain answers."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from agentreward.dict_runs import name_of
from agentreward.errors import InvalidRun, InvalidScores
from agentreward.preferences import PreferencePair, Rewarded, build_preferences
from agentreward.reward import RewardEngine
from agentreward.rubrics import RubricSet


def pairs_of(by_task: Any, engine: RewardEngine, min_margin: float) -> list[PreferencePair]:
    """Pairs of ``{task: [run, …]}``. A run that has ``steps`` is scored first; others bring ``id``, ``reward``, ``step_count``.

    Raises:
        InvalidRun: ``by_task`` has another form.
    """
    if not isinstance(by_task, Mapping) or not all(isinstance(runs, list) for runs in by_task.values()):
        raise InvalidRun("preferences are built from an object: task id → list of runs")
    return build_preferences({task: _rewarded(runs, engine) for task, runs in by_task.items()}, min_margin)


def _rewarded(runs: Sequence[Any], engine: RewardEngine) -> list[Rewarded]:
    """Runs of one task. Those without an id are known by their content, and equal ones are numbered."""
    found: list[Rewarded] = []
    seen: Counter[str] = Counter()
    for run in runs:
        if not isinstance(run, Mapping) or "steps" not in run:
            found.append(run)
            continue
        result = engine.score(run)
        name = result.trajectory_id
        if name_of(run) is None:
            seen[name] += 1
            if seen[name] > 1:
                result = replace(result, record=result.record.model_copy(update={"trajectory_id": f"{name}#{seen[name]}"}))
        found.append(result)
    return found


def pair_row(pair: PreferencePair) -> dict[str, Any]:
    """A pair as JSON values, its margin among them."""
    return {**asdict(pair), "margin": pair.margin()}


def scores_of(given: Any) -> tuple[list[float], list[float]]:
    """Two lists from ``{"reward_scores": […], "human_scores": […]}`` or ``[{"reward": …, "human": …}, …]``.

    Raises:
        InvalidScores: ``given`` has another form.
    """
    if isinstance(given, Mapping) and isinstance(given.get("reward_scores"), list) and isinstance(given.get("human_scores"), list):
        return given["reward_scores"], given["human_scores"]
    if isinstance(given, list) and all(isinstance(row, Mapping) and {"reward", "human"} <= row.keys() for row in given):
        return [row["reward"] for row in given], [row["human"] for row in given]
    raise InvalidScores('give {"reward_scores": [...], "human_scores": [...]}, or a list of {"reward": ..., "human": ...}')


def calibration_row(reward_scores: Sequence[float], human_scores: Sequence[float]) -> dict[str, Any]:
    """The figures of :func:`agentreward.calibration.report.calibrate` as JSON values; ``null`` where a figure has none.

    Raises:
        InvalidScores: the lists cannot be compared.
        MissingExtra: the libraries for it are not installed.
    """
    from agentreward.calibration.ratings import calibrate

    result = calibrate(reward_scores, human_scores)
    row = {name: None if isinstance(v, float) and math.isnan(v) else v for name, v in asdict(result).items()}
    return {**row, "level": result.level}


def rubric_rows(rubrics: RubricSet) -> list[dict[str, Any]]:
    """Rubrics as JSON values."""
    return [r.model_dump(mode="json") for r in rubrics.rubrics]
