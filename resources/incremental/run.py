"""Compute only what is missing: the one loop that every asset runs through."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trajruntime.executor import Executor

from resources.incremental.keys import CacheKeyBuilder
from resources.lake import ALL, CorruptPartition, Failure, Key, Lake, Stored
from resources.progress import Progress
from resources.settings import Settings
from resources.stages import Stage

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class StageResult:
    """What a stage made for one partition. ``unfinished`` names rows lost to infrastructure: the partition is tried again next run.

    ``stored`` is called once the table is in the lake.
    """

    table: "pa.Table"
    unfinished: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    stored: Callable[[], None] = field(default=lambda: None, compare=False)


@dataclass(frozen=True)
class Inputs:
    """Tables of the stages that a stage reads: of its own partition, or of all partitions for an aggregate."""

    partition: str
    tables: Mapping[str, "pa.Table"]
    previous: "pa.Table | None" = None
    """The table stored before, stale or partial, for rows that can be kept."""
    changed: frozenset[str] = frozenset()
    """Which parts of the stored key differ from the wanted one: code, configuration, input."""

    def __getitem__(self, asset: str) -> "pa.Table":
        return self.tables[asset]


Compute = Callable[[Inputs], StageResult]


@dataclass(frozen=True)
class Report:
    """What a run of a stage did to each partition."""

    stage: str
    computed: tuple[str, ...]
    cached: tuple[str, ...]
    failed: Mapping[str, str]
    blocked: Mapping[str, str]
    """Partitions whose input is not there, because a stage before failed: no fault of their own, so none is recorded."""
    metadata: Mapping[str, Mapping[str, Any]]
    rows: int


@dataclass(frozen=True)
class PartitionStatus:
    """Partitions of a stage as a run finds them: which are current, and which are to be computed."""

    stage: Stage
    lake: Lake
    upstream: Mapping[str, Mapping[str, Stored]]
    mine: Mapping[str, Stored]
    keys: Mapping[str, Key]
    cached: tuple[str, ...]
    todo: tuple[str, ...]

    @classmethod
    def of(cls, stage: Stage, partitions: Sequence[str], lake: Lake, settings: Settings) -> "PartitionStatus":
        """As the lake is now."""
        upstream = {up: lake.stored(up) for up in stage.reads}
        mine = lake.stored(stage.name)
        key_builder = CacheKeyBuilder.of(stage, settings, lake)
        keys = {name: key_builder.key(name, upstream) for name in partitions}
        key_builder.save()
        failures = lake.failures(stage.name)
        cached = tuple(n for n in partitions if n in mine and not mine[n].partial and mine[n].key == keys[n] and n not in failures)
        current = set(cached)
        return cls(stage, lake, upstream, mine, keys, cached, tuple(n for n in partitions if n not in current))

    def inputs(self, name: str) -> Inputs:
        """What the partition ``name`` is computed from.

        Raises:
            MissingInput: a stage before has nothing for it.
            CorruptPartition: a file of a stage before is damaged.
        """
        return _inputs(self.stage, name, self.keys[name], self.lake, self.upstream, self.mine.get(name))


def refresh(
    stage: Stage, partitions: Sequence[str], compute: Compute, lake: Lake, settings: Settings, workers: Executor, progress: Progress
) -> Report:
    """Bring ``partitions`` of ``stage`` up to date; what is current is left alone.

    A partition that cannot be computed costs one recorded failure, and the rest goes on. Results are stored as they
    come, so that a killed process loses only what was under way.
    """
    status = PartitionStatus.of(stage, partitions, lake, settings)
    keys, cached, todo = status.keys, status.cached, status.todo
    done: list[Stored] = []
    failed: dict[str, str] = {}
    blocked: dict[str, str] = {}
    metadata: dict[str, Mapping[str, Any]] = {}
    writing = threading.Lock()

    def one(name: str) -> StageResult:
        return compute(status.inputs(name))

    progress.start(stage.name, len(todo), len(cached))
    for name, result in workers.map(one, todo):
        with writing:
            try:
                if isinstance(result, Exception):
                    raise result
                done.append(
                    lake.write(stage.name, name, keys[name], result.table, partial=bool(result.unfinished), volatile=stage.volatile)
                )
                result.stored()
                metadata[name] = result.metadata
                if result.unfinished:
                    failed[name] = "; ".join(result.unfinished)
            except MissingInput as error:
                blocked[name] = str(error)
            except Exception as error:
                failed[name] = explain(error)
                _record(lake, Failure(stage.name, name, str(keys[name]), failed[name]))
            progress.advance(stage.name, name, failed.get(name))
    progress.finish(stage.name)
    computed = tuple(item.partition for item in done if item.partition not in failed)
    rows = sum(item.rows for item in done) + sum(status.mine[n].rows for n in cached)
    return Report(stage.name, tuple(sorted(computed)), cached, failed, blocked, metadata, rows)


def _inputs(stage: Stage, name: str, key: Key, lake: Lake, upstream: Mapping[str, Mapping[str, Stored]], mine: Stored | None) -> Inputs:
    tables = {
        up: load_one(lake, up, upstream[up].get(name), name) if stage.per_task else load_all(lake, up, upstream[up]) for up in stage.reads
    }
    if mine is None:
        return Inputs(name, tables)
    try:
        return Inputs(name, tables, lake.read(mine), key.differences(mine.key))
    except CorruptPartition:
        return Inputs(name, tables)


def load_one(lake: Lake, asset: str, item: Stored | None, partition: str) -> "pa.Table":
    """One stored partition.

    Raises:
        MissingInput: the stage before has nothing for it.
        CorruptPartition: the file is damaged.
    """
    if item is None:
        raise MissingInput(f"{asset} has nothing for {partition}: see what failed there, and run again")
    return lake.read(item)


def load_all(lake: Lake, asset: str, stored: Mapping[str, Stored]) -> "pa.Table":
    """All partitions of an asset in one table, in partition order; only the pool's own index is left out."""
    import pyarrow as pa

    tables = [lake.read(item) for name, item in sorted(stored.items()) if not (asset == "task_pool" and name == ALL)]
    if not tables:
        raise MissingInput(f"{asset} has no partition yet: run it first")
    return pa.concat_tables(tables, promote_options="permissive")


class MissingInput(Exception):
    """A stage before has not produced what this one reads."""


def explain(error: Exception) -> str:
    """An error in one line that names it, its cause and, for a full disk, the remedy."""
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, OSError) and error.errno == 28:
        return f"the disk of the lake is full ({text}); free some room and run again: what is stored stays"
    return text if type(error).__module__ != "builtins" else f"{type(error).__name__}: {text}"


def _record(lake: Lake, failure: Failure) -> None:
    try:
        lake.fail(failure)
    except OSError:  # a full disk has no room for the note either; the report still names it
        return
