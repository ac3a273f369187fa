"""``trajhub import``: tasks and recorded rollouts of one's own, put where the graph reads them."""

import json
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from trajschema.record import UnknownSchemaVersion
from trajschema.rollout import Rollout
from trajschema.task import Task

from assets.rollouts import brought_in
from resources.lake import Lake
from resources.plan import listing, tasks_of
from resources.settings import Settings
from resources.stages import imported_rollouts


@dataclass(frozen=True)
class Imported:
    """What came of an import."""

    tasks: int
    rollouts: int
    problems: tuple[str, ...]


def import_file(settings: Settings, path: Path) -> Imported:
    """Take the good records of a JSON lines file: each line a Task, or a Rollout (with its events) of a task of the pool.

    Importing a record again replaces it. Each bad line is one problem, and the others go on.

    Raises:
        OSError: the file cannot be read, or the folder not written.
    """
    tasks: dict[str, Task] = {}
    rollouts: dict[str, dict[str, Rollout]] = defaultdict(dict)
    problems = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="surrogateescape").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = _record(line)
        except (ValueError, UnknownSchemaVersion) as error:
            problems.append(f"{path}:{number}: neither a task nor a rollout: {' '.join(str(error).split())[:300]}")
            continue
        if isinstance(record, Task):
            tasks[record.task_id] = record
        else:
            rollouts[record.task_id][record.rollout_id] = record
    known = {*tasks_of(listing(Lake(settings.lake_url))), *tasks}
    for task_id in sorted(set(rollouts) - known):
        names = ", ".join(sorted(rollouts.pop(task_id)))
        problems.append(f"{path}: rollouts {names}: task {task_id!r} is not in the pool; import it first")
    folder = settings.data_dir / settings.tasks.imports
    for task in tasks.values():
        _write(folder / f"{task.task_id}.jsonl", [task.model_dump_json()])
    for task_id, found in rollouts.items():
        file = imported_rollouts(settings, task_id)
        merged = {**{r.rollout_id: r for r in brought_in(settings, task_id)}, **found}
        _write(file, [r.model_dump_json() for _, r in sorted(merged.items())])
    return Imported(len(tasks), sum(map(len, rollouts.values())), tuple(problems))


def _record(line: str) -> Task | Rollout:
    value = json.loads(line.encode("utf-8", "surrogateescape"))
    if not isinstance(value, dict):
        raise ValueError(f"an object is expected, found {type(value).__name__}")
    try:
        return Rollout.model_validate(value) if "rollout_id" in value else Task.model_validate(value)
    except ValidationError as error:
        raise ValueError(str(error)) from error


def _write(file: Path, lines: list[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.tmp")
    temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(temporary, file)
