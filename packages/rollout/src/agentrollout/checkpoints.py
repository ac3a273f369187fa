"""Finished attempts, each in a file of its own until the partition that they belong to is stored: a killed run repeats none."""

import shutil
from pathlib import Path

from trajruntime import atomic
from trajschema.record import UnknownSchemaVersion
from trajschema.rollout import Rollout


class AttemptCheckpoints:
    """A folder of ``<task>/<rollout>-<stamp>.json``. The stamp names what an attempt depends on beside its id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, rollout: Rollout, stamp: str) -> None:
        """Keep a finished attempt: on the disk before this returns, and never half of it."""
        path = self._path(rollout.task_id, rollout.rollout_id, stamp)
        atomic.write_text(path, rollout.model_dump_json(), durable=True)

    def get(self, task_id: str, rollout_id: str, stamp: str) -> Rollout | None:
        """The attempt with that id, if it was kept and can be read."""
        try:
            return Rollout.model_validate_json(self._path(task_id, rollout_id, stamp).read_text(encoding="utf-8"))
        except (OSError, ValueError, UnknownSchemaVersion):
            return None

    def stamped(self, task_id: str, stamp: str) -> list[Rollout]:
        """All attempts at a task that were kept under ``stamp`` and can be read."""
        names = (file.stem.removesuffix(f"-{stamp}") for file in sorted((self.folder / task_id).glob(f"*-{stamp}.json")))
        return [found for name in names if (found := self.get(task_id, name, stamp)) is not None]

    def clear(self, task_id: str) -> None:
        """Forget the attempts at a task: its partition is stored."""
        shutil.rmtree(self.folder / task_id, ignore_errors=True)

    def _path(self, task_id: str, rollout_id: str, stamp: str) -> Path:
        return self.folder / task_id / f"{rollout_id}-{stamp}.json"
