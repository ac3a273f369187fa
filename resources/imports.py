"""Tasks and rollouts that ``trajhub import`` imported, kept in the data folder beside the lake."""

from collections.abc import Iterable
from pathlib import Path

from trajruntime import atomic
from trajschema.rollout import Rollout
from trajschema.task import Task


class Imports:
    """A folder of ``<task>.jsonl`` (one task) and ``rollouts/<task>.jsonl`` (one rollout a line)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def rollouts(self, task_id: str) -> list[Rollout]:
        """Rollouts of one task."""
        file = self.rollouts_file(task_id)
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [Rollout.model_validate_json(line) for line in lines]

    def rollouts_file(self, task_id: str) -> Path:
        """Where the rollouts of a task lie; it need not exist."""
        return self.folder / "rollouts" / f"{task_id}.jsonl"

    def put_task(self, task: Task) -> None:
        """Store a task in place of one with its id."""
        atomic.write_text(self.folder / f"{task.task_id}.jsonl", task.model_dump_json() + "\n")

    def put_rollouts(self, task_id: str, rollouts: Iterable[Rollout]) -> None:
        """Store the rollouts of a task in place of all that were there."""
        atomic.write_text(self.rollouts_file(task_id), "".join(f"{r.model_dump_json()}\n" for r in rollouts))
