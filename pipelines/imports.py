"""``trajhub import``: tasks of one's own, put where the pool reads them."""

import os
from pathlib import Path

from pydantic import ValidationError
from trajschema.record import UnknownSchemaVersion
from trajschema.task import Task

from resources.settings import Settings


def import_tasks(settings: Settings, path: Path) -> tuple[int, list[str]]:
    """Copy the good tasks of a JSON lines file into the import folder. Returns how many, and what was wrong with each of the others.

    Raises:
        OSError: the file cannot be read, or the folder not written.
    """
    good: dict[str, str] = {}
    problems = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="surrogateescape").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            task = Task.model_validate_json(line.encode("utf-8", "surrogateescape"))
        except (ValidationError, UnknownSchemaVersion) as error:
            problems.append(f"{path}:{number}: not a task: {' '.join(str(error).split())[:300]}")
            continue
        good[task.task_id] = task.model_dump_json()
    folder = settings.data_dir / settings.tasks.imports
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in good.items():
        temporary = folder / f".{name}.tmp"
        temporary.write_text(text + "\n", encoding="utf-8")
        os.replace(temporary, folder / f"{name}.jsonl")
    return len(good), problems
