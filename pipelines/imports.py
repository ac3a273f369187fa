"""``trajhub import``: tasks, recorded rollouts and logs of other agents, put where the graph reads them."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agentrecorder.containers.source import LogSource
from agentrecorder.convert import ConversionFailure, Converted, convert, detect
from agentrecorder.errors import RecorderError
from agentrecorder.import_rollout import rollout_of, task_id_of, task_of
from agentrecorder.raw_log_store import keep
from pydantic import ValidationError
from trajschema.record import UnknownSchemaVersion
from trajschema.rollout import Rollout
from trajschema.task import Task

from resources.imports import Imports
from resources.incremental.plan import listing, tasks_of
from resources.lake import Lake
from resources.settings import Settings


@dataclass(frozen=True)
class Imported:
    """The result of an import."""

    tasks: int
    rollouts: int
    problems: tuple[str, ...]
    claimed: int = 0
    """Rollouts of logs that say how they went."""
    passed_over: int = 0
    """Files of a folder that are no logs."""


OnProgress = Callable[[int], None]
"""Called with how many runs were read so far."""


def bring(
    settings: Settings, path: Path, task: str | None = None, outcomes: Path | None = None, on_progress: OnProgress = lambda _: None
) -> Imported:
    """Import a file or folder: our own records, one a line, or logs of any agent whose format an adapter knows.

    Importing the same again replaces it. Each bad item is one problem, and the rest is imported. ``task`` and ``outcomes``
    are for logs: see :func:`bring_logs`.

    Raises:
        OSError: something cannot be read, or the folder not written.
    """
    return bring_logs(settings, path, task, outcomes, on_progress) if path.is_dir() or _is_log(path) else bring_records(settings, path)


def bring_records(settings: Settings, path: Path) -> Imported:
    """Import the good records of a JSON lines file: each line a Task, or a Rollout (with its events) of a task of the pool.

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
            problems.append(f"{path}:{number}: neither a task nor a rollout, nor a log that an adapter knows: {_short(error)}")
            continue
        if isinstance(record, Task):
            tasks[record.task_id] = record
        else:
            rollouts[record.task_id][record.rollout_id] = record
    known = {*tasks_of(listing(Lake(settings.lake_url))), *tasks}
    for task_id in sorted(set(rollouts) - known):
        names = ", ".join(sorted(rollouts.pop(task_id)))
        problems.append(f"{path}: rollouts {names}: task {task_id!r} is not in the pool; import it first")
    return _stored(settings, tasks, rollouts, problems)


def bring_logs(
    settings: Settings, path: Path, task: str | None = None, outcomes: Path | None = None, on_progress: OnProgress = lambda _: None
) -> Imported:
    """Import the runs of logs. A run whose task is in the pool is graded again; otherwise its claim is kept, and a task of its name made.

    ``task`` is the task of runs that name none; ``outcomes`` a file or folder that says what became of them.

    Raises:
        OSError: something cannot be read, or the folder not written.
    """
    known = {*tasks_of(listing(Lake(settings.lake_url))), *(file.stem for file in settings.imports_dir.glob("*.jsonl"))}
    tasks: dict[str, Task] = {}
    rollouts: dict[str, dict[str, Rollout]] = defaultdict(dict)
    problems, passed_over, read = [], 0, 0
    for found, kept in keep(convert(path, outcomes), settings.logs_dir):
        if isinstance(found, ConversionFailure):
            problems.append(f"{found.path}: {found.where}: {found.reason}")
        elif not isinstance(found, Converted) or kept is None:
            passed_over += 1
        else:
            run = found.run
            task_id = task if task and not run.task_id else task_id_of(run, found.sha256)
            if task_id not in known:
                tasks.setdefault(task_id, task_of(run, task_id))
            made = rollout_of(found, task_id, kept)
            rollouts[task_id][made.rollout_id] = made
            on_progress(read := read + 1)
    return _stored(settings, tasks, rollouts, problems, passed_over)


def _stored(
    settings: Settings, tasks: dict[str, Task], rollouts: dict[str, dict[str, Rollout]], problems: list[str], passed_over: int = 0
) -> Imported:
    store = Imports(settings.imports_dir)
    for task in tasks.values():
        store.put_task(task)
    for task_id, found in rollouts.items():
        store.put_rollouts(task_id, _numbered({**{r.rollout_id: r for r in store.rollouts(task_id)}, **found}))
    every = [r for found in rollouts.values() for r in found.values()]
    return Imported(len(tasks), len(every), tuple(problems), sum(r.claim is not None for r in every), passed_over)


def _numbered(rollouts: dict[str, Rollout]) -> list[Rollout]:
    """By id; those of logs as attempts of their agents in that order."""
    seen: Counter[str] = Counter()
    found = []
    for _, rollout in sorted(rollouts.items()):
        outside = not rollout.events
        found.append(rollout.model_copy(update={"attempt": seen[rollout.agent.name]}) if outside else rollout)
        seen[rollout.agent.name] += outside
    return found


def _is_log(path: Path) -> bool:
    try:
        with LogSource(path) as source:
            return source.kind == "archive" or detect(source) is not None
    except RecorderError as problem:
        raise OSError(str(problem)) from problem


def _record(line: str) -> Task | Rollout:
    value = json.loads(line.encode("utf-8", "surrogateescape"))
    if not isinstance(value, dict):
        raise ValueError(f"an object is expected, found {type(value).__name__}")
    try:
        return Rollout.model_validate(value) if "rollout_id" in value else Task.model_validate(value)
    except ValidationError as error:
        raise ValueError(str(error)) from error


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
