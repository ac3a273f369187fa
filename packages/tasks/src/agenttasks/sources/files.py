"""Tasks that stand in files: JSON lines, one :class:`~trajschema.task.Task` a line. Options: ``folder``, or ``file``."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trajschema.ids import sha256_bytes
from trajschema.task import Task

from agenttasks.sources.provider import Workshop


@dataclass(frozen=True)
class Files:
    """See the module."""

    path: Path

    def identity(self) -> list[list[str]]:
        """Name and SHA-256 of each file."""
        return [[file.name, sha256_bytes(file.read_bytes())] for file in self._files()]

    def tasks(self, workshop: Workshop) -> list[Task]:
        """In order of file name and line. No folder: none."""
        lines = (line for file in self._files() for line in file.read_text(encoding="utf-8").splitlines())
        return [Task.model_validate_json(line) for line in lines if line.strip()]

    def _files(self) -> list[Path]:
        return [self.path] if self.path.is_file() else sorted(self.path.glob("*.jsonl"))


def provider(options: Mapping[str, Any], root: Path) -> Files:
    """From the options; a relative path starts at ``root``."""
    return Files(root / (options.get("file") or options["folder"]))
