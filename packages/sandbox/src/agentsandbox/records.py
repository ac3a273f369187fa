"""Find tasks, trajectories and what belongs to them in files: JSON, JSON lines, Parquet, a lake or a release."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from trajschema.event import SessionStart
from trajschema.ids import sha256_bytes
from trajschema.record import Record, first_problem
from trajschema.rollout import Limits, Rollout
from trajschema.task import Environment, Task
from trajschema.trajectory import Trajectory

from agentsandbox.errors import SandboxError
from agentsandbox.eventlog import trajectory_of
from agentsandbox.trees import name_of

R = TypeVar("R", bound=Record)
_PLACES = ("trajectories", "data/trajectories", "lake/trajectories", ".trajhub/lake/trajectories")
"""Where trajectories lie below a folder: a lake, a release, a data folder, a project."""
_LEVELS = 5


class RecordMissing(SandboxError):
    """A file does not hold what was looked for."""


@dataclass(frozen=True)
class Recording:
    """A trajectory, the limits of the box that it was recorded in where they are known, and the file that holds it."""

    trajectory: Trajectory
    limits: Limits | None
    file: Path


def read_tasks(path: Path) -> list[Task]:
    """The tasks of a file: JSON, JSON lines or Parquet.

    Raises:
        RecordMissing: it cannot be read, or holds something else.
    """
    return _records(Task, path)


def read_task(path: Path, task_id: str | None = None) -> Task:
    """The task of a file (JSON, JSON lines or Parquet); the one whose id begins with ``task_id`` if that is given.

    Raises:
        RecordMissing: there is no such task, or more than one.
    """
    found = [t for t in read_tasks(path) if t.task_id.startswith(task_id or "")]
    if len(found) != 1:
        which = f" whose id begins with {task_id!r}" if task_id else ""
        raise RecordMissing(f"{path} holds {len(found)} tasks{which}", "name one by its id")
    return found[0]


def read_recordings(path: Path, ids: tuple[str, ...] = (), count: int | None = None) -> list[Recording]:
    """Recordings in a file or folder, in order: those whose ids begin with one of ``ids`` if any are given, the first ``count``.

    A file holds trajectories or rollouts (JSON, JSON lines, Parquet), or is the event log of one session. A folder is a
    lake, a release or a project.

    Raises:
        RecordMissing: there is nothing that can be read, an id that is asked for is not there, or there is more than one
            recording and neither ids nor a count.
    """
    if path.is_dir():
        files = next((tables for place in _PLACES if (tables := sorted((path / place).glob("*.parquet")))), None)
        if not files:
            raise RecordMissing(f"{path} holds no trajectories", "name a lake, a release, or a file of trajectories")
    else:
        files = [path]
    wanted = (r for file in files for r in _recordings(file, ids) if not ids or r.trajectory.trajectory_id.startswith(ids))
    found = list(islice(wanted, 2 if count is None and not ids else count))
    if len(found) > 1 and count is None and not ids:
        raise RecordMissing(f"{path} holds more than one trajectory", "name one by its id, or take the first N with --count N")
    missing = [i for i in ids if count is None and not any(r.trajectory.trajectory_id.startswith(i) for r in found)]
    if missing or not found:
        what = f"no trajectory whose id begins with {' or '.join(map(repr, missing or ids))}" if ids else "no trajectories"
        raise RecordMissing(f"{path} holds {what}", "name one that is there")
    return found


def task_beside(file: Path, task_id: str) -> Task | None:
    """The task in the tables that lie beside a table of trajectories, in a lake or a release."""
    for name in ("tasks", "task_pool"):
        for table in _tables(file, name):
            for task in _records(Task, table):
                if task.task_id == task_id:
                    return task
    return None


def stored_tree(task: Task, near: Path) -> bytes | None:
    """The tree that ``task`` names, from a task store at, below, or beside a parent of ``near``; nothing if it is not there.

    Raises:
        RecordMissing: what the store holds under that name is another tree.
    """
    name = f"{task.base_archive}.tar"
    folder = near.resolve()
    for parent in [folder, *list(folder.parents)[:_LEVELS]]:
        for place in ("trees", "store/trees", ".trajhub/store/trees"):
            if (file := parent / place / name).is_file():
                return _tree(file, task.base_archive)
    return None


def bare_task(tree: bytes, environment: Environment) -> Task:
    """A task that says no more than what tree to start from; it cannot be graded."""
    return Task.ungraded(name_of(tree), "", environment)


def _recordings(file: Path, ids: tuple[str, ...]) -> Iterator[Recording]:
    if file.suffix == ".parquet":
        limits = _limits_beside(file)
        yield from (Recording(t, limits.get(t.rollout_id or ""), file) for t in _records(Trajectory, file, ids))
        return
    data = _bytes(file)
    rows = list(_rows(data, file))
    if rows and rows[0].get("kind") == "session_start":
        yield Recording(_logged(data, file), SessionStart.model_validate(rows[0]).provenance.limits, file)
    elif rows and "raw_log" in rows[0]:
        for rollout in (_checked(Rollout, row, file) for row in rows):
            yield Recording(_logged(rollout.events.encode(), file), rollout.provenance.limits if rollout.provenance else None, file)
    else:
        yield from (Recording(_checked(Trajectory, row, file), None, file) for row in rows)


def _logged(data: bytes, file: Path) -> Trajectory:
    try:
        return trajectory_of(data)
    except ValueError as error:
        raise RecordMissing(f"{file} is no event log: {error}", "name a log that this package or the Hub wrote") from error


def _tables(file: Path, name: str) -> list[Path]:
    """Parquet files of another table of the same lake or release. In a lake, a partition has a file of the same stem."""
    folder = file.parent.parent / name
    partition = file.name.partition(".")[0]
    return sorted(folder.glob(f"{partition}.*.parquet")) or sorted(folder.glob("*.parquet"))


def _limits_beside(file: Path) -> dict[str, Limits]:
    """Rollout id → limits, from the rollouts that lie beside a table of trajectories."""
    found: dict[str, Limits] = {}
    for path in _tables(file, "rollouts"):
        for row in _table(path, ["rollout_id", "provenance"]).to_pylist():
            if row["provenance"]:
                found[row["rollout_id"]] = Limits.model_validate(row["provenance"]["limits"])
    return found


def _records(model: type[R], path: Path, ids: tuple[str, ...] = ()) -> list[R]:
    """Records of a file; of trajectories in Parquet only those whose ids begin with one of ``ids``, if any are given."""
    if path.suffix != ".parquet":
        return [_checked(model, row, path) for row in _rows(_bytes(path), path)]
    table = _table(path)
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    if not required <= set(table.column_names):
        return []
    if ids:
        names = table.column("trajectory_id").to_pylist()
        table = table.take([n for n, name in enumerate(names) if name.startswith(ids)])
    return [_checked(model, row, path) for row in table.to_pylist()]


def _table(path: Path, columns: list[str] | None = None) -> Any:
    try:
        import pyarrow.parquet as pq
    except ImportError as error:
        raise RecordMissing(f"{path} cannot be read without pyarrow", "install agentsandbox[parquet]") from error
    try:
        return pq.read_table(path, columns=columns, use_threads=False)
    except (OSError, ValueError) as error:
        raise RecordMissing(f"{path} is no Parquet file that can be read: {error}", "name another file") from error


def _tree(file: Path, sha256: str) -> bytes:
    data = _bytes(file)
    if sha256_bytes(data) != sha256:
        raise RecordMissing(f"{file} is damaged: its bytes are not those that its name says", "restore the file from where it came from")
    return data


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RecordMissing(f"{path} cannot be read: {error.strerror}", "name a file that is there") from error


def _rows(data: bytes, path: Path) -> Iterator[dict[str, Any]]:
    """Objects of a JSON file, or one for each line. A last line that was cut off is left out."""
    try:
        whole = json.loads(data)
        rows = whole if isinstance(whole, list) else [whole]
    except ValueError:
        lines = data.split(b"\n")
        rows = [row for n, line in enumerate(lines, 1) if line.strip() and (row := _row(line, n == len(lines), path, n)) is not None]
    for row in rows:
        if not isinstance(row, dict):
            raise RecordMissing(f"{path} is no list of JSON objects", "name a file of records")
        yield row


def _row(line: bytes, last: bool, path: Path, number: int) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        if last:
            return None
        raise RecordMissing(f"{path}: line {number} is not JSON: {error}", "name a file of JSON lines") from error


def _checked(model: type[R], row: Mapping[str, Any], path: Path) -> R:
    try:
        return model.model_validate(row)
    except ValidationError as error:
        raise RecordMissing(f"{path} holds something that is no {model.__name__}: {first_problem(error)}", "name another file") from error
