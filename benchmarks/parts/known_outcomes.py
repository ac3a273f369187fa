"""Runs of a folder of real logs whose outcome is known from a file beside them, grouped by source."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from agentrecorder.convert import Converted, convert
from agentrecorder.run import Run
from trajschema.trajectory import Trajectory

_NOT_LOGS = frozenset({"tasks"})
_OPINION = "opinion"
_COMPLETE = ("resolved", "no_generation", "no_logs")
"""A file with these lists is about every task of its benchmark: one that none of them names was evaluated, and not resolved."""


class Known(NamedTuple):
    """A run, its outcome, and where it comes from. ``source``: folder of the benchmark run, and the model."""

    source: str
    task: str
    resolved: bool
    trajectory: Trajectory
    path: Path


def known_outcomes(corpus: Path) -> Iterator[Known]:
    """Runs with a verdict in which an agent called a tool. What a model thinks of a run is no verdict."""
    for folder in sorted(path for path in corpus.iterdir() if path.is_dir() and path.name not in _NOT_LOGS):
        for found in convert(folder):
            if not isinstance(found, Converted):
                continue
            resolved = _verdict(found.run, found.path)
            trajectory = found.run.trajectory(found.sha256, found.index)
            if resolved is None or not any(step.tool_calls for step in trajectory.steps if step.source == "agent"):
                continue
            where = "/".join(found.path.relative_to(corpus).parts[:2])
            source = f"{where} {found.run.model}" if found.run.model else where
            yield Known(source, found.run.task_id or trajectory.trajectory_id, resolved, trajectory, found.path)


def _verdict(run: Run, path: Path) -> bool | None:
    if run.claimed is not None:
        return None if _OPINION in run.claimed_by else run.claimed
    beside = path.parent / "results.json"
    if not beside.is_file() or not run.task_id:
        return None
    said = json.loads(beside.read_bytes())
    if not isinstance(said, dict) or any(not isinstance(said.get(name), list) for name in _COMPLETE):
        return None
    return None if run.task_id in (*said["no_generation"], *said["no_logs"]) else run.task_id in said["resolved"]
